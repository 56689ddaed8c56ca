"""XML of a registry's, read so that a hostile document costs little: no entities, no nesting, no flood of elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from jhansi_runner.proxy.registries.interface import Malformed

_MAX_DEPTH = 100
_MAX_ELEMENTS = 200_000


@dataclass(slots=True)
class Element:
    """One element: the text directly in it, stripped, and its children."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element:
        """The first child of that name, an empty one where there is none."""
        return next(self.every(name), Element(name))

    def every(self, name: str) -> Iterator[Element]:
        """All children of that name."""
        return (child for child in self.children if child.name == name)


def read(body: bytes, root: str, sections: frozenset[str]) -> Element:
    """The root element with those of its children that are in `sections`. Raises Malformed.

    A document type is refused, and with it every entity of the document's own; what is outside of the sections is
    checked for being well formed and passed over.
    """
    builder = _Builder(root, sections)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(f"document is no {root} in XML: {error}") from error
    assert builder.root is not None  # expat refuses a document without a root
    return builder.root


def _refuse(*_: object) -> None:
    raise Malformed("document declares a document type, which ours never need")


class _Builder:
    def __init__(self, root: str, sections: frozenset[str]) -> None:
        self.root: Element | None = None
        self._name, self._sections = root, sections
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._depth = self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        self._count += 1
        self._depth += 1
        if self._count > _MAX_ELEMENTS or self._depth > _MAX_DEPTH:
            raise Malformed(f"document has more than {_MAX_ELEMENTS} elements, or {_MAX_DEPTH} in one another")
        if self._depth == 1:
            if name != self._name:
                raise Malformed(f"document is no {self._name}, but {name[:40]!r}")
            self.root = Element(name)
            self._enter(self.root)
        elif self._is_wanted(name):
            element = Element(name)
            self._open[-1].children.append(element)
            self._enter(element)

    def _is_wanted(self, name: str) -> bool:
        return len(self._open) == self._depth - 1 and (self._depth > 2 or name in self._sections)

    def _enter(self, element: Element) -> None:
        self._open.append(element)
        self._texts.append([])

    def end(self, name: str) -> None:
        del name
        if len(self._open) == self._depth:
            self._open.pop().text = "".join(self._texts.pop()).strip()
        self._depth -= 1

    def characters(self, text: str) -> None:
        if len(self._open) == self._depth:
            self._texts[-1].append(text)
