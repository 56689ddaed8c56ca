"""Sizes in bytes, as people write and read them. Light: a warm `exec` with a limit imports this module."""

from __future__ import annotations

_BYTES = {
    "B": 1,
    "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}  # fmt: skip
_DIGITS = "0123456789"
_MAX_WHOLE, _MAX_PART = 12, 3
_BEYOND = 1 << 63
"""Bytes that nothing has, nor can be said in the units above."""


def read_size(text: str) -> int:
    """Read a size such as `2 GiB`, `1.5GiB` or `500 MB` as bytes. Raises ValueError."""
    number = text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    whole, point, part = number.removesuffix(" ").partition(".")
    if unit not in _BYTES or not _are_digits(whole, _MAX_WHOLE) or (point and not _are_digits(part, _MAX_PART)):
        raise ValueError(f"{text!r} is no size: write a number and KiB, MiB, GiB, kB, MB or GB, such as 2 GiB")
    size: int = int(whole + part) * _BYTES[unit] // 10 ** len(part)
    return size


def size_text(size: int) -> str:
    """Write bytes as people read them, such as `2.5 GiB`."""
    if not 0 <= size < _BEYOND:
        return "an impossible number of bytes"
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size >= _BYTES[unit]:
            return f"{size / _BYTES[unit]:.4g} {unit}"
    return f"{size} bytes"


def _are_digits(text: str, most: int) -> bool:
    return 0 < len(text) <= most and not text.strip(_DIGITS)
