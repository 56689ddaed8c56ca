"""YAML text as a tree of marked nodes, without what makes YAML surprising.

Built from the parser's events rather than from composed nodes, so that aliases and deep nesting are refused
before anything recursive sees them. Source: YAML 1.2.2, chapter 10.3 (core schema), for plain scalars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

DEPTH_LIMIT = 8
"""Levels of nesting; a policy needs four."""

_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(inf|Inf|INF)"
)
_HINTS = {
    "while scanning an alias": "quote text that starts with *; pkg:pypi/* means every package of PyPI",
    "while scanning a block scalar": 'quote text that starts with > or |, such as ">=1.0"',
    "while scanning a tag": 'quote text that starts with !, such as "!=1.0"',
    "while scanning for the next token": "quote text that holds special characters; indent with spaces",
}


class Kind(Enum):
    """What a scalar is in YAML 1.2's core schema."""

    TEXT = "text"
    BOOLEAN = "true or false"
    NUMBER = "a number"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `block` tells that it was written with `|` or `>`."""

    line: int
    column: int
    text: str
    kind: Kind
    block: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    line: int
    column: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; keys are unique."""

    line: int
    column: int
    entries: tuple[tuple[Scalar, Node], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that was already complained about; whoever expects a value here stays silent."""

    line: int
    column: int


Node = Scalar | Sequence | Mapping | Refused
Complain = Callable[[int, int, str], None]


class _Unusable(Exception):
    """Reading cannot go on; a complaint was made."""


def read_document(data: bytes, complain: Complain) -> Node | None:
    """Read the one document of a file. None if there is none to look at; `complain` was told why.

    `complain` takes line and column, 1-based, and a message.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        complain(before.count(b"\n") + 1, column, f"the file is not UTF-8: byte 0x{data[error.start]:02x}")
        return None
    try:
        return _read(YAML(typ="safe", pure=True).parse(text), complain)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = _HINTS.get(error.context or "")
        complain(
            mark.line + 1 if mark else 1,
            mark.column + 1 if mark else 1,
            f"this is not YAML: {_plain(error.problem or error.context or 'unknown')}" + (f" ({hint})" if hint else ""),
        )
    except ReaderError as error:
        before_it = text[: error.position]
        column = error.position - (before_it.rfind("\n") + 1) + 1
        complain(before_it.count("\n") + 1, column, f"this is not YAML: {_plain(error.reason)}")
    except (YAMLError, ValueError, OverflowError, AssertionError) as error:
        # "\UFFFFFFFF" leaves the scanner as a bare ValueError, %YAML 1.5 as an AssertionError, without a position.
        complain(1, 1, f"this is not YAML: {_plain(str(error))}")
    except _Unusable:
        pass
    return None


def _read(events: Iterator[Event], complain: Complain) -> Node | None:
    root: Node | None = None
    documents = 0
    for event in events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                complain(*_at(event), "a policy is one document: remove what follows this ---")
                raise _Unusable
            if event.version or event.tags:
                complain(1, 1, "YAML directives (lines that start with %) are not accepted here")
        elif isinstance(event, NodeEvent):
            root = _node(event, events, complain, 1)
    return root


def _node(event: Event, events: Iterator[Event], complain: Complain, depth: int) -> Node:
    line, column = _at(event)
    if isinstance(event, AliasEvent):
        complain(line, column, f"aliases are not accepted here: *{event.anchor} (quote text that starts with *)")
        return Refused(line, column)
    if depth > DEPTH_LIMIT:
        complain(line, column, f"nested deeper than {DEPTH_LIMIT} levels")
        raise _Unusable
    if not isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
        raise TypeError(f"no node starts with {event!r}")
    if event.anchor is not None:
        complain(line, column, f"anchors are not accepted here: &{event.anchor} (quote text that starts with &)")
    if event.tag is not None:
        complain(line, column, f"tags are not accepted here: {event.tag} (quote text that starts with !)")
    node: Node
    if isinstance(event, SequenceStartEvent):
        node = Sequence(line, column, tuple(_items(events, complain, depth + 1)))
    elif isinstance(event, MappingStartEvent):
        node = Mapping(line, column, tuple(_entries(events, complain, depth + 1)))
    else:
        node = Scalar(line, column, event.value, _kind(event), event.style in ("|", ">"))
    return node if event.tag is None else Refused(line, column)


def _items(events: Iterator[Event], complain: Complain, depth: int) -> Iterator[Node]:
    while not isinstance(event := next(events), SequenceEndEvent):
        yield _node(event, events, complain, depth)


def _entries(events: Iterator[Event], complain: Complain, depth: int) -> Iterator[tuple[Scalar, Node]]:
    seen: dict[str, int] = {}
    while not isinstance(event := next(events), MappingEndEvent):
        key = _node(event, events, complain, depth)
        value = _node(next(events), events, complain, depth)
        if isinstance(key, Refused):
            continue
        if not isinstance(key, Scalar):
            complain(key.line, key.column, "a key must be text")
        elif key.text in seen:
            complain(key.line, key.column, f"duplicate key {key.text!r} (first on line {seen[key.text]})")
        else:
            seen[key.text] = key.line
            yield key, _beside(key, value)


def _beside(key: Scalar, value: Node) -> Node:
    """The parser puts a value that is not there on some later line; people look for it beside its key."""
    if isinstance(value, Scalar) and value.kind is Kind.NOTHING and not value.text:
        return replace(value, line=key.line, column=key.column)
    return value


def _kind(event: ScalarEvent) -> Kind:
    if event.style:
        return Kind.TEXT
    if event.value in ("", "~", "null", "Null", "NULL"):
        return Kind.NOTHING
    if event.value in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return Kind.BOOLEAN
    return Kind.NUMBER if _NUMBER.fullmatch(event.value) else Kind.TEXT


def _at(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _plain(text: str) -> str:
    return " ".join(text.split())
