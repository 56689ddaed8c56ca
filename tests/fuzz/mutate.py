"""New inputs from old ones: bytes turned over, spliced, repeated; documents with their parts exchanged.

Everything follows from the seed: the same seed, corpus and answers give the same inputs.
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

LARGEST = 1 << 14
"""Bytes of an input."""

_NUMBERS = (
    b"0", b"-1", b"1", b"255", b"65536", b"2147483648", b"9223372036854775808", b"1e999", b"-0.0", b"0x10", b"NaN",
    b"9" * 400, b"9" * 4400, b"0" * 300 + b"1",
)  # fmt: skip
_ODD = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\xaf", b"\r\n", b"\n\n", b"\t", b" ", b"%2f", b"%00",
    b"%",
    b"..", b"/../", b"//", b"\\", b"@", b"#", b"?", b"&", b"<", b">", b'"', b"'", b"{", b"}", b"[", b"]", b"*", b"!",
    "\u017f".encode(), "\u212a".encode(), "İ".encode(), "٣".encode(), "\u2028".encode(), "\u202e".encode(),
    b"\\ud800", b"\x7f",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, 1e300, "", " ", "x", "0", "1.0.0", "\0", "\ud800", "İ", "../..", [], {},
    [[]],
    {"": None}, ["1.0.0", None, 3], {"1.0.0": {}}, "9" * 5000, "https://127.0.0.1:1/x", "constructor", "__proto__",
)  # fmt: skip
_TAG = re.compile(rb"<[^>]*>")
_RAW_NUMBER = re.compile(rb"-?[0-9]+")


class Mutator:
    """Makes inputs. `pool` may grow while it is used; `tokens` are what the parser knows by name."""

    def __init__(self, seed: int, pool: list[bytes], tokens: Sequence[bytes] = (), kind: str = "") -> None:
        """`kind` is `json` or `xml` for documents that are of that form, mostly."""
        self._random = random.Random(seed)  # noqa: S311
        self.pool = pool
        self._tokens = (*tokens, *_ODD, *_NUMBERS)
        self._ways: list[Callable[[bytes], bytes]] = [
            self._flip, self._overwrite, self._remove, self._double, self._insert, self._replace, self._splice,
            self._repeat, self._cut, self._number, self._swap_case,
        ]  # fmt: skip
        self._form = {"json": self._json, "xml": self._xml}.get(kind)

    def next(self) -> bytes:
        """One more input."""
        data = self._random.choice(self.pool)
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 5))):
            if self._form is not None and self._random.random() < 0.5:
                data = self._form(data)
            else:
                data = self._random.choice(self._ways)(data)
        return data[:LARGEST]

    def _span(self, data: bytes) -> tuple[int, int]:
        start = self._random.randint(0, len(data))
        length = self._random.choice((1, 2, 4, 8, 16, 64, 256))
        return start, min(start + self._random.randint(1, length), len(data))

    def _flip(self, data: bytes) -> bytes:
        if not data:
            return data
        found = bytearray(data)
        found[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(found)

    def _overwrite(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + self._random.randbytes(end - start) + data[end:]

    def _remove(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[end:]

    def _double(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:end] + data[start:end] + data[end:]

    def _insert(self, data: bytes) -> bytes:
        start, _ = self._span(data)
        return data[:start] + self._random.choice(self._tokens) + data[start:]

    def _replace(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + self._random.choice(self._tokens) + data[end:]

    def _splice(self, data: bytes) -> bytes:
        other = self._random.choice(self.pool)
        return data[: self._random.randint(0, len(data))] + other[self._random.randint(0, len(other)) :]

    def _repeat(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[start:end] * self._random.choice((2, 10, 100, 3000)) + data[end:]

    def _cut(self, data: bytes) -> bytes:
        return data[: self._random.randint(0, len(data))]

    def _number(self, data: bytes) -> bytes:
        found = list(_RAW_NUMBER.finditer(data))
        if not found:
            return data
        one = self._random.choice(found)
        return data[: one.start()] + self._random.choice(_NUMBERS) + data[one.end() :]

    def _swap_case(self, data: bytes) -> bytes:
        start, end = self._span(data)
        return data[:start] + data[start:end].swapcase() + data[end:]

    def _json(self, data: bytes) -> bytes:
        """Another value, key or member somewhere in a JSON document."""
        try:
            root = json.loads(data)
        except (ValueError, RecursionError):
            return self._random.choice(self._ways)(data)
        holders = [found for found in _holders(root) if found]
        if not holders:
            return json.dumps(self._random.choice(_VALUES)).encode("utf-8", "replace")
        holder = self._random.choice(holders)
        key = self._random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        other = self._random.choice(holders)
        inner = self._random.choice(list(other.values()) if isinstance(other, dict) else other)
        match self._random.randrange(7):
            case 0:
                holder[key] = self._random.choice(_VALUES)
            case 1:
                holder[key] = copy.deepcopy(inner)
            case 2:
                del holder[key]
            case 3 if isinstance(holder, dict):
                token = self._random.choice(self._tokens).decode("utf-8", "replace")
                holder[token] = holder.pop(key)
            case 4 if isinstance(holder, dict):
                holder[self._random.choice((str(key).upper(), str(key) + " ", str(key)[:-1], f"{key}\0"))] = inner
            case 5 if isinstance(holder[key], str):
                text = holder[key].encode("utf-8", "replace")
                holder[key] = self._random.choice(self._ways)(text).decode("utf-8", "replace")
            case _:
                for _ in range(self._random.choice((1, 3, 30))):
                    holder[key] = [holder[key]] if self._random.random() < 0.5 else {"x": holder[key]}
        try:
            return json.dumps(root, ensure_ascii=self._random.random() < 0.5).encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            return data

    def _xml(self, data: bytes) -> bytes:
        """Another tag somewhere in an XML or HTML document, or one more, or one less."""
        tags = list(_TAG.finditer(data))
        if not tags:
            return self._random.choice(self._ways)(data)
        one, other = self._random.choice(tags), self._random.choice(tags)
        start, end = sorted((one.start(), other.end()))
        match self._random.randrange(6):
            case 0:
                return data[: one.start()] + data[one.end() :]
            case 1:
                return data[: one.start()] + other.group() + data[one.end() :]
            case 2:
                return data[:end] + data[start:end] * self._random.choice((1, 5, 50)) + data[end:]
            case 3:
                return data[: one.start()] + one.group() * self._random.choice((2, 120, 1000)) + data[one.end() :]
            case 4:
                return data[: one.end()] + self._random.choice(self._tokens) + data[one.end() :]
            case _:
                return data[:start] + data[end:]


def _holders(value: object) -> list[Any]:
    """The objects and lists in a JSON value."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found.append(one)
            waiting += one.values()
        elif isinstance(one, list):
            found.append(one)
            waiting += one
    return found
