"""What a package.json declares as its licence, be it in a packument or inside a tarball.

Source: the npm documentation of package.json, "license", with the older spellings that it mentions.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_KEYS = ("license", "licence", "licenses")
_MAX_TEXT = 200
_MAX_MANIFEST = 4 << 20
_MAX_UNPACKED = 256 << 20
_BROKEN = (ValueError, EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile, RecursionError, NotImplementedError)


def declared(manifest: Mapping[str, object]) -> str | None:
    """The licence of a package.json as an expression; None where it says nothing of one."""
    for key in _KEYS:
        if key in manifest:
            stated = manifest[key]
            parts = [_one(part) for part in (stated if isinstance(stated, list) else [stated])]
            named = [part for part in parts if part]
            if len(named) > 1:
                named = [f"({part})" if " " in part else part for part in named]
            return " OR ".join(named)[:_MAX_TEXT]
    return None


def _one(stated: object) -> str:
    if isinstance(stated, dict):
        stated = stated.get("type", stated.get("name"))
    return " ".join(stated.split()) if isinstance(stated, str) else ""


class _Unpacked(io.RawIOBase):
    """A gzip file that ends in an error where a small one would unpack to a huge one."""

    def __init__(self, path: str) -> None:
        self._file = gzip.open(path)  # noqa: SIM115
        self._left = _MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        count = self._file.readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise ValueError("it unpacks to too much")
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def inside(path: str) -> str | None:
    """The licence by the package.json in a tarball, "" when that declares none; None when there is none to be read."""
    try:
        with _Unpacked(path) as unpacked, tarfile.open(fileobj=io.BufferedReader(unpacked, 1 << 16), mode="r|") as tar:
            for member in tar:
                folder, _, last = member.name.removeprefix("./").partition("/")
                if member.isfile() and last == "package.json" and folder:
                    file = tar.extractfile(member)
                    manifest = json.loads(file.read(_MAX_MANIFEST)) if file else None
                    return (declared(manifest) or "") if isinstance(manifest, dict) else None
    except _BROKEN:
        return None
    return None
