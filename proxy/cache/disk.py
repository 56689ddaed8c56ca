"""diskcache without pickle: bytes and text go in, bytes and text come out, anything else is refused.

A planted row that says it is a pickle runs code when it is read, even if we never wrote one.

Source: CVE-2025-69872.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from diskcache import UNKNOWN, Disk
from diskcache.core import MODE_BINARY, MODE_RAW, MODE_TEXT

_VALUE_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{28}\.val")


class ForeignRow(ValueError):
    """A row that we cannot have written."""


class PlainDisk(Disk):  # type: ignore[misc]  # diskcache has no types
    """Stores `str` keys, and `bytes` or `str` values; refuses every other row, on writing and on reading."""

    _written: list[str] | None = None
    _replaced: list[str] | None = None

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Keep the files of replaced values until the end, and those of new ones only then.

        diskcache removes a replaced value's file before the transaction is through that it is replaced in: whoever was
        killed, or turned back, would have lost it.
        """
        written: list[str] = []
        replaced: list[str] = []
        self._written, self._replaced = written, replaced
        try:
            yield
        except BaseException:
            self._written = self._replaced = None
            for path in written:
                super().remove(path)
            raise
        self._written = self._replaced = None
        for path in replaced:
            super().remove(path)

    def remove(self, file_path: str) -> None:
        """Remove the file of a value that is no more."""
        if self._replaced is None:
            super().remove(file_path)
        else:
            self._replaced.append(file_path)

    def put(self, key: object) -> tuple[object, bool]:
        """Take a key. Raises ForeignRow unless it is text."""
        if not isinstance(key, str):
            raise ForeignRow(f"a cache key is text, not {type(key).__name__}")
        return key, True

    def get(self, key: object, raw: bool) -> str:
        """Give a key back; "" for one that we did not write, so that whoever lists the keys passes it over."""
        return key if raw and isinstance(key, str) else ""

    def store(self, value: object, read: bool, key: object = UNKNOWN) -> tuple[object, ...]:
        """Take a value. Raises ForeignRow unless it is bytes or text."""
        if read or not isinstance(value, bytes | str):
            raise ForeignRow(f"a cache value is bytes or text, not {type(value).__name__}")
        row: tuple[object, ...] = super().store(value, read, key=key)
        return row

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> object:
        """Give a value back. Raises ForeignRow for a pickle, or a file outside the cache."""
        if read or mode not in (MODE_RAW, MODE_BINARY, MODE_TEXT):
            raise ForeignRow(f"a cache row of mode {mode}, which we never write")
        if filename is not None and not _VALUE_FILE.fullmatch(filename):
            raise ForeignRow("a cache row whose file is not one of the cache's")
        return super().fetch(mode, filename, value, read)

    def filename(self, key: object = UNKNOWN, value: object = UNKNOWN) -> tuple[str, str]:
        """Choose the file for a large value, by chance."""
        del key, value
        name = os.urandom(16).hex()
        relative = f"{name[:2]}/{name[2:4]}/{name[4:]}.val"
        if self._written is not None:
            self._written.append(relative)
        return relative, os.path.join(self._directory, relative)
