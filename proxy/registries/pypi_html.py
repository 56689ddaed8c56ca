"""Anchors of an index page in HTML, in one pass: a page that was made to be slow to read takes no longer than others.

Python's own parser tries again from every `<` where a tag does not end, and knows declarations that make it fail.

Source: HTML Living Standard, "Tokenization"; PEP 503.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

_NO_TAG = re.compile(r"<(?:[!?]|/[^A-Za-z])")
_BEGINNING = re.compile(r"</?[A-Za-z]")
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])))*+)>")
_ATTRIBUTE = re.compile(r"([^\s/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s]*+)))?")
_RAW = ("script", "style", "title", "textarea")
"""Elements in which there are no tags."""


def anchors(page: str) -> Iterator[tuple[Mapping[str, str], str]]:
    """The attributes of each anchor, their names in lower case, and its text. One that does not end is none."""
    attributes: dict[str, str] | None = None
    text: list[str] = []
    place = 0
    while (start := page.find("<", place)) >= 0:
        if attributes is not None:
            text.append(page[place:start])
        if page.startswith("<!--", start):
            place = _after(page, "-->", start + 4)
            continue
        if _NO_TAG.match(page, start):
            place = _after(page, ">", start + 2)
            continue
        if not _BEGINNING.match(page, start):
            text.append("<")
            place = start + 1
            continue
        tag = _TAG.match(page, start)
        if tag is None:  # it goes on to the end of the page
            return
        place = tag.end()
        closing, name = tag[1], tag[2].lower()
        if name == "a":
            if attributes is not None and closing:
                yield attributes, html.unescape("".join(text)).strip()
            attributes = None if closing else _attributes(tag[3])
            text = []
        elif name in _RAW and not closing:
            ending = re.compile(f"</{name}", re.IGNORECASE).search(page, place)
            place = ending.start() if ending else len(page)


def _after(page: str, mark: str, start: int) -> int:
    """The place after the next mark, or the end of the page."""
    found = page.find(mark, start)
    return len(page) if found < 0 else found + len(mark)


def _attributes(text: str) -> dict[str, str]:
    """Of two attributes with one name the first counts, as for browsers."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(double or single or bare))
    return found
