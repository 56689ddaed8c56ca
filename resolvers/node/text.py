"""JSON of a workspace's, and the line where something stands in it."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from functools import lru_cache

from jhansi_runner.resolvers.interface import ManifestError, View, ViewError

Table = dict[str, object]

_KEY = re.compile(r'("(?:[^"\\\n]|\\.)*")\s*:')
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|//[^\n]*|/\*(?s:.*?)(?:\*/|\Z)')
_LAST_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*"?)|,(?=\s*[}\]])')


def read(view: View, path: str) -> str | None:
    """A file's text, None when it is absent. Raises ManifestError when the view refuses it or it is no UTF-8."""
    try:
        data = view.read(path)
        return None if data is None else data.decode("utf-8-sig")
    except ViewError as fault:
        raise ManifestError(path, 0, fault.reason, "make it a regular file inside the workspace") from None
    except UnicodeDecodeError:
        raise ManifestError(path, 0, "is not UTF-8", "save it as UTF-8") from None


def parse(text: str, path: str) -> Table:
    """The object that a JSON file holds. Raises ManifestError with file and line."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as fault:
        raise ManifestError(path, fault.lineno, f"is not JSON: {fault.msg}", "correct the file") from None
    except (RecursionError, ValueError):
        raise ManifestError(path, 0, "is nested too deeply, or has a number that is too long", "correct it") from None
    if not isinstance(found, dict):
        raise ManifestError(path, 1, "is not an object", "write { } around what it says")
    return found


def parse_lenient(text: str) -> Table:
    """The same with comments and commas at the end, as TypeScript reads its settings; empty for what is neither."""
    text = _COMMENT.sub(lambda match: match[1] or "", text)
    try:
        found = json.loads(_LAST_COMMA.sub(lambda match: match[1] or "", text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def table(document: Table, key: str, path: str, text: str) -> Table:
    """The object under a key, empty when it is absent. Raises ManifestError for anything else."""
    found = document.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ManifestError(path, line_of(text, key), f"{key} is not an object", "see npm's page on package.json")
    return found


def line_of(text: str, key: str, section: str = "") -> int:
    """The line where a key stands, the first after that of its section; 0 when it is not found."""
    keys, ends = _places(text)
    at = -1
    for name in filter(None, (section, key)):
        places = keys.get(json.dumps(name, ensure_ascii=False), [])
        after = bisect_right(places, at)
        if after == len(places):
            return 0
        at = places[after]
    return bisect_left(ends, at) + 1


@lru_cache(maxsize=4)
def _places(text: str) -> tuple[dict[str, list[int]], list[int]]:
    """Where each key stands, and where lines end, of the whole text at once: there may be thousands to look for."""
    keys: dict[str, list[int]] = {}
    for match in _KEY.finditer(text):
        keys.setdefault(match[1], []).append(match.start())
    return keys, [match.start() for match in re.finditer("\n", text)]


def strings(value: object) -> list[str]:
    """The strings in a value, however deep and in their order, as conditions of a package.json hold them."""
    found: list[str] = []
    waiting = [value]
    while waiting and len(found) < 100:
        each = waiting.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, dict):
            waiting.extend(reversed(list(each.values())))
        elif isinstance(each, list):
            waiting.extend(reversed(each))
    return found
