"""Ranges are evaluated as the format says, on both sides of every event, in the order of each registry."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.policy.osv_entry import Range
from jhansi_runner.proxy.policy.osv_spans import read, spans_of


def events(text: str) -> Range:
    return tuple((kind, version) for kind, _, version in (part.partition(" ") for part in text.split(", ")))


def affects(purl_type: str, text: str, version: str) -> bool:
    found = read(purl_type, version)
    assert found is not None
    for span in spans_of(purl_type, events(text)):
        begun = span.start is None or not found < span.start
        ended = span.end is not None and (span.end < found if span.last else not found < span.end)
        if begun and not ended:
            return True
    return False


@pytest.mark.parametrize(
    ("purl_type", "text", "affected", "clean"),
    [
        ("pypi", "introduced 0", ["0.dev0", "1.0", "99!1"], []),
        ("pypi", "introduced 1.0", ["1.0", "1.0.0", "1.0.post1", "2"], ["0.9", "1.0rc1", "1.0.dev1"]),
        ("pypi", "introduced 0, fixed 2.0", ["0", "1.9", "2.0rc1", "2.0.dev1"], ["2.0", "2.0.0", "2.0+local", "2.0.1"]),
        ("pypi", "introduced 1, last_affected 2.0", ["1", "2.0", "2.0.0"], ["0.9", "2.0.post1", "2.0+local", "2.1"]),
        ("pypi", "introduced 0, limit 2.0", ["0", "1.9"], ["2.0", "2.1"]),
        ("pypi", "introduced 0, limit 2.0, limit 3.0", ["2.5"], ["3.0"]),
        ("pypi", "introduced 0, limit 2.0, limit *", ["2.5", "9"], []),
        ("pypi", "introduced 2.0, limit 1.0", [], ["0.5", "1.0", "2.0", "3.0"]),
        ("pypi", "introduced 0, fixed 3, limit 2", ["1.9"], ["2", "2.5", "3"]),
        ("pypi", "introduced 0, fixed 2, limit 3", ["1.9"], ["2", "2.5", "3"]),
        ("pypi", "introduced 1, fixed 2, introduced 3, fixed 4", ["1", "1.9", "3", "3.9"], ["0.9", "2", "2.9", "4"]),
        ("pypi", "fixed 4, introduced 3, fixed 2, introduced 1", ["1", "1.9", "3", "3.9"], ["0.9", "2", "2.9", "4"]),
        ("pypi", "introduced 1, fixed 2, introduced 2, fixed 3", ["1", "2", "2.5"], ["0.9", "3"]),
        ("pypi", "introduced 1.5, last_affected 1.5", ["1.5", "1.5.0"], ["1.4", "1.5.post1", "1.6"]),
        ("pypi", "introduced 0, introduced 1, fixed 2", ["0.5", "1.5"], ["2"]),
        ("pypi", "introduced 0, fixed 2, fixed 3", ["1"], ["2", "2.5", "3"]),
        ("npm", "introduced 0, fixed 6.5.4", ["0.0.0-0", "6.5.3", "6.5.4-beta.1"], ["6.5.4", "6.5.4+build", "6.10.0"]),
        ("npm", "introduced 1.9.0, fixed 1.10.0", ["1.9.0", "1.9.9"], ["1.8.9", "1.10.0"]),
        ("npm", "introduced 2.0.0-rc.1, last_affected 2.0.0", ["2.0.0-rc.1", "2.0.0-rc.10", "2.0.0"], ["2.0.0-rc.0"]),
        ("maven", "introduced 2.0-beta9, fixed 2.15.0", ["2.0-beta9", "2.14.1", "2.15.0-rc1"], ["2.0-beta8", "2.15.0"]),
        ("maven", "introduced 0, fixed 31.0", ["30.9-jre", "31.0-alpha"], ["31.0", "31", "31.0.Final", "31.0-jre"]),
        ("maven", "introduced 1.0, last_affected 1.0", ["1", "1.0.0", "1.0-ga"], ["1.0-SNAPSHOT", "1.0.1", "1.0-sp"]),
        ("golang", "introduced 0, fixed 1.2.3", ["v0.0.0-20190101000000-abcdefabcdef", "v1.2.3-rc.1"], ["v1.2.3"]),
        ("golang", "introduced 0", ["v0.0.0-20190101000000-abcdefabcdef", "v3.0.0"], []),
        ("golang", "introduced 1.9, fixed v1.10.0", ["v1.9.0", "v1.9.9"], ["v1.8.9", "v1.10.0"]),
        ("golang", "introduced 0, fixed 2.0.0", ["v1.9.0+incompatible"], ["v2.0.0+incompatible", "v2.0.1"]),
        (
            "golang",
            "introduced 0, fixed 0.0.0-20210101000000-abcdefabcdef",
            ["v0.0.0-20201231235959-abcdefabcdef"],
            ["v0.0.0-20210101000000-abcdefabcdef", "v0.0.0-20210101000001-0123456789ab", "v0.1.0"],
        ),
    ],
)
def test_both_sides_of_every_event(purl_type: str, text: str, affected: list[str], clean: list[str]) -> None:
    assert [version for version in affected + clean if affects(purl_type, text, version)] == affected


@pytest.mark.parametrize(
    ("text", "affected", "clean"),
    [
        ("fixed 2.0", ["0.1", "1.9"], ["2.0"]),
        ("last_affected 2.0", ["0.1", "2.0"], ["2.1"]),
        ("limit 2.0", ["0.1"], ["2.0"]),
        ("introduced odd, fixed 2.0", ["0.1", "1.9"], ["2.0"]),
        ("introduced 1.0, introduced odd, fixed 2.0", ["0.1", "1.9"], ["2.0"]),
        ("introduced 1.0, fixed odd", ["1.0", "99"], ["0.9"]),
        ("introduced 1.0, last_affected odd", ["1.0", "99"], ["0.9"]),
        ("introduced 1.0, limit odd", ["1.0", "99"], ["0.9"]),
        ("introduced 1.0, limit odd, limit 2.0", ["1.0", "99"], ["0.9"]),
    ],
)
def test_a_bound_that_is_missing_or_cannot_be_read_bounds_nothing(
    text: str, affected: list[str], clean: list[str]
) -> None:
    assert [version for version in affected + clean if affects("pypi", text, version)] == affected


def test_where_it_is_fixed_is_kept_as_it_is_written() -> None:
    text = "introduced 1, fixed 2.0.0, introduced 3, last_affected 4, introduced 5"
    assert [span.fixed for span in spans_of("pypi", events(text))] == ["2.0.0", "", ""]


@pytest.mark.parametrize("text", ["9" * 5000, "odd", "", "1" * 300 + ".x"])
@pytest.mark.parametrize("purl_type", ["pypi", "npm", "golang"])
def test_what_is_no_version_is_none(purl_type: str, text: str) -> None:
    assert read(purl_type, text) is None
