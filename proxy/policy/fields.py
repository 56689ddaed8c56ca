"""Typed reading of a policy's nodes: every mistake is noted and reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import TypeVar

from jhansi_runner.proxy.policy.document import Kind, Mapping, Node, Refused, Scalar, Sequence
from jhansi_runner.proxy.policy.problems import Problem

T = TypeVar("T")
Entry = tuple[Scalar, Node]


class Notes:
    """The mistakes of one file, as they are found."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def complain(self, line: int, column: int, message: str) -> None:
        """Note a mistake at a place, 1-based."""
        self.problems.append(Problem(self.source, line, column, message))

    def at(self, node: Node, message: str) -> None:
        """Note a mistake at a node."""
        self.complain(node.line, node.column, message)


def mapping(
    notes: Notes, node: Node, what: str, known: Collection[str], required: Collection[str] = ()
) -> dict[str, Entry] | None:
    """Read a mapping with the known keys. None if it is none; unknown and missing keys are noted."""
    if not isinstance(node, Mapping):
        _wrong(notes, node, f"{what} must be a mapping with the keys {', '.join(known)}")
        return None
    found = {}
    for key, value in node.entries:
        if key.text in known:
            found[key.text] = (key, value)
        else:
            offer = nearest(key.text, known) or f" (known: {', '.join(known)})"
            notes.at(key, f"unknown key {key.text!r} in {what}{offer}")
    for name in required:
        if name not in found:
            notes.at(node, f"{what} has no `{name}`, which is required")
    return found


def sequence(notes: Notes, node: Node, what: str) -> tuple[Node, ...]:
    """Read a list with at least one item."""
    if not isinstance(node, Sequence):
        _wrong(notes, node, f"{what} must be a list")
        return ()
    if not node.items:
        notes.at(node, f"{what} is empty: leave the key out instead")
    return node.items


def text(notes: Notes, node: Node, what: str, *, block: bool = False) -> str | None:
    """Read text, not empty, as one printable line; `block` accepts the notations `|` and `>`."""
    if not isinstance(node, Scalar) or node.kind is not Kind.TEXT:
        _wrong(notes, node, f"{what} must be text")
        return None
    if node.block and not block:
        notes.at(node, f"{what} is a text block here: quote text that starts with > or |")
        return None
    line = " ".join(node.text.split())
    if not line or not line.isprintable():
        notes.at(node, f"{what} holds characters that cannot be printed" if line else f"{what} is empty")
        return None
    return line


def boolean(notes: Notes, node: Node, what: str) -> bool | None:
    """Read `true` or `false`; the words yes, no, on and off are text in YAML 1.2."""
    if not isinstance(node, Scalar) or node.kind is not Kind.BOOLEAN:
        _wrong(notes, node, f"{what} must be true or false")
        return None
    return node.text.lower() == "true"


def choice(notes: Notes, node: Node, what: str, choices: Collection[str]) -> str | None:
    """Read one of the given words."""
    if not isinstance(node, Scalar) or node.kind is not Kind.TEXT or node.text not in choices:
        offer = nearest(node.text, choices) if isinstance(node, Scalar) else ""
        _wrong(notes, node, f"{what} must be {' or '.join(choices)}", offer)
        return None
    return node.text


def parsed(notes: Notes, node: Node, what: str, parse: Callable[[str], T]) -> T | None:
    """Read text with a parser that raises ValueError with what is wrong."""
    value = text(notes, node, what)
    if value is None:
        return None
    try:
        return parse(value)
    except ValueError as error:
        notes.at(node, str(error))
        return None


def nearest(word: str, known: Collection[str]) -> str:
    """Offer the known word that is most like this one; "" if none is."""
    close = get_close_matches(word, known, n=1)
    return f": did you mean {close[0]!r}?" if close else ""


def _wrong(notes: Notes, node: Node, expected: str, offer: str = "") -> None:
    if isinstance(node, Refused):
        return
    found = "a mapping" if isinstance(node, Mapping) else "a list"
    if isinstance(node, Scalar):
        found = "empty" if node.kind is Kind.NOTHING else repr(node.text)
        if expected.endswith(" text") and node.kind in (Kind.NUMBER, Kind.BOOLEAN):
            offer = f", which YAML reads as {node.kind.value}: put it in quotes"
    notes.at(node, f"{expected}, not {found}{offer}")
