"""A coordinate keeps what a registry tells apart, and its package-url reads back as the same coordinate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import Coordinate, golang, maven, npm, pypi

WORDS = st.from_regex(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,8}", fullmatch=True)
PARTS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
PATHS = st.builds("/".join, st.lists(WORDS, min_size=1, max_size=4))
VERSIONS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
COORDINATES = st.one_of(
    st.builds(pypi, WORDS.filter(canonicalize_name), VERSIONS),
    st.builds(npm, WORDS | st.builds("@{}/{}".format, WORDS, WORDS), VERSIONS),
    st.builds(maven, st.lists(PARTS, min_size=1, max_size=3).map(".".join), WORDS, VERSIONS),
    st.builds(golang, PATHS.map("example.com/{}".format) | st.just("example.com"), VERSIONS),
)


@given(COORDINATES)
def test_a_package_url_reads_back_as_the_coordinate(coordinate: Coordinate) -> None:
    assert Coordinate.parse(coordinate.purl) == coordinate


@given(COORDINATES)
def test_other_tools_read_the_same_package_url(coordinate: Coordinate) -> None:
    theirs = PackageURL.from_string(coordinate.purl)
    ours = (coordinate.type, coordinate.path.lower(), coordinate.version)
    path = f"{theirs.namespace}/{theirs.name}" if theirs.namespace else theirs.name
    # The library may lower the letters of a name, and takes the blank ends of a version away.
    assert (theirs.type, path.lower(), (theirs.version or "").strip()) == (*ours[:2], (ours[2] or "").strip())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkg:pypi/Foo_Bar@1.0", Coordinate("pypi", "", "foo-bar", "1.0")),
        ("pkg:pypi/torch@2.1%2Bcpu", Coordinate("pypi", "", "torch", "2.1+cpu")),
        ("pkg:npm/left-pad@1.3.0", Coordinate("npm", "", "left-pad", "1.3.0")),
        ("pkg:npm/JSONStream", Coordinate("npm", "", "JSONStream")),
        ("pkg:npm/%40babel/core@7.0.0", Coordinate("npm", "@babel", "core", "7.0.0")),
        ("pkg:npm/@babel/core@7.0.0", Coordinate("npm", "@babel", "core", "7.0.0")),
        ("pkg:npm/@babel/core", Coordinate("npm", "@babel", "core")),
        (
            "pkg:maven/org.apache.commons/commons-lang3@3.12.0?type=jar",
            Coordinate("maven", "org.apache.commons", "commons-lang3", "3.12.0"),
        ),
        ("pkg:maven/g/a@1.0%2B1", Coordinate("maven", "g", "a", "1.0+1")),
        ("pkg:golang/github.com/gin-gonic/gin@v1.9.1", Coordinate("golang", "github.com/gin-gonic", "gin", "v1.9.1")),
        ("pkg:golang/github.com/Masterminds/semver/v3", Coordinate("golang", "github.com/Masterminds/semver", "v3")),
        ("pkg:golang/example.com", Coordinate("golang", "", "example.com")),
        (
            "pkg:golang/example.com/a@v2.0.0+incompatible",
            Coordinate("golang", "example.com", "a", "v2.0.0+incompatible"),
        ),
        (
            "pkg:golang/example.com/a@v2.0.0%2Bincompatible",
            Coordinate("golang", "example.com", "a", "v2.0.0+incompatible"),
        ),
        ("pkg:golang/example.com/a@v1.0.0#cmd/tool", Coordinate("golang", "example.com", "a", "v1.0.0")),
        ("pkg:golang/example.com/a@feature/x", Coordinate("golang", "example.com", "a", "feature/x")),
        ("PKG:PyPI/foo", Coordinate("pypi", "", "foo")),
        ("pkg://npm//left-pad/", Coordinate("npm", "", "left-pad")),
        ("pkg:cargo/serde@1.0", Coordinate("cargo", "", "serde", "1.0")),
    ],
)
def test_a_package_url_is_read(text: str, expected: Coordinate) -> None:
    assert Coordinate.parse(text) == expected


@pytest.mark.parametrize(
    ("coordinate", "purl"),
    [
        (npm("@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0"),
        (npm("JSONStream"), "pkg:npm/JSONStream"),
        (maven("org.foo", "Bar", "1.0.RELEASE"), "pkg:maven/org.foo/Bar@1.0.RELEASE"),
        (golang("example.com/Acme/x/v2", "v2.0.1"), "pkg:golang/example.com/Acme/x/v2@v2.0.1"),
        (golang("example.com", "v2.0.0+incompatible"), "pkg:golang/example.com@v2.0.0%2Bincompatible"),
        (pypi("Torch", "2.1+cpu"), "pkg:pypi/torch@2.1%2Bcpu"),
    ],
)
def test_a_package_url_keeps_capital_letters_and_escapes_the_rest(coordinate: Coordinate, purl: str) -> None:
    assert coordinate.purl == purl


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "has to begin with pkg:"),
        ("requests", "has to begin with pkg:"),
        ("npm:left-pad", "has to begin with pkg:"),
        ("pkg:npm", "names no package"),
        ("pkg:npm/", "names no package"),
        ("pkg:npm//@1.0", "@1.0 is a scope, not a package"),
        ("pkg:pypi/foo@", "no version after @"),
        ("pkg:pypi/a/b", "have no namespace: write pkg:pypi/NAME"),
        ("pkg:pypi/a@1@2", "write %40 for an @"),
        ("pkg:pypi/%ff", "percent-encoding of '%ff' is broken"),
        ("pkg:pypi/a%2", "percent-encoding of 'a%2' is broken"),
        ("pkg:pypi/a@1%zz", "percent-encoding of '1%zz' is broken"),
        ("pkg:npm/@acme", "@acme is a scope, not a package: write pkg:npm/@acme/NAME"),
        ("pkg:npm/acme/x", "a scope of npm begins with @: write pkg:npm/@acme/x"),
        ("pkg:npm/@acme/a/b", "a scope of npm begins with @"),
        ("pkg:npm/@acme%2Fx", "write a slash between two parts of a name as it is"),
        ("pkg:maven/guava", "has a group: write pkg:maven/GROUP/guava"),
        ("pkg:maven/org/foo/bar", "has dots, not slashes: write pkg:maven/org.foo/bar"),
        ("pkg:golang/example.com/../x", "'..' is no part of a name"),
        ("pkg:golang/example.com/%2e%2e/x", "'%2e%2e' is no part of a name"),
        ("pkg:b@d/x", "is no type of package"),
    ],
)
def test_what_names_no_package_is_refused_with_the_reason(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        Coordinate.parse(text)
    assert wrong in str(caught.value)


@given(st.text("pkg:nmavegol/@%2f.#?", max_size=24).map("pkg:{}".format) | st.text(max_size=24))
def test_hostile_text_raises_nothing_but_value_errors(text: str) -> None:
    try:
        found = Coordinate.parse(text)
    except ValueError:
        return
    assert Coordinate.parse(found.purl) == found


@pytest.mark.parametrize(
    "coordinate",
    [
        Coordinate("pypi", "", ""),
        Coordinate("npm", "", "a/b"),
        Coordinate("golang", "a//b", "c"),
        Coordinate("npm", "..", "a"),
    ],
)
def test_what_has_no_package_url_says_so(coordinate: Coordinate) -> None:
    with pytest.raises(ValueError, match="has no package-url"):
        _ = coordinate.purl


def test_the_path_is_the_full_name_at_npm_and_the_module_path_of_go() -> None:
    assert npm("@babel/core").path == "@babel/core"
    assert npm("left-pad").path == "left-pad"
    assert golang("example.com/a/v2").path == "example.com/a/v2"
