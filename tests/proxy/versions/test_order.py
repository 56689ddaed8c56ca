"""Versions of four registries are read and compared by their type."""

from __future__ import annotations

import pytest
from packaging.version import Version

from jhansi_runner.proxy.versions.order import compare, parse_version


@pytest.mark.parametrize(
    ("purl_type", "left", "right", "expected"),
    [
        ("pypi", "1.0", "1.0.0", 0),
        ("pypi", "1.0rc1", "1.0", -1),
        ("pypi", "1!0.1", "2.0", 1),
        ("npm", "4.17.20", "4.17.21", -1),
        ("npm", "4.17.21-rc.1", "4.17.21", -1),
        ("npm", "1.10.0", "1.9.0", 1),
        ("maven", "2.17.0", "2.17.1", -1),
        ("maven", "1.0.Final", "1", 0),
        ("maven", "2.0-rc1", "2.0", -1),
        ("golang", "v1.9.0", "v1.10.0", -1),
        ("golang", "v1.9.0", "1.10.0", -1),
        ("golang", "1.9", "v1.9.0", 0),
        ("golang", "v2.0.0+incompatible", "2.0.0", 0),
        ("golang", "v0.0.0-20190101000000-abcdefabcdef", "0", -1),
    ],
)
def test_versions_are_compared_in_the_order_of_their_registry(
    purl_type: str, left: str, right: str, expected: int
) -> None:
    assert compare(purl_type, left, right) == expected
    assert compare(purl_type, right, left) == -expected


@pytest.mark.parametrize(
    ("purl_type", "text"),
    [("pypi", "2004d-x"), ("npm", "1.0"), ("maven", "1/0"), ("golang", "master"), ("cargo", "1.0.0")],
)
def test_what_is_no_version_is_never_put_in_order(purl_type: str, text: str) -> None:
    assert parse_version(purl_type, text) is None
    for pair in ((text, "1.0.0"), ("1.0.0", text)):
        with pytest.raises(ValueError, match="is no version of"):
            compare(purl_type, *pair)


def test_a_version_is_read_as_its_registry_spells_it() -> None:
    assert parse_version("pypi", "1.0") == Version("1.0.0")
    assert parse_version("npm", "1.0.0")
    assert parse_version("maven", "31.0-jre")
    assert parse_version("golang", "v1.0.0")
    assert parse_version("golang", "1.0.0") is None
