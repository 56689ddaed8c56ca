"""Remembers what was parsed of large documents, which are asked for again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from jhansi_runner.proxy.memory import Memory
from jhansi_runner.proxy.registries.interface import Document

T = TypeVar("T")
_BYTES = 160 << 20


class Parsed(Generic[T]):
    """What a parser made of the documents last seen, by their keys in the cache.

    A document that did not change has the same body object, so nothing is compared but that.
    """

    def __init__(self, parse: Callable[[Document], T]) -> None:
        self._parse = parse
        self._memory: Memory[str, tuple[Document, T]] = Memory(_BYTES, lambda kept: len(kept[0].body) + 512)

    def __call__(self, key: str, document: Document) -> T:
        """What the document says. Raises what the parser raises."""
        kept = self._memory.get(key)
        if kept is not None and kept[0].body is document.body and kept[0].url == document.url:
            return kept[1]
        value = self._parse(document)
        self._memory.keep(key, (document, value))
        return value
