"""What package managers print when they find nothing that fits, read as package and range."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.unmet import unmet

PRINTED = {
    "npm error notarget No matching version found for app@3.0.0.\n": ("pkg:npm/app", "3.0.0", True),
    "npm error 403 Could not download @acme/dep@^2.0.0 || 3 due to policy violations:\n": (
        "pkg:npm/%40acme/dep", "^2.0.0 || 3", True,
    ),
    "npm error 404  The requested resource 'x@*' could not be found or": ("pkg:npm/x", "", True),
    "npm error 404  The requested resource 'x@https://r.test/x-1.tgz' could not be found": ("pkg:npm/x", "", True),
    " ERR_PNPM_NO_MATCHING_VERSION  No matching version found for dep@>=1 <2 while fetching it from": (
        "pkg:npm/dep", ">=1 <2", True,
    ),
    "error Couldn't find any versions for \"@a/dep\" that matches \"^2.0.0\"": ("pkg:npm/%40a/dep", "^2.0.0", True),
    "error No valid versions found for \"nat-win\". The package may be": ("pkg:npm/nat-win", "", True),
    "error Couldn't find package \"bad@1\" required by \"x\"": ("pkg:npm/bad", "1", True),
    "\x1b[31m➤\x1b[39m YN0082: │ dep@npm:^2: No candidates found": ("pkg:npm/dep", "^2", True),
    "ERROR: No matching distribution found for dep<3,>=2\n": ("pkg:pypi/dep", "<3,>=2", True),
    "ERROR: No matching distribution found for Some.Thing[a,b]==1.0\n": ("pkg:pypi/some-thing", "==1.0", True),
    "cause: Because there is no version of app==3.0 and you": ("pkg:pypi/app", "==3.0", True),
    "Because nat==1.0 has no wheels with a matching platform tag": ("pkg:pypi/nat", "==1.0", True),
    "Because nothing was not found in the package registry and": ("pkg:pypi/nothing", "", True),
    "only dep==1.0 is available and app>=2.0 depends on dep>=2, we": ("pkg:pypi/dep", ">=2", False),
}  # fmt: skip


@pytest.mark.parametrize("words", PRINTED)
def test_what_is_printed_is_read(words: str) -> None:
    (found,) = unmet(words)
    assert (found.package.purl, found.specifier, found.sure) == PRINTED[words]


def test_other_words_say_nothing() -> None:
    assert unmet("npm error code ELIFECYCLE\nTraceback: ValueError\nERROR: Could not build wheels for x\n") == ()


def test_what_is_sure_comes_first_and_each_once() -> None:
    words = "you require b>=2 and a was not found in the package registry and you require b>=2"
    assert [one.package.name for one in unmet(words)] == ["a", "b"]


@pytest.mark.parametrize("piece", ["a!", "a@", "=a", "@a/", " depends on a>=1,", "No candidates found ", "a" * 500])
def test_hostile_words_take_a_time_that_is_bounded(piece: str) -> None:
    line = f"{piece * 2000}"[:1900] + " wheels No candidates found due to policy violations"
    assert len(unmet(f"{line}\n" * 100)) <= 200
    assert unmet(piece * (1 << 16)) == ()
