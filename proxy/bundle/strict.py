"""Reads the fields of a line that can be written in one way only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1 << 50
_LATEST = float(1 << 36)


class BadManifest(ValueError):
    """A manifest that we cannot have written."""


def written(found: Mapping[str, object]) -> bytes:
    """A line with its end, in the one way."""
    return json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode() + b"\n"


def mapping_in(data: bytes, longest: int) -> dict[str, object]:
    """The fields of a line. Raises BadManifest."""
    if len(data) > longest:
        raise BadManifest(f"a line is longer than {longest} bytes")
    try:
        found = json.loads(data)
        ours = written(found) if isinstance(found, dict) else b""
    except (ValueError, RecursionError):
        ours = b""
    if ours != data or not data:
        raise BadManifest("a line is not written as a bundle's are")
    return dict(found)


def fields(found: Mapping[str, object], names: str) -> None:
    """Demand these fields and no others. Raises BadManifest."""
    if set(found) != set(names.split()):
        raise BadManifest("a line has other fields than a bundle's have")


def string(found: Mapping[str, object], name: str) -> str:
    """A text. Raises BadManifest, as all of these do."""
    return text_of(name, found[name])


def text_of(name: str, value: object) -> str:
    """A text that is called so."""
    try:
        if isinstance(value, str):
            value.encode()  # half of a surrogate pair is no text
            return value
    except UnicodeEncodeError:
        pass
    raise BadManifest(f"`{name}` is no text")


def count(found: Mapping[str, object], name: str) -> int:
    """A number of things or bytes."""
    value = found[name]
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise BadManifest(f"`{name}` is no number of what there can be")
    return value


def time(found: Mapping[str, object], name: str) -> float:
    """Seconds since the epoch."""
    return time_of(name, found[name])


def time_of(name: str, value: object) -> float:
    """Seconds since the epoch, called so."""
    if type(value) is not float or not math.isfinite(value) or abs(value) > _LATEST:
        raise BadManifest(f"`{name}` is no time")
    return value


def flag(found: Mapping[str, object], name: str) -> bool:
    """True or false."""
    value = found[name]
    if not isinstance(value, bool):
        raise BadManifest(f"`{name}` is neither true nor false")
    return value


def sha256(found: Mapping[str, object], name: str) -> str:
    """A sha256 in hex."""
    value = string(found, name)
    if not _SHA256.fullmatch(value):
        raise BadManifest(f"`{name}` is no sha256 in small letters")
    return value


def texts(found: Mapping[str, object], name: str) -> dict[str, str]:
    """Texts by name."""
    value = found[name]
    if not isinstance(value, dict):
        raise BadManifest(f"`{name}` is no mapping")
    return {text_of(name, key): text_of(name, one) for key, one in value.items()}
