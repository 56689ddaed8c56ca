"""Module paths and versions are read as the go command reads them. Expectations are those of x/mod."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries import golang_names as names
from support.modules import escaped

ascii_texts = st.text(st.characters(max_codepoint=127))


@given(ascii_texts.filter(lambda text: "!" not in text))
def test_escaping_is_undone(text: str) -> None:
    assert names.escape(text) == escaped(text)
    assert names.unescape(names.escape(text)) == text


@given(ascii_texts)
def test_every_text_has_one_escaped_form_or_none(text: str) -> None:
    plain = names.unescape(text)
    assert plain is None or names.escape(plain) == text


@pytest.mark.parametrize("text", ["A", "!", "!A", "!1", "a!", "!!a", "b!urnt!", "!-"])
def test_what_escaping_never_gives_is_not_read(text: str) -> None:
    assert names.unescape(text) is None


@pytest.mark.parametrize(
    "path",
    [
        "x.test",
        "x.test/y",
        "github.test/BurntSushi/toml",
        "x.test/y/v2",
        "x.test/y/v10",
        "x.test/y.v3",
        "x.test/y_z~a/-b",
        "x.test/vx",
        "x.test/v",
        "1-2.3/x",
        "x.test/conn",
        "x.test/~a",
        "x.test/x~",
    ],
)
def test_a_path_that_go_takes_is_a_module(path: str) -> None:
    assert names.is_module(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "xtest/y",
        "X.test/y",
        "-x.test/y",
        ".x.test/y",
        "x.test./y",
        "x.test/",
        "/x.test",
        "x.test//y",
        "x.test/.",
        "x.test/..",
        "x.test/.y",
        "x.test/y.",
        "x.test/a b",
        "x.test/a+b",
        "x.test/a@b",
        "x.test/a!b",
        "x.test/a%2fb",
        "x.test/a\\b",
        "x.test/a:b",
        "x.test/\u00e9",
        "x.test/a\n",
        "x.test/v1",
        "x.test/v0",
        "x.test/v02",
        "x.test/v2.1",
        "x.test/con",
        "x.test/Aux.go/y",
        "x.test/COM7",
        "x.test/y~1",
        "x.test/y~12.go",
        "x_y.test/z",
        "x.test/" + "a" * 256,
        "x.test/" + "a/" * 300 + "b",
    ],
)
def test_a_path_that_go_refuses_is_none(path: str) -> None:
    assert not names.is_module(path)


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("x.test/y", "v1.2.3"),
        ("x.test/y", "v0.0.0"),
        ("x.test/y", "v1.2.3-rc.1"),
        ("x.test/y", "v1.2.3-0a.b-c"),
        ("x.test/y", "v2.0.0+incompatible"),
        ("x.test/y", "v0.0.0-20200101000000-abcdefabcdef"),
        ("x.test/y", "v1.2.4-0.20200101000000-abcdefabcdef"),
        ("x.test/y", "v1.2.4-rc.1.0.20200101000000-abcdefabcdef"),
        ("x.test/y", "v2.0.1-0.20200101000000-abcdefabcdef+incompatible"),
        ("x.test/y/v2", "v2.0.0"),
        ("x.test/y/v12", "v12.0.0-a"),
        ("x.test/y.v3", "v3.0.1"),
        ("x.test/y.v1", "v0.0.0-20161208181325-20d25e280405"),
        ("x.test/y.v2-unstable", "v2.0.0"),
        ("go.test/toolchain", "v0.0.1-go1.22.0.linux-amd64"),
    ],
)
def test_a_canonical_version_belongs_to_its_module(module: str, version: str) -> None:
    assert names.is_release(module, version)


@pytest.mark.parametrize(
    ("module", "version"),
    [
        ("x.test/y", ""),
        ("x.test/y", "v1"),
        ("x.test/y", "v1.2"),
        ("x.test/y", "1.2.3"),
        ("x.test/y", "v01.2.3"),
        ("x.test/y", "v1.2.3-01"),
        ("x.test/y", "v1.2.3-"),
        ("x.test/y", "v1.2.3-a..b"),
        ("x.test/y", "v1.2.3+meta"),
        ("x.test/y", "v1.2.3\n"),
        ("x.test/y", "v\u0661.2.3"),
        ("x.test/y", "v2.0.0"),
        ("x.test/y/v2", "v1.0.0"),
        ("x.test/y/v2", "v3.0.0+incompatible"),
        ("x.test/y.v3", "v2.0.0"),
        ("x.test/y", "master"),
        ("x.test/y", "v1.2.3-" + "a" * 200),
    ],
)
def test_what_is_not_canonical_or_of_another_major_version_does_not(module: str, version: str) -> None:
    assert not names.is_release(module, version)


@pytest.mark.parametrize("text", ["master", "v1", "v2.0.0", "abcdef0", "release-1.2", "v1.2.3+meta", "HEAD", "1.x~2"])
def test_a_branch_or_commit_is_a_revision(text: str) -> None:
    assert names.is_revision(text)


@pytest.mark.parametrize(
    "text", ["", ".", "..", ".a", "a.", "-a", "a/b", "a b", "a%", "a@b", "a!b", "a\n", "\u00e9", "a" * 201, "a..", "~x"]
)
def test_nothing_else_is_a_revision(text: str) -> None:
    assert not names.is_revision(text)


def test_a_toolchain_is_told_by_its_path_and_version() -> None:
    assert names.is_toolchain("go.test/toolchain", "v0.0.1-go1.22.0.linux-amd64")
    assert not names.is_toolchain("go.test/toolchain", "v0.0.1")
    assert not names.is_toolchain("go.test/toolchains", "v0.0.1-go1.22.0.linux-amd64")


def test_the_best_version_is_the_one_that_go_would_take() -> None:
    worst_first = [
        "v0.0.0-20190101000000-abcdefabcdef",
        "v1.9.1-0.20200101000000-abcdefabcdef",
        "v0.9.0-alpha",
        "v1.10.0-alpha",
        "v1.10.0-alpha.1",
        "v1.10.0-alpha.2",
        "v1.10.0-alpha.10",
        "v1.10.0-alpha.a",
        "v1.10.0-rc",
        "v0.1.0",
        "v1.2.0",
        "v1.10.0",
        "v2.0.0+incompatible",
    ]
    mixed = random.Random(1).sample(worst_first, len(worst_first))  # noqa: S311
    assert sorted(mixed, key=names.preference) == worst_first


@pytest.mark.parametrize("module", ["x.test", "x.test/y", "x.test/Y/z/v2"])
def test_a_module_is_its_package_and_back(module: str) -> None:
    package = names.coordinate(module, "v1.0.0")
    assert names.module_of(package) == module
    assert package.purl == f"pkg:golang/{module}@v1.0.0"
    assert type(package).parse(package.purl) == package
