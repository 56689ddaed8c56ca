"""Collects what Go code imports: from a program's package through local packages, or from whole modules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from jhansi_runner.resolvers.golang.modules import folders
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.interface import FileImports, Import, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.reading import Reader

MAX_FILES = 5_000
MAX_BYTES = 64 << 20

_NAME = re.compile(r"[^\W\d]\w{0,99}")
_PATH = re.compile(r"""[^\s"`\\!#$%&'()*,:;<=>?\[\]^{|}\x00-\x20\x7f]{1,500}""")
"""What an import path may consist of. Source: the Go specification, "Import declarations"."""


@dataclass(frozen=True, slots=True)
class GoFile:
    """One parsed file. `starts` is the line of its function main, 0 for none; `built` whether a build here has it."""

    path: str
    package: str
    imports: tuple[Import, ...]
    starts: int = 0
    built: bool = True
    problem: str = ""

    @property
    def is_test(self) -> bool:
        """Whether only `go test` has it."""
        return self.path.endswith("_test.go")


@dataclass(slots=True)
class Scan:
    """The files by their folder, in order, each folder a package; `notes` say what was left out."""

    packages: dict[str, tuple[GoFile, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def imports(self, *, tests: bool) -> Iterator[tuple[GoFile, Import]]:
        """Each import with its file."""
        for folder in sorted(self.packages):
            for file in self.packages[folder]:
                if tests or not file.is_test:
                    yield from ((file, each) for each in file.imports)


class Scanner:
    """Reads packages of a workspace, each once, within bounds."""

    def __init__(self, view: View, parse: ParseImports) -> None:
        self._view, self._parse = view, parse
        self._reader = Reader(view, MAX_FILES, MAX_BYTES)
        self._known: dict[str, tuple[GoFile, ...]] = {}
        self.scan = Scan()

    def has(self, folder: str) -> bool:
        """Whether Go files are in a folder."""
        return bool(self._names(folder))

    def package(self, folder: str) -> tuple[GoFile, ...]:
        """The files of a folder, parsed, in their order."""
        if folder not in self._known:
            self.packages([folder])
        return self._known[folder]

    def packages(self, wanted: Iterable[str]) -> None:
        """Parse the files of folders, all at once."""
        new = [folder for folder in dict.fromkeys(wanted) if folder not in self._known]
        sources = {folder: self._read(folder) for folder in new}
        parsed = {file.path: _checked(file) for file in self._parse([s for each in sources.values() for s in each])}
        for folder in new:
            files = tuple(parsed[source.path] for source in sources[folder] if source.path in parsed)
            self._known[folder] = files
            self.scan.notes += [f"{f.path}: {f.problem}" for f in files if f.problem and f.built]

    def take(self, folder: str, only: Callable[[GoFile], bool]) -> tuple[GoFile, ...]:
        """Count the files of a folder that a build has, and that `only` is true of, into the scan."""
        files = tuple(file for file in self.package(folder) if file.built and file.package and only(file))
        if files:
            self.scan.packages[folder] = files
        return files

    def _names(self, folder: str) -> Sequence[str]:
        try:
            return [name for name in self._view.names(folder) if name.endswith(".go") and name[0] not in "._"]
        except ViewError:
            return ()

    def _read(self, folder: str) -> list[SourceFile]:
        sources = self._reader.read(join(folder, name) for name in self._names(folder))
        self.scan.notes += self._reader.notes
        self._reader.notes.clear()
        return sources


def closure(scanner: Scanner, start: Sequence[str], locate: Callable[[str], str | None], *, tests: bool) -> None:
    """Take the packages that those of `start`, which are taken, import from the workspace, and so on.

    `locate` is the folder that a path is in when it is one of the workspace's.
    """
    seen, waiting = set(start), list(start)
    while waiting:
        found = []
        for folder in waiting:
            for file in scanner.scan.packages.get(folder, ()):
                reached = (locate(each.name) for each in file.imports)
                found += [each for each in reached if each is not None and each not in seen and scanner.has(each)]
                seen.update(found)
        waiting = list(dict.fromkeys(found))
        scanner.packages(waiting)
        for folder in waiting:
            scanner.take(folder, lambda file: tests or not file.is_test)


def everything(
    scanner: Scanner, view: View, tops: Iterable[str], *, tests: bool, nested: Callable[[str], bool]
) -> None:
    """Take all packages below folders; one that is `nested` belongs to another module, with all that is below it."""
    found: list[str] = []
    for top in tops:
        apart: list[str] = []
        for folder in folders(view, top):
            if any(folder.startswith(each + "/") for each in apart):
                continue
            if folder != top and nested(folder):
                apart.append(folder)
            elif scanner.has(folder):
                found.append(folder)
    scanner.packages(found)
    for folder in found:
        scanner.take(folder, lambda file: tests or not file.is_test)


def _checked(file: FileImports) -> GoFile:
    """The parser has looked at hostile source, so only what can be written into a Go file is taken of its words."""
    facts = file.facts if isinstance(file.facts, dict) else {}
    package = str(facts.get("package", ""))
    line = facts.get("main_line", 0)
    return GoFile(
        file.path,
        package if _NAME.fullmatch(package) else "",
        tuple(each for each in file.imports if _PATH.fullmatch(each.name)),
        line if isinstance(line, int) else 0,
        facts.get("built", True) is True,
        file.problem or "",
    )
