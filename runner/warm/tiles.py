"""Which tiles of a checksum database the go command asks for, to prove what was looked up.

It proves each record, and each tree that a lookup came with, in the newest tree that it has met by then; which one that
is depends on the order of its lookups. A tile that is whole by now serves for its beginnings too: the command asks for
the whole one where the other is not there.

Source: x/mod/sumdb (Client) and x/mod/sumdb/tlog (TileHashReader); the height is that of the public database.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

HEIGHT = 8
_WIDTH = 1 << HEIGHT
_LARGEST = 1 << 50
_LOOKUP = re.compile(rb"(?P<id>[0-9]{1,15})\n(?:[^\n]+\n)+\ngo\.sum database tree\n(?P<size>[0-9]{1,15})\n")


@dataclass(frozen=True, slots=True)
class Lookup:
    """The number of a record, and how many records the tree has that it came with."""

    number: int
    size: int


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """The hashes from `number * 256` on, of a level of the tree that counts in heights; `width` are there."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Where it is below the database, such as `tile/8/0/x001/234.p/5`. Source: tlog.Tile.Path."""
        text = f"{self.number % 1000:03d}"
        rest = self.number // 1000
        while rest:
            text = f"x{rest % 1000:03d}/{text}"
            rest //= 1000
        beginning = "" if self.width == _WIDTH else f".p/{self.width}"
        return f"tile/{HEIGHT}/{self.level}/{text}{beginning}"

    @property
    def whole(self) -> Tile:
        """The tile once the tree has grown that far."""
        return Tile(self.level, self.number, _WIDTH)


def read(body: bytes) -> Lookup | None:
    """What a lookup tells, None for what is none."""
    found = _LOOKUP.match(body)
    if found is None:
        return None
    lookup = Lookup(int(found["id"]), int(found["size"]))
    return lookup if lookup.number < lookup.size < _LARGEST else None


def needed(lookups: Iterable[Lookup]) -> list[Tile]:
    """The tiles that prove all of these, in any order of asking."""
    known = list(lookups)
    newest = max((one.size for one in known), default=0)
    found: dict[Tile, None] = {}
    for size in sorted({one.size for one in known}):
        for level, number in _subtrees(size):
            for tile in (_tile(level, number, size), *_path(level, number, newest)):
                found.setdefault(_whole_by(tile, newest))
    for one in known:
        for tile in _path(0, one.number, newest):
            found.setdefault(tile)
    return sorted(found)


def _subtrees(size: int) -> Iterator[tuple[int, int]]:
    """The largest whole subtrees that a tree is made of: level and number among those of the level."""
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, start >> level
            start += 1 << level


def _tile(level: int, number: int, size: int) -> Tile:
    """The tile of a tree with so many records that has a hash."""
    high, low = divmod(level, HEIGHT)
    return _at(high, (number << low) >> HEIGHT, size)


def _path(level: int, number: int, size: int) -> Iterator[Tile]:
    """The tile that has a hash, and those above it."""
    tile = _tile(level, number, size)
    while tile.width > 0:
        yield tile
        tile = _at(tile.level + 1, tile.number >> HEIGHT, size)


def _at(level: int, number: int, size: int) -> Tile:
    return Tile(level, number, min(max((size >> (level * HEIGHT)) - number * _WIDTH, 0), _WIDTH))


def _whole_by(tile: Tile, size: int) -> Tile:
    return tile.whole if _at(tile.level, tile.number, size).width == _WIDTH else tile
