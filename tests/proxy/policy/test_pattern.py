"""A pattern names packages of one registry; what only looks like a pattern is refused with what to write."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import join_path
from jhansi_runner.proxy.policy.pattern import Pattern, glob_matches, is_canonical, matches, parse_pattern

SPELLINGS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("pkg:pypi/Foo_Bar", "foo-bar", None),
        ("pkg:PyPI/foo", "foo", None),
        ("pkg:pypi/*", "*", None),
        ("pkg:pypi/Acme_*", "acme-*", None),
        ("pkg:pypi/*-stubs", "*-stubs", None),
        ("pkg:pypi/foo@1.2.3", "foo", "1.2.3"),
        ("pkg:pypi/torch@2.1%2Bcpu", "torch", "2.1+cpu"),
    ],
)
def test_a_pattern_is_read_in_canonical_form(text: str, name: str, version: str | None) -> None:
    assert parse_pattern(text) == Pattern("pypi", "", name, version)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("pkg:npm/*", Pattern("npm", "", "*", None)),
        ("pkg:npm/@acme/*", Pattern("npm", "@acme", "*", None)),
        ("pkg:npm/%40acme/*", Pattern("npm", "@acme", "*", None)),
        ("pkg:npm/@acme/x@1.0.0", Pattern("npm", "@acme", "x", "1.0.0")),
        ("pkg:npm/@acme-*/*-cli", Pattern("npm", "@acme-*", "*-cli", None)),
        ("pkg:npm/left-pad@1.3.0", Pattern("npm", "", "left-pad", "1.3.0")),
        ("pkg:npm/JSONStream", Pattern("npm", "", "JSONStream", None)),
        ("pkg:maven/*", Pattern("maven", "", "*", None)),
        ("pkg:maven/org.apache.*/*", Pattern("maven", "org.apache.*", "*", None)),
        ("pkg:maven/*/log4j-core", Pattern("maven", "*", "log4j-core", None)),
        ("pkg:maven/org.springframework/spring-core", Pattern("maven", "org.springframework", "spring-core", None)),
        ("pkg:maven/g/a@1.0%2B1", Pattern("maven", "g", "a", "1.0+1")),
        ("pkg:golang/*", Pattern("golang", "", "*", None)),
        ("pkg:golang/github.com/acme/*", Pattern("golang", "github.com/acme", "*", None)),
        ("pkg:golang/*.example/x", Pattern("golang", "*.example", "x", None)),
        ("pkg:golang/github.com/Acme/x/v2", Pattern("golang", "github.com/Acme/x", "v2", None)),
        ("pkg:golang/example.com", Pattern("golang", "", "example.com", None)),
        ("pkg:golang/example.com/a@v2.0.0+incompatible", Pattern("golang", "example.com", "a", "v2.0.0+incompatible")),
    ],
)
def test_a_pattern_of_the_other_registries_is_read_as_written(text: str, pattern: Pattern) -> None:
    assert parse_pattern(text) == pattern


@pytest.mark.parametrize(
    ("text", "named", "not_named"),
    [
        ("pkg:npm/*", "left-pad @acme/x JSONStream", ""),
        ("pkg:npm/@acme/*", "@acme/x @acme/left-pad", "x acme @acme-evil/x @acme2/x"),
        ("pkg:npm/left-*", "left-pad left-", "@left-x/y Left-pad"),
        ("pkg:npm/*-cli", "x-cli @acme/x-cli", "x-cli2"),
        ("pkg:npm/left-pad", "left-pad", "Left-Pad @left-pad/left-pad"),
        ("pkg:maven/*", "org.foo/x", ""),
        ("pkg:maven/org.apache.*/*", "org.apache.commons/x org.apache.a.b/y", "org.apache/x org.apachee/x"),
        ("pkg:maven/org.apache*/*", "org.apache/x org.apache.a/x org.apachee/x", "com.org.apache/x"),
        ("pkg:maven/*/log4j-core", "org.foo/log4j-core", "org.foo/log4j-core2"),
        ("pkg:golang/*", "example.com example.com/a/b/v2", ""),
        (
            "pkg:golang/example.com/evil/*",
            "example.com/evil/x example.com/evil/x/v2 example.com/evil/x/y example.com/evil/x/y/z/v10",
            "example.com/evil example.com/evil2/x example.com/evilx other.example.com/evil/x",
        ),
        ("pkg:golang/example.com/evil/x", "example.com/evil/x", "example.com/evil/x/v2 example.com/evil/xy"),
        ("pkg:golang/example.com/*/x", "example.com/a/x example.com/a/b/x", "example.com/x example.com/a/x/v2"),
        ("pkg:golang/*.example/*", "a.example/x a.b.example/x/y", "a.example aexample/x"),
    ],
)
def test_a_star_names_what_the_documentation_says(text: str, named: str, not_named: str) -> None:
    pattern = parse_pattern(text)
    for paths, expected in ((named, True), (not_named, False)):
        for path in paths.split():
            for denies in (False, True):
                found = matches(pattern.type, join_path(pattern.namespace, pattern.name), path, denies=denies)
                assert found == expected, path


def test_a_deny_rule_for_go_is_not_walked_past_with_capital_letters() -> None:
    """Hosts of repositories often serve example.com/Evil/x as they do example.com/evil/x."""
    assert matches("golang", "example.com/evil/*", "example.com/Evil/x", denies=True)
    assert matches("golang", "example.com/Evil/*", "example.com/evil/x", denies=True)
    assert not matches("golang", "example.com/acme/*", "example.com/Acme/x", denies=False)
    assert not matches("npm", "evil", "Evil", denies=True)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("*", "write pkg:pypi/* for every package of PyPI"),
        ("**", "write pkg:pypi/* for every package of PyPI"),
        ("pkg:pypi/", "write pkg:pypi/* for every package of pypi"),
        ("pkg:pypi", "names no package"),
        ("pkg:*/foo", "the registry '*' is not supported"),
        ("pkg:cargo/serde", "the registry 'cargo' is not supported by this release (supported: pypi, npm, maven"),
        (
            "pkg:go/example.com/x",
            "golang): write pkg:golang/example.com/x",
        ),
        ("requests", "write pkg:pypi/requests or pkg:npm/requests"),
        ("left-pad@1.3.0", "write pkg:pypi/left-pad@1.3.0 or pkg:npm/left-pad@1.3.0"),
        ("requests==2.0", "such as pkg:pypi/some-package"),
        ("pypi/requests", "write pkg:pypi/requests"),
        ("npm:left-pad", "write pkg:npm/left-pad"),
        ("npm:@acme/x@1.0.0", "write pkg:npm/@acme/x@1.0.0"),
        ("@acme/x", "write pkg:npm/@acme/x"),
        ("@acme", "write pkg:npm/@acme/*"),
        ("org.foo:bar", "write pkg:maven/org.foo/bar"),
        ("org.foo:bar:1.0", "write pkg:maven/org.foo/bar@1.0"),
        ("maven:org.foo:bar", "write pkg:maven/org.foo/bar"),
        ("example.com/acme/x", "write pkg:golang/example.com/acme/x"),
        ("go:example.com/acme/x", "write pkg:golang/example.com/acme/x"),
        ("pkg:npm/@acme", "names a scope, no package: write pkg:npm/@acme/*"),
        ("pkg:npm/@acme*", "names a scope, no package: write pkg:npm/@acme*/*"),
        ("pkg:npm/acme/x", "a scope begins with @: write pkg:npm/@acme/x"),
        ("pkg:npm/*/x", "a scope begins with @: write pkg:npm/@*/x"),
        ("pkg:npm/@acme/a/b", "is no name at npm"),
        ("pkg:npm/.bin", "is no name at npm"),
        ("pkg:npm/a%2Ab", "is no name at npm"),
        ("pkg:npm/@acme%2Fx", "names a scope"),
        ("pkg:npm/@acme/x@", "no version after @"),
        ("pkg:npm/a**", "write a single *"),
        ("pkg:npm/", "write pkg:npm/* for every package of npm"),
        ("pkg:maven/guava", "names no artifact, or no group: write pkg:maven/guava/*"),
        ("pkg:maven/org.foo.*", "names no artifact, or no group: write pkg:maven/org.foo.*/*"),
        ("pkg:maven/org.foo:bar", "between group and artifact: write pkg:maven/org.foo/bar"),
        ("pkg:maven/org/foo/bar", "a group has dots, not slashes: write pkg:maven/org.foo/bar"),
        ("pkg:maven/org..foo/bar", "is no group/artifact of Maven"),
        ("pkg:golang/gin", "is no path of a Go module"),
        ("pkg:golang/Example.com/x", "a host in lower case with a dot in it"),
        ("pkg:golang/example.com/!acme/x", "is no path of a Go module"),
        ("pkg:golang/example.com/x/v1", "there is no /v0 or /v1"),
        ("pkg:golang/example.com/../x", "is no path of a Go module"),
        ("pkg://pypi/foo", "a slash too many"),
        ("pkg:pypi/a/b", "no namespace"),
        ("pkg:pypi/a**", "write a single *"),
        ("pkg:pypi/fo?", "the only wildcard is *"),
        ("pkg:pypi/foo?arch=x", "qualifiers"),
        ("pkg:pypi/foo#sub", "qualifiers and subpaths"),
        ("pkg:pypi/[ab]c", "is no name on PyPI"),
        ("pkg:pypi/foo bar", "is no name on PyPI"),
        ("pkg:pypi/-foo", "is no name on PyPI"),
        ("pkg:pypi/\u212aelvin", "is no name on PyPI"),
        ("pkg:pypi/foo%2A", "is no name on PyPI"),
        ("pkg:pypi/foo@", "no version after @"),
    ],
)
def test_what_only_looks_like_a_pattern_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        parse_pattern(text)


@given(SPELLINGS)
def test_every_spelling_of_a_name_is_the_same_pattern(name: str) -> None:
    found = parse_pattern(f"pkg:pypi/{name}").name
    assert found == parse_pattern(f"pkg:pypi/{canonicalize_name(name)}").name == canonicalize_name(name)
    assert is_canonical("pypi", "", found)


@given(st.text("ab*", max_size=7), st.text("ab", max_size=7))
def test_a_star_stands_for_any_run_of_characters(pattern: str, text: str) -> None:
    regex = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    assert glob_matches(pattern, text) == (re.fullmatch(regex, text) is not None)


def test_a_pattern_with_many_stars_costs_little_on_a_long_name() -> None:
    start = time.process_time()
    assert not glob_matches("*a" * 30 + "*b", "a" * 20_000)
    assert time.process_time() - start < 1


WRONG = st.builds(
    "{}{}".format,
    st.sampled_from(
        ["", "pkg:npm/", "pkg:npm/a/", "pkg:maven/", "pkg:golang/", "pkg:go/", "pkg:mvn/", "npm:", "go:x.y/"]
    ),
    st.text("ab./@*:1%", max_size=8),
)


@given(WRONG)
def test_what_is_suggested_is_a_pattern(text: str) -> None:
    try:
        parse_pattern(text)
    except ValueError as error:
        for suggestion in re.findall(r"write (pkg:[^ ]+)", str(error)):
            parse_pattern(suggestion)
