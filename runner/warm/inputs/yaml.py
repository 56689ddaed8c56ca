"""YAML of a lock's as plain mappings with lines: bounded, and without anchors, by which few lines become gigabytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

_DEEPEST, _MOST = 32, 2_000_000
_AROUND = (StreamStartEvent, StreamEndEvent, DocumentStartEvent, DocumentEndEvent)


class BadYaml(ValueError):
    """A text that is not the YAML that we read; `line` is 1-based, 0 for the whole."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


class _NoYaml(BadYaml):
    """A text that a parser does not take, while another one may."""


@dataclass(slots=True)
class Node:
    """A mapping (`entries`), a list (`items`), or a text."""

    line: int
    text: str | None = None
    entries: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)

    def at(self, key: str) -> Node:
        """What is under a key, an empty node where there is nothing."""
        return self.entries.get(key) or Node(self.line)

    @property
    def words(self) -> list[str]:
        """The texts of a list, or the one text."""
        return [one.text for one in self.items if one.text is not None] or ([self.text] if self.text else [])

    @property
    def inner(self) -> Mapping[str, Node]:
        """The entries of a mapping."""
        return self.entries


def documents(text: str) -> list[Node]:
    """The documents of a text. Raises BadYaml.

    The fast parser does not take an address between braces, which is YAML and which pnpm writes: then the slow one
    decides.
    """
    try:
        return _documents(text, slow=False)
    except _NoYaml:
        return _documents(text, slow=True)


def _documents(text: str, *, slow: bool) -> list[Node]:
    found: list[Node] = []
    try:
        events = _counted(YAML(typ="safe", pure=slow).parse(text))
        found.extend(_node(event, events, 0) for event in events if not isinstance(event, _AROUND))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _NoYaml(mark.line + 1 if mark else 0, f"is not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, AssertionError, OverflowError) as error:
        if isinstance(error, BadYaml):
            raise
        raise _NoYaml(0, f"is not YAML: {str(error)[:200]}") from None
    return found


def _counted(events: Iterator[Event]) -> Iterator[Event]:
    for number, event in enumerate(events):
        if number > _MOST:
            raise BadYaml(_line(event), f"has more than {_MOST} parts")
        yield event


def _node(event: Event, events: Iterator[Event], depth: int) -> Node:
    line = _line(event)
    if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
        raise BadYaml(line, "has anchors or aliases, which no lock needs")
    if depth > _DEEPEST:
        raise BadYaml(line, f"is nested more than {_DEEPEST} levels deep")
    if isinstance(event, ScalarEvent):
        return Node(line, str(event.value))
    node = Node(line)
    if isinstance(event, SequenceStartEvent):
        for inner in events:
            if isinstance(inner, SequenceEndEvent):
                break
            node.items.append(_node(inner, events, depth + 1))
    elif isinstance(event, MappingStartEvent):
        for key in events:
            if isinstance(key, MappingEndEvent):
                break
            name = _node(key, events, depth + 1)
            if name.text is None or name.text in node.entries:
                raise BadYaml(name.line, f"the key {name.text!r} is no text, or is there twice")
            value = _node(next(events), events, depth + 1)
            value.line = name.line
            node.entries[name.text] = value
    return node


def _line(event: Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark is not None else 0
