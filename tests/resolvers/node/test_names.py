"""Which package an import means, and the names as data."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from jhansi_runner.resolvers.node.builtins import NAMES, is_builtin
from jhansi_runner.resolvers.node.names import PATH, WHY_NOT, NameMap, default_names, package_of, rows
from jhansi_runner.resolvers.node.source import DEFAULT, REQUIRE, WHOLE

DATA = resources.files("jhansi_runner.resolvers.node") / "data"


@pytest.mark.parametrize(
    ("specifier", "package"),
    [
        ("lodash", "lodash"),
        ("lodash/fp", "lodash"),
        ("@scope/a/b/c", "@scope/a"),
        ("discord.js", "discord.js"),
        ("JSONStream", "JSONStream"),
        ("@/components/x", None),
        ("~/x", None),
        ("@scope", None),
        ("", None),
        ("npm:lodash", None),
        ("https://x.test/a.js", None),
        ("a b", None),
        (".hidden", None),
        ("a" * 215, None),
    ],
)
def test_an_import_is_reduced_to_its_package(specifier: str, package: str | None) -> None:
    assert package_of(specifier) == package


@pytest.mark.parametrize("name", ["fs", "node:fs", "fs/promises", "node:test", "node:anything", "path/posix"])
def test_modules_of_node_need_no_package(name: str) -> None:
    assert is_builtin(name)


@pytest.mark.parametrize("name", ["test", "sqlite", "punycode/", "fs/x", "lodash", "_http_agent"])
def test_other_names_are_packages(name: str) -> None:
    assert not is_builtin(name)


def test_the_closest_is_what_is_meant_or_looks_alike() -> None:
    names = NameMap(frozenset({"express", "lodash", "@babel/core", "@babel/parser"}), {"expressjs": "express"})
    assert names.closest("expressjs") == "express"
    assert names.closest("Lodash") == "lodash"
    assert names.closest("lodahs") == "lodash"
    assert names.closest("@babel/cor") == "@babel/core"
    assert names.closest("@bable/core") is None  # another scope is somebody else's
    assert names.closest("zzqqxx") is None


@pytest.mark.parametrize("name", ["express", "lodash", "@aws-sdk/client-s3", "discord.js", "telegraf", "brain.js"])
def test_widely_used_names_are_known(name: str) -> None:
    assert default_names().is_known(name)


@pytest.mark.parametrize("name", ["expres", "loadash", "reqeusts", "crossenv", "discordjs", "openai-api", "fs", "http"])
def test_misspelled_and_made_up_names_are_not(name: str) -> None:
    assert not default_names().is_known(name)


@pytest.mark.parametrize("file", ["known.txt", "more.txt"])
def test_lists_are_sorted_unique_and_names_of_packages(file: str) -> None:
    names = rows((DATA / file).read_text("utf-8"))
    assert names == sorted(set(names))
    assert [name for name in names if package_of(name) != name or name in NAMES] == []


def test_the_lists_are_as_long_as_they_say() -> None:
    assert len(rows((DATA / "known.txt").read_text("utf-8"))) > 14_900
    assert not set(rows((DATA / "more.txt").read_text("utf-8"))) & set(rows((DATA / "known.txt").read_text("utf-8")))


def test_what_is_meant_is_known_and_the_wrong_name_is_not() -> None:
    names = default_names()
    assert [row for row in names.meant.items() if names.is_known(row[0]) or not names.is_known(row[1])] == []
    assert list(names.meant) == sorted(names.meant)


@pytest.mark.parametrize("name", ["axos", "chlk"])
def test_a_short_name_may_lack_a_letter(name: str) -> None:
    assert default_names().closest(name) == {"axos": "axios", "chlk": "chalk"}[name]


@pytest.mark.parametrize("name", ["src", "rx1", "rxj", "lib", "utils", "config", "models", "core"])
def test_short_and_general_names_have_no_closest(name: str) -> None:
    assert default_names().closest(name) is None


def test_what_no_import_is_enough_for_has_a_reason() -> None:
    names = default_names()
    assert list(names.refused) == sorted(names.refused)
    assert set(names.refused.values()) == WHY_NOT.keys()
    assert not [name for name in names.refused if names.is_known(name) or package_of(name) != name or name in NAMES]


@pytest.mark.parametrize("name", ["left-pad", "request", "node-ipc", "event-stream", "faker", "node-uuid"])
def test_rows_about_packages_that_were_given_up_are_about_known_ones(name: str) -> None:
    names = default_names()
    assert (name in names.known, names.refused[name]) == (True, "old")


def test_no_package_that_looks_alike_is_named_that_no_import_is_enough_for() -> None:
    names = NameMap(frozenset({"request", "requests-x"}), {}, {"request": "old"})
    assert names.closest("requestz") == "requests-x"


def test_every_row_of_versions_is_of_a_form_and_a_known_package() -> None:
    told = rows((DATA / "forms.txt").read_text("utf-8"))
    assert len({tuple(row.split()[:2]) for row in told}) == len(told)
    for row in told:
        form, what, versions = row.split()
        assert form in (REQUIRE, DEFAULT, WHOLE, PATH)
        assert default_names().is_known(package_of(what) or ""), what
        assert re.fullmatch(r"<\d+|\d+\.\d+\.\d+(-rc\.\d+)?", versions), row
