"""A name that rules could miss is not canonical: each package has one spelling."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import Coordinate, golang

GO_PATHS = [
    line.split("\t") for line in Path(__file__).with_name("golang_paths.tsv").read_text(encoding="utf-8").splitlines()
]
"""Recorded from `CheckPath` of golang.org/x/mod, as it comes with Go 1.26."""


@pytest.mark.parametrize(
    "coordinate",
    [
        ("pypi", "", "foo-bar2"),
        ("npm", "", "left-pad"),
        ("npm", "", "JSONStream"),
        ("npm", "", "lodash.merge"),
        ("npm", "", "2gl"),
        ("npm", "", "a_b~c"),
        ("npm", "@babel", "core"),
        ("npm", "@types", "_x"),
        ("maven", "org.apache.commons", "commons-lang3"),
        ("maven", "junit", "junit"),
        ("maven", "com.Foo_x-1", "Bar_2.13"),
        ("golang", "github.com/gin-gonic", "gin"),
        ("golang", "github.com/Masterminds/semver", "v3"),
        ("golang", "", "example.com"),
    ],
)
def test_a_name_in_its_one_spelling_is_canonical(coordinate: tuple[str, str, str]) -> None:
    assert is_canonical(*coordinate)


@pytest.mark.parametrize(
    "coordinate",
    [
        ("pypi", "", "Foo"),
        ("pypi", "", "foo_bar"),
        ("pypi", "", ""),
        ("pypi", "", "a/b"),
        ("pypi", "", "a*"),
        ("pypi", "", "-a"),
        ("pypi", "", "f\u00f6"),
        ("pypi", "", "a\n"),
        ("pypi", "ns", "foo"),
        ("npm", "", ""),
        ("npm", "", "*"),
        ("npm", "", ".bin"),
        ("npm", "", "_x"),
        ("npm", "", "-x"),
        ("npm", "", "a b"),
        ("npm", "", "a%2fb"),
        ("npm", "", "a/b"),
        ("npm", "", "@acme"),
        ("npm", "", "@acme/x"),
        ("npm", "", "left-pad\n"),
        ("npm", "", "node_modules"),
        ("npm", "", "Favicon.ico"),
        ("npm", "", "\u212aelvin"),
        ("npm", "", "a" * 215),
        ("npm", "@" + "a" * 110, "b" * 110),
        ("npm", "acme", "x"),
        ("npm", "@", "x"),
        ("npm", "@.x", "x"),
        ("npm", "@a/b", "x"),
        ("npm", "@acme", ".x"),
        ("npm", "@acme", ".."),
        ("npm", "@acme", "*"),
        ("maven", "", "guava"),
        ("maven", "org", ""),
        ("maven", "org..foo", "x"),
        ("maven", ".org", "x"),
        ("maven", "org.", "x"),
        ("maven", "org/foo", "x"),
        ("maven", "org:foo", "x"),
        ("maven", "org.*", "x"),
        ("maven", "org.foo", ".."),
        ("maven", "org.foo", ".x"),
        ("maven", "org.foo", "a b"),
        ("maven", "org.foo", "x\n"),
        ("maven", "\u00f6rg", "x"),
        ("golang", "example.com", ""),
        ("golang", "", ""),
        ("golang", "example.com", "*"),
        ("golang", "example.com/a", "x\n"),
        ("golang", "example.com", "a..b"),
        ("golang", "example.com/" + "a" * 600, "x"),
        ("cargo", "", "serde"),
    ],
)
def test_a_name_that_rules_could_miss_is_not(coordinate: tuple[str, str, str]) -> None:
    assert not is_canonical(*coordinate)


@pytest.mark.parametrize(("valid", "path"), GO_PATHS)
def test_a_module_path_is_what_go_takes_for_one(valid: str, path: str) -> None:
    found = golang(path)
    assert is_canonical(found.type, found.namespace, found.name) == (valid == "true")


@given(
    st.sampled_from(["pypi", "npm", "maven", "golang"]),
    st.sampled_from(["", "@acme", "org.foo", "example.com/a", "x"]) | st.text("@./aA-_~", max_size=6),
    st.text("@./aA1-_~*%+! v\u00e9\n", max_size=6),
)
def test_a_canonical_name_has_one_package_url(purl_type: str, namespace: str, name: str) -> None:
    if is_canonical(purl_type, namespace, name):
        coordinate = Coordinate(purl_type, namespace, name)
        assert Coordinate.parse(coordinate.purl) == coordinate
        assert coordinate.purl.replace("%40", "@") == f"pkg:{purl_type}/{coordinate.path}"
