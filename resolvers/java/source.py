"""What the parser says of one Java source, checked: it has looked at hostile bytes."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import FileImports, Import


@dataclass(frozen=True, slots=True)
class Type:
    """A top-level type. `main` is `static`, `instance` or "" for none."""

    name: str
    line: int
    main: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One file. `implicit` is the kind of a `main` outside of any type; `uses` are the words that may be types.

    `release` is the version of Java that first reads it, 0 when it does not show.
    """

    path: str
    imports: tuple[Import, ...]
    problem: str | None
    package: str = ""
    types: tuple[Type, ...] = ()
    implicit: str = ""
    uses: frozenset[str] = frozenset()
    directives: tuple[tuple[str, int], ...] = ()
    release: int = 0

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return posixpath.basename(self.path).partition(".")[0]

    @property
    def main(self) -> Type | None:
        """The type to start: the first that has a `main`, the one that is named like the file before others."""
        startable = [each for each in self.types if each.main]
        named = [each for each in startable if each.name == self.stem]
        return next(iter([*named, *startable]), None)

    @property
    def is_misnamed(self) -> bool:
        """Whether it has a public type that javac wants in a file of another name."""
        return any(each.public and each.name != self.stem for each in self.types)

    def class_name(self, name: str) -> str:
        """A type's name with its package."""
        return f"{self.package}.{name}" if self.package else name

    @property
    def root(self) -> str | None:
        """The folder that the package is laid out from, None where the file does not lie as its package says."""
        folder = posixpath.dirname(self.path)
        tail = self.package.replace(".", "/")
        if not tail or folder == tail:
            return "" if tail else folder
        return folder.removesuffix(f"/{tail}") if folder.endswith(f"/{tail}") else None


def source_of(file: FileImports) -> Source:
    """The source of a parser's answer; one that broke the parser is empty."""
    facts = file.facts if isinstance(file.facts, dict) else {}
    package, implicit, release = facts.get("package"), facts.get("implicit"), facts.get("release")
    return Source(
        file.path,
        file.imports,
        file.problem,
        package if isinstance(package, str) and _is_dotted(package) else "",
        tuple(_types(facts.get("types"))),
        implicit if isinstance(implicit, str) else "",
        frozenset(each for each in _list(facts.get("uses")) if isinstance(each, str)),
        numbered(facts.get("directives")),
        release if isinstance(release, int) else 0,
    )


def numbered(rows: object) -> tuple[tuple[str, int], ...]:
    """Lines with their numbers."""
    found = []
    for row in _list(rows):
        match row:
            case [str(text), int(line)]:
                found.append((text, line))
    return tuple(found)


def _types(rows: object) -> list[Type]:
    found = []
    for row in _list(rows):
        match row:
            case {"name": str(name), "line": int(line), "main": str(main), **rest} if (
                name.isidentifier() or "$" in name
            ):
                found.append(Type(name, line, main, rest.get("public") is True))
    return found


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.replace("$", "_").split(".")) if name else True


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
