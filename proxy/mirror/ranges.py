"""A single byte range of an artifact, and whether all of it is wanted. Source: RFC 9110, sections 13.1 and 14."""

from __future__ import annotations

import re

_SINGLE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class Unsatisfiable(ValueError):
    """The range lies beyond the artifact."""


def is_unchanged(if_none_match: str, etag: str) -> bool:
    """Whether a client has what has this strong tag. A tag that it calls weak is as good; `*` names nothing of ours."""
    return bool(if_none_match) and etag in [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]


def parse_range(header: str, if_range: str, size: int, etag: str) -> tuple[int, int] | None:
    """The half-open span [start, end) in bytes, or None for the whole artifact.

    Several ranges, and what is not understood, are answered with the whole. Raises Unsatisfiable.
    """
    found = _SINGLE.fullmatch(header.replace(" ", ""))
    if found is None or found.group() == "bytes=-" or (if_range and if_range != etag):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable(header)
        return size - length, size
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable(header)
    return start, end
