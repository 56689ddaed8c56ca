"""What go.mod and go.work say, and what is wrong with them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.golang import modfile
from jhansi_runner.resolvers.golang.modfile import Replace, Require
from jhansi_runner.resolvers.interface import ManifestError

TEXT = """\
module "example.test/app" // words

go 1.21
toolchain go1.22.1

require (
\texample.test/b v1.2.3 // indirect
\texample.test/c/v2 v2.0.0-20200101000000-abcdefabcdef//indirect
\t"example.test/d" v0.1.0 // indirect; because
)
require example.test/e v1.0.0+incompatible // needed
replace example.test/b => ./local
replace example.test/c/v2 v2.1.0 => example.test/f v1.0.0
exclude (
\texample.test/b v1.0.0
)
retract [v1.0.0, v1.2.0] // bad
tool example.test/d/cmd/x
godebug default=go1.21
"""


def test_every_statement_that_counts() -> None:
    found = modfile.parse("go.mod", TEXT.encode())
    assert (found.module, found.go, found.go_line) == ("example.test/app", "1.21", 3)
    assert found.requires == (
        Require("example.test/b", "v1.2.3", 7, indirect=True),
        Require("example.test/c/v2", "v2.0.0-20200101000000-abcdefabcdef", 8, indirect=True),
        Require("example.test/d", "v0.1.0", 9, indirect=True),
        Require("example.test/e", "v1.0.0+incompatible", 11),
    )
    assert found.replaces == (
        Replace("example.test/b", "", "./local", "", 12),
        Replace("example.test/c/v2", "v2.1.0", "example.test/f", "v1.0.0", 13),
    )
    assert [each.is_folder for each in found.replaces] == [True, False]


def test_a_workspace_file() -> None:
    found = modfile.parse("go.work", b"go 1.21\n\nuse (\n\t./a\n\t./b // second\n)\nuse ../c\n")
    assert found.uses == (("./a", 4), ("./b", 5), ("../c", 7))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("module a\nrequire (\n", 0, "is not closed"),
        ("require a.b/c\n", 1, "require is not written like this"),
        ("go latest\n", 1, "no version of Go"),
        ("\nrequire Up.per/x v1.0.0\n", 2, "not the path of a module"),
        ("require a.b/c v1;0\n", 1, "not a version"),
        ("replace a.b/c => d.e/f\n", 1, "has no version"),
        ('module "a\n', 1, "cannot be read"),
        ("module \xff", 0, "UTF-8"),
    ],
)
def test_what_cannot_be_obeyed_is_told_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ManifestError) as caught:
        modfile.parse("go.mod", text.encode("latin-1"))
    assert caught.value.line == line
    assert words in caught.value.message


@given(st.text(alphabet=st.sampled_from('require module go use (){}[],"`/\n\t =>.v1ab'), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ManifestError):
        modfile.parse("go.mod", text.encode())


@pytest.mark.parametrize(
    ("one", "other"), [("1.21", "1.21.0"), ("1.9", "1.10"), ("1.21rc2", "1.22"), ("1.26.8", "1.27")]
)
def test_releases_of_go_are_compared_as_numbers(one: str, other: str) -> None:
    assert modfile.numbers(one) <= modfile.numbers(other)
