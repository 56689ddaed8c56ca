"""The seam between what a language needs and whoever reads, parses and installs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

SCAN = "scan"
NOTHING = "none"


class ViewError(Exception):
    """A workspace path that a resolver may not read: a link, not a regular file, or too large."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class ManifestError(Exception):
    """A manifest that cannot be obeyed. `line` is 1-based, or 0 where the whole file is meant."""

    def __init__(self, file: str, line: int, message: str, hint: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {message}; {hint}")
        self.file = file
        self.line = line
        self.message = message
        self.hint = hint


class View(Protocol):
    """What a resolver may read of a workspace.

    Paths are POSIX, relative to the workspace, without "." or ".." parts; "" is the workspace itself.
    """

    def read(self, path: str) -> bytes | None:
        """The file's content, None when it is absent. Raises ViewError when it may not be read."""

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder, folders with a trailing "/"; empty when absent. Bounded in number.

        Files as programs leave them behind, such as tables and plots, may be missing.
        """


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the workspace, as bytes that nobody has looked at."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a file imports. A relative name keeps its leading dots.

    `optional`: the program goes on without it. `type_checking`: only type checkers see it.
    `group` and `branch`: imports with one group and several branches are alternatives to each other; branch 0
    is the one that the author prefers. `binds`: the name that the import gives to the program.
    """

    name: str
    line: int
    optional: bool = False
    type_checking: bool = False
    group: int | None = None
    branch: int = 0
    binds: str = ""


@dataclass(frozen=True, slots=True)
class FileImports:
    """What one file imports; `problem` says why the list may be incomplete.

    `facts` is what else a language's parser tells, as JSON: its words about hostile source, to be checked.
    """

    path: str
    imports: tuple[Import, ...]
    problem: str | None = None
    facts: object = None


ParseImports = Callable[[Sequence[SourceFile]], Sequence[FileImports]]
"""Parses hostile source, so whoever provides it does so in a process that may crash."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that is needed, and how we knew.

    `name` is canonical, `specifier` is "" for any version. `origin` is a stable word: `manifest`, `built` where the
    build that a manifest leaves it to said so, or the map that knew the import (`curated`, `pipreqs`, `identity`).
    `hashes` are `algorithm:hex`. `optional`: the program runs without it, so a failure to resolve it need not be fatal.
    """

    name: str
    specifier: str
    purl: str
    import_name: str | None
    file: str
    line: int
    origin: str
    extras: tuple[str, ...] = ()
    marker: str = ""
    hashes: tuple[str, ...] = ()
    url: str | None = None
    optional: bool = False

    @property
    def text(self) -> str:
        """The requirement in normal form, without hashes, as PEP 508 has it; elsewhere the version stands apart."""
        if not self.purl.startswith("pkg:pypi/"):
            return f"{self.name} {self.specifier}".rstrip()
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        version = f" @ {self.url}" if self.url else self.specifier
        gap = " " if self.url else ""
        return f"{self.name}{extras}{version}" + (f"{gap}; {self.marker}" if self.marker else "")

    @property
    def locked_text(self) -> str:
        """`text` with the hashes that the author wrote, as a line of a requirements file."""
        return " ".join([self.text, *(f"--hash={value}" for value in self.hashes)])

    def to_json(self) -> dict[str, object]:
        """The object that `deps plan --json` prints. Source: design section 8."""
        return {
            "name": self.name,
            "specifier": self.specifier,
            "purl": self.purl,
            "import": self.import_name,
            "file": self.file,
            "line": self.line,
            "origin": self.origin,
            "extras": list(self.extras),
            "marker": self.marker,
            "url": self.url,
            "optional": self.optional,
        }


@dataclass(frozen=True, slots=True)
class Undecided:
    """An import that no map knows.

    `closest` is the nearest real package, never one to install unasked. `optional`: the program goes on
    without it.
    """

    import_name: str
    file: str
    line: int
    reason: str
    closest: str | None
    optional: bool = False

    def to_json(self) -> dict[str, object]:
        """The object that `deps plan --json` prints."""
        return {
            "import": self.import_name,
            "file": self.file,
            "line": self.line,
            "reason": self.reason,
            "closest": self.closest,
            "optional": self.optional,
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a program did not find when it ran: the name it used, and where.

    `requirement` is what provides it, None when that is not known; then `closest` is the nearest real package. `reason`
    says in words how it stands. `addition` is the line that belongs into the manifest, and `manifest` that file's path.
    """

    import_name: str
    file: str
    line: int
    reason: str
    requirement: Requirement | None = None
    closest: str | None = None
    addition: str = ""
    manifest: str = ""


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A project that leaves what it depends on to its own build, which the runner asks before the plan is whole.

    `folder` is the project's, below the workspace, and `file` and `line` are where it says so. `backend` is the build's
    entry point, found in `path` (folders below the project's) or in what `requirements` install. `settled` tells that
    the build has been asked what else it needs, and that `requirements` has it. `reason` is what could not be read
    without asking.
    """

    folder: str
    file: str
    line: int
    backend: str
    requirements: tuple[Requirement, ...] = ()
    path: tuple[str, ...] = ()
    settled: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a program needs. `source` is the manifest's path, `scan`, or `none` when nothing is needed.

    `constraints` limit versions and install nothing. `notes` are sentences for the user, each with its place.
    `requires_python` is a version specifier, "" for any. `files` are texts that the installer works from, by their
    path below the stage, such as a manifest and its lock without what must not be obeyed. `target` is what of the
    workspace is started, where that is not the program's own file: a package's folder, a class. `system` is what of
    the language's own library it imports, where that is worth knowing. `unbuilt` is what has to be asked before the
    requirements are whole; the same view gives another plan then. `roots` are further folders of the workspace that
    the program's own code is imported from.
    """

    language: str
    source: str
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    notes: tuple[str, ...] = ()
    allow_prereleases: bool = False
    requires_python: str = ""
    files: tuple[tuple[str, str], ...] = ()
    target: str = ""
    system: tuple[str, ...] = ()
    unbuilt: Unbuilt | None = None
    roots: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The object that `deps plan --json` prints. Source: design section 8."""
        return {
            "language": self.language,
            "source": self.source,
            "requirements": [requirement.to_json() for requirement in self.requirements],
            "constraints": [constraint.text for constraint in self.constraints],
            "undecided": [item.to_json() for item in self.undecided],
            "notes": list(self.notes),
            "allow_prereleases": self.allow_prereleases,
            "requires_python": self.requires_python,
        }
