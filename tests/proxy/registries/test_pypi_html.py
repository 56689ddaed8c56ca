"""Anchors of pages in HTML: found as browsers find them, and in time that grows with the page and no faster."""

from __future__ import annotations

import time

import pytest

from jhansi_runner.proxy.registries.pypi_html import anchors


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('<a href="x">y</a>', [({"href": "x"}, "y")]),
        ("<A HREF='x'\n Data-Yanked>\n y </A >", [({"href": "x", "data-yanked": ""}, "y")]),
        ("<a href=x?y=1&amp;z>y</a>", [({"href": "x?y=1&z"}, "y")]),
        ('<a title="a > b" href="&lt;x&gt;">a &amp; <b>c</b></a>', [({"title": "a > b", "href": "<x>"}, "a & c")]),
        ('<a href="x" href="z">y</a>', [({"href": "x"}, "y")]),
        ('<a href="x">y<a href="z">w</a>', [({"href": "z"}, "w")]),
        ('<a href="x">1 < 2</a>', [({"href": "x"}, "1 < 2")]),
        ('<!-- <a href="x">no</a> --><a href="z">w</a>', [({"href": "z"}, "w")]),
        ('<script>"<a href=x>no</a>"</SCRIPT><a href="z">w</a>', [({"href": "z"}, "w")]),
        ('<!DOCTYPE html><?x?></ ><![x[><a href="z">w</a>', [({"href": "z"}, "w")]),
        ('<abbr>a</abbr><a href="z">w</a></a>', [({"href": "z"}, "w")]),
        ('<a href="x">y', []),
        ('<a href="x>y</a>', []),
        ("<title><a>x</a>", []),
        ("", []),
    ],
)
def test_anchors_are_read_as_browsers_do(page: str, found: list[tuple[dict[str, str], str]]) -> None:
    assert list(anchors(page)) == found


@pytest.mark.parametrize(
    "piece", ["<a href='", "<!--", "<!", "</", "<a ", "<", "<a>", "<script>", "<a x=", "&#", "</a>", "=", "<a b"]
)
@pytest.mark.parametrize("before", ["", "<a>", "<a ", "<a href='"])
def test_no_page_costs_more_than_its_length(piece: str, before: str) -> None:
    page = before + piece * (300_000 // len(piece))
    start = time.thread_time()
    list(anchors(page))
    assert time.thread_time() - start < 3
