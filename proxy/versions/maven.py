"""Versions of Maven Central, in the order of Maven 3.

Source: Apache Maven 3.8.7 to 3.9.16, `ComparableVersion`; POM reference, "Version Order Specification".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, zip_longest

Item = tuple[int, int, str]
"""A word, a list or a number, ready to be compared: words come before lists, and lists before numbers."""
Items = tuple[Item, ...]

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,255}")
_PIECE = re.compile(r"[0-9]+|[^0-9.-]+|[.-]")
_WORD, _LIST, _NUMBER = range(3)
_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RELEASE = _QUALIFIERS.index("")
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_BEFORE_DIGITS = {"a": "alpha", "b": "beta", "m": "milestone"}


@dataclass(frozen=True, slots=True)
class MavenVersion:
    """One version. Equal means spelled alike; the order takes `1`, `1.0` and `1.0.Final` for the same.

    Maven parses a version to nested lists. A list is always the last item of the one around it, so `lists` holds
    them in a row, the outermost first; `1.0-rc1` is 1 and a list of rc and a list of 1.
    """

    text: str
    lists: tuple[Items, ...] = field(compare=False, repr=False)

    def __lt__(self, other: MavenVersion) -> bool:
        return _compare(self.lists, other.lists) < 0


def parse_maven(text: str) -> MavenVersion | None:
    """Read a version; None if it is overlong or holds what cannot stand in the repository's paths."""
    if not _VERSION.fullmatch(text):
        return None
    lists = [_without_nulls(items) for items in _lists(text.lower())]
    while lists and not lists[-1]:
        lists.pop()
    inner = [(*items, (_LIST, 0, "")) for items in lists[:-1]]
    return MavenVersion(text, (*inner, *lists[-1:]))


def _lists(text: str) -> Iterator[list[Item]]:
    items: list[Item] = []
    pending = ""
    for piece in _PIECE.findall(text):
        if piece in (".", "-"):
            items.append(_item(pending or "0"))
            pending = ""
            if piece == "-":
                yield items
                items = []
        elif not pending:
            pending = piece
        elif piece.isdecimal():  # letters, then digits: `.x1` is read as `-x-1`
            if items:
                yield items
            yield [_item(_BEFORE_DIGITS.get(pending, pending))]
            items, pending = [], piece
        else:  # digits, then letters: `1x` is read as `1-x`
            yield [*items, _item(pending)]
            items, pending = [], piece
    if pending:
        if items and not pending.isdecimal():  # `.x` at the end is read as `-x`
            yield items
            items = []
        items.append(_item(pending))
    yield items


def _item(text: str) -> Item:
    if text.isdecimal():
        return _NUMBER, int(text), ""
    word = _ALIASES.get(text, text)
    return (_WORD, _QUALIFIERS.index(word), "") if word in _QUALIFIERS else (_WORD, len(_QUALIFIERS), word)


def _without_nulls(items: list[Item]) -> Items:
    """Drop what means nothing at the end: zeros, and the words for a release."""
    end = len(items)
    while end and not _beside_nothing(items[end - 1], ()):
        end -= 1
    return tuple(items[:end])


def _compare(left: tuple[Items, ...], right: tuple[Items, ...]) -> int:
    for depth in count(1):
        for one, other in zip_longest((left or ((),))[depth - 1], (right or ((),))[depth - 1]):
            if one is None:
                result = -_beside_nothing(other, right[depth:])
            elif other is None:
                result = _beside_nothing(one, left[depth:])
            else:
                result = (one > other) - (one < other)
            if result:
                return result
        if depth >= min(len(left), len(right)):
            break
    return 0


def _beside_nothing(item: Item, inner: tuple[Items, ...]) -> int:
    """Compare an item with the end of the other version; `inner` is what is in the item if it is a list."""
    kind, value, _ = item
    if kind == _NUMBER:
        return int(value > 0)
    if kind == _WORD:
        return (value > _RELEASE) - (value < _RELEASE)
    return next(
        (result for items in inner for one in items if one[0] != _LIST and (result := _beside_nothing(one, ()))), 0
    )
