"""The elements of a document, as the parser tells them, checked: the parser has looked at hostile bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Element:
    """One element: `name` without its namespace, its 1-based line, its own text, and what is in it."""

    name: str
    line: int
    text: str
    inner: tuple[Element, ...] = ()

    def all(self, *path: str) -> Iterator[Element]:
        """The elements at the end of a path of names, in order."""
        if not path:
            yield self
            return
        for each in self.inner:
            if each.name == path[0]:
                yield from each.all(*path[1:])

    def first(self, *path: str) -> Element | None:
        """The first element at the end of a path."""
        return next(self.all(*path), None)

    def words(self, *path: str) -> str:
        """The text of the first element at the end of a path, "" when there is none."""
        found = self.first(*path)
        return found.text if found else ""


def element_of(facts: object, depth: int = 0) -> Element:
    """Read what the parser says. Raises ValueError for anything else than elements."""
    match facts:
        case [str(name), int(line), str(text), list(inner)] if depth < _DEPTH:
            return Element(name, line, text, tuple(element_of(each, depth + 1) for each in inner))
    raise ValueError("no element")
