"""Reads `go.mod` and `go.work`, as far as what to install depends on them.

Source: the Go modules reference, "go.mod files" and "go.work files".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jhansi_runner.proxy.registries import golang_names
from jhansi_runner.resolvers.interface import ManifestError

MAX_LINES = 20_000
_WORD = re.compile(
    r"""\s*(?:"(?P<quoted>[^"\\]*)"|`(?P<raw>[^`]*)`|(?P<plain>(?:(?!//)[^\s()\[\]{},"`])+)|(?P<sign>[()\[\]{},]))"""
)
_VERSION = re.compile(r"[A-Za-z0-9._+~/-]{1,200}")
_GO = re.compile(r"[1-9][0-9]{0,3}(?:\.[0-9]{1,4}){0,2}(?:(?:rc|beta)[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class Require:
    """One module that is required: the version, the line, and whether it is there for another's sake."""

    module: str
    version: str
    line: int
    indirect: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """`old`, of `old_version` or of any when that is "", is taken from `new`: a module at `version`, or a folder."""

    old: str
    old_version: str
    new: str
    version: str
    line: int

    @property
    def is_folder(self) -> bool:
        """Whether `new` is a folder. Source: modfile.IsDirectoryPath."""
        return not self.version


@dataclass(frozen=True, slots=True)
class ModFile:
    """What a `go.mod` or a `go.work` says. `uses` are folders with their lines, of a `go.work`."""

    path: str
    text: str
    module: str = ""
    go: str = ""
    requires: tuple[Require, ...] = ()
    replaces: tuple[Replace, ...] = ()
    uses: tuple[tuple[str, int], ...] = ()
    go_line: int = 0
    tools: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class _Draft:
    module: str = ""
    go: str = ""
    go_line: int = 0
    requires: list[Require] = field(default_factory=list)
    replaces: list[Replace] = field(default_factory=list)
    uses: list[tuple[str, int]] = field(default_factory=list)
    tools: list[tuple[str, int]] = field(default_factory=list)


def parse(path: str, data: bytes) -> ModFile:
    """Read a file. Raises ManifestError for what the go command would not take either."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ManifestError(path, 0, "is not UTF-8 text", "write it anew with: go mod init") from None
    draft = _Draft()
    for line, words, comment in _statements(path, text):
        _take(path, line, words, comment, draft)
    return ModFile(
        path,
        text,
        draft.module,
        draft.go,
        tuple(draft.requires),
        tuple(draft.replaces),
        tuple(draft.uses),
        draft.go_line,
        tuple(draft.tools),
    )


def _statements(path: str, text: str) -> Iterator[tuple[int, list[str], str]]:
    """Line, words and comment of each statement; the word before a block stands before each of its lines."""
    block: str | None = None
    for number, line in enumerate(text.split("\n"), 1):
        if number > MAX_LINES:
            raise ManifestError(path, number, f"has more than {MAX_LINES} lines", "leave out what is not needed")
        words, comment = _words(path, number, line)
        if not words:
            continue
        if block is not None and words == [")"]:
            block = None
        elif block is not None:
            yield number, [block, *words], comment
        elif words[1:] == ["("]:
            block = words[0]
        else:
            yield number, words, comment
    if block is not None:
        raise ManifestError(path, 0, f"the block {block} ( is not closed", "add the missing )")


def _words(path: str, number: int, line: str) -> tuple[list[str], str]:
    words: list[str] = []
    at = 0
    while rest := line[at:].lstrip():
        if rest.startswith("//"):
            return words, rest[2:].strip()
        found = _WORD.match(line, at)
        if found is None or found.lastgroup is None:
            raise ManifestError(path, number, f"cannot be read from {rest[:40]!r} on", "see: go help modfile")
        words.append(found[found.lastgroup])
        at = found.end()
    return words, ""


def _take(path: str, line: int, words: list[str], comment: str, draft: _Draft) -> None:
    match words:
        case ["module", module]:
            draft.module = module
        case ["go", version]:
            if not _GO.fullmatch(version):
                raise ManifestError(path, line, f"{version} is no version of Go", "write it like: go 1.22")
            draft.go, draft.go_line = version, line
        case ["require", module, version]:
            _check(path, line, module, version)
            draft.requires.append(Require(module, version, line, comment == "indirect" or comment[:9] == "indirect;"))
        case ["replace", old, "=>", new, *version] if len(version) < 2:
            draft.replaces.append(_replace(path, line, old, "", new, version))
        case ["replace", old, old_version, "=>", new, *version] if len(version) < 2:
            draft.replaces.append(_replace(path, line, old, old_version, new, version))
        case ["use", folder]:
            draft.uses.append((folder, line))
        case ["tool", package]:
            draft.tools.append((package, line))
        case ["module" | "go" | "require" | "replace" | "use", *_]:
            raise ManifestError(path, line, f"{words[0]} is not written like this", "see: go help modfile")


def _replace(path: str, line: int, old: str, old_version: str, new: str, version: list[str]) -> Replace:
    if version:
        _check(path, line, new, version[0])
    elif not new.startswith(("./", "../", "/")) and new not in (".", ".."):
        raise ManifestError(
            path,
            line,
            f"the replacement {new} has no version",
            "give one, or begin the path of a folder with ./ or ../",
        )
    return Replace(old, old_version, new, version[0] if version else "", line)


def _check(path: str, line: int, module: str, version: str) -> None:
    if not golang_names.is_module(module) and "." in module.partition("/")[0]:
        raise ManifestError(path, line, f"{module!r} is not the path of a module", "correct it, as in host/owner/name")
    if not _VERSION.fullmatch(version):
        raise ManifestError(path, line, f"{version!r} is not a version of {module}", "write it like v1.2.3")


def numbers(version: str) -> tuple[int, ...]:
    """A version of Go as numbers, to compare: `1.21rc2` as 1.21."""
    return tuple(int(part) for part in re.findall(r"[0-9]+", re.split(r"rc|beta", version)[0])[:3])
