"""Packuments as clients read them: the forms, the filter, and tags that lead somewhere."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries.npm_packument import Packument, parse
from jhansi_runner.proxy.registries.npm_render import (
    packument_json,
    precedence,
    tags,
    tags_json,
    version_json,
    wants_full,
)

BASE = "https://registry.test/demo/-"
EXTRA = {"description": "d\u00e9mo \ud800 \u2028", "scripts": {"install": "x"}, "_npmUser": {"name": "me"}, "odd": [1]}
KEPT = {
    "bin": {"demo": "cli.js"},
    "engines": {"node": ">=18"},
    "os": ["linux"],
    "cpu": ["x64"],
    "libc": ["glibc"],
    "dependencies": {"a": "^1"},
    "peerDependencies": {"b": "*"},
    "peerDependenciesMeta": {"b": {"optional": True}},
    "funding": {"url": "https://f.test"},
    "_hasShrinkwrap": False,
}


def _document(*numbers: str, full: bool = True, more: dict[str, Any] | None = None) -> dict[str, Any]:
    versions = {}
    for number in numbers:
        dist = {"shasum": "a" * 40, "tarball": f"http://elsewhere.test/demo-{number}.tgz", "signatures": [{"sig": "s"}]}
        versions[number] = {"name": "demo", "version": number, "dist": dist, **KEPT, **(EXTRA if full else {})}
    document = {"name": "demo", "versions": versions, "dist-tags": {"latest": numbers[-1]}, **(more or {})}
    if full:
        dates = dict.fromkeys(numbers, "2020-01-01T00:00:00Z")
        return {"readme": "# demo", "time": {"created": "c", "modified": "m", **dates}, **document}
    return {"modified": "m", **document}


def _read(document: dict[str, Any]) -> Packument:
    return parse(json.dumps(document).encode(), "demo")


def _shown(document: dict[str, Any], *numbers: str, full: bool) -> dict[str, Any]:
    packument = _read(document)
    found = json.loads(packument_json(packument, [packument.versions[one] for one in numbers], BASE, full=full))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("accept", "full"),
    [
        ("application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*", False),  # npm, Yarn 1, pnpm
        ("application/vnd.npm.install-v1+json", False),
        ("application/vnd.npm.install-v1+json, */*", False),
        ("application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8", False),  # Corepack
        ("Application/Vnd.Npm.Install-V1+Json;Q=0.5", False),
        ("application/json; q=1.0, */*", True),  # pnpm, when it wants dates
        ("application/json", True),  # npm view
        ("*/*", True),  # Yarn 4
        ("", True),
        ("text/html", True),
        ("application/vnd.npm.install-v1+json; q=0.5, application/json", True),
        ("application/vnd.npm.install-v1+json; q=0", True),
        ("application/vnd.npm.install-v1+json; q=x", True),
    ],
)
def test_who_wants_which_form(accept: str, full: bool) -> None:
    assert wants_full(accept) is full


def test_the_full_form_has_all_that_upstream_says_but_what_is_withheld() -> None:
    document = _document("1.0.0", "1.1.0", "2.0.0")
    found = _shown(document, "1.0.0", "1.1.0", full=True)
    assert found.pop("policyRestrictions")["versions"].keys() == {"2.0.0"}
    assert found["time"] == {
        "created": "c",
        "modified": "m",
        **dict.fromkeys(("1.0.0", "1.1.0"), "2020-01-01T00:00:00Z"),
    }
    assert found["readme"] == "# demo" and found["dist-tags"] == {"latest": "1.1.0"}
    assert found.keys() == {"name", "readme", "time", "dist-tags", "versions"}
    for number in ("1.0.0", "1.1.0"):
        expected = document["versions"][number] | {"hasInstallScript": True}
        expected["dist"] |= {"tarball": f"{BASE}/demo-{number}.tgz"}
        assert found["versions"][number] == expected


def test_the_abbreviated_form_has_what_installers_need() -> None:
    document = _document("1.0.0", "2.0.0")
    found = _shown(document, "1.0.0", "2.0.0", full=False)
    assert found.keys() == {"name", "modified", "dist-tags", "versions"} and found["modified"] == "m"
    version = found["versions"]["1.0.0"]
    assert version.keys() == {"name", "version", "dist", "hasInstallScript", *KEPT}
    assert {key: version[key] for key in KEPT} == KEPT
    assert version["dist"] == document["versions"]["1.0.0"]["dist"] | {"tarball": f"{BASE}/demo-1.0.0.tgz"}


@pytest.mark.parametrize("full", [False, True])
def test_what_came_abbreviated_is_passed_on_with_what_we_do_not_know(full: bool) -> None:
    document = _document("1.0.0", full=False)
    document["versions"]["1.0.0"]["novelty"] = {"x": 1}
    found = _shown(document, "1.0.0", full=full)
    assert found["versions"]["1.0.0"]["novelty"] == {"x": 1} and found["modified"] == "m"
    assert "time" not in found


@pytest.mark.parametrize("key", ["stagedVersions", "policyRestrictions", "_attachments"])
def test_no_other_member_brings_back_what_is_withheld(key: str) -> None:
    document = _document(
        "1.0.0", "2.0.0", more={key: {"versions": {"2.0.0": {"dist": {"tarball": "https://evil.test"}}}}}
    )
    text = json.dumps(_shown(document, "1.0.0", full=True))
    assert "evil.test" not in text


def test_what_is_withheld_is_named_for_npm_and_has_nothing_to_install() -> None:
    found = _shown(_document("1.0.0", "2.0.0"), "1.0.0", full=False)["policyRestrictions"]
    assert found["versions"] == {"2.0.0": {"name": "demo", "version": "2.0.0"}}
    assert "policy explain" in found["message"]
    assert "policyRestrictions" not in _shown(_document("1.0.0"), "1.0.0", full=False)


def test_nothing_shown_is_still_a_packument() -> None:
    found = _shown(_document("1.0.0"), full=True)
    assert (found["versions"], found["dist-tags"]) == ({}, {})


def test_one_version_is_a_manifest() -> None:
    packument = _read(_document("1.0.0"))
    short, full = [
        json.loads(version_json(packument, packument.versions["1.0.0"], BASE, full=full)) for full in (False, True)
    ]
    assert full.keys() - short.keys() == set(EXTRA)
    assert short["dist"]["tarball"] == full["dist"]["tarball"] == f"{BASE}/demo-1.0.0.tgz"


@pytest.mark.parametrize(
    ("upstream", "shown", "repaired"),
    [
        ({"latest": "2.0.0", "old": "1.0.0"}, ["1.0.0", "2.0.0"], {"latest": "2.0.0", "old": "1.0.0"}),
        ({"latest": "2.0.0", "old": "1.0.0"}, ["2.0.0"], {"latest": "2.0.0"}),
        ({"latest": "2.0.0", "next": "3.0.0"}, ["1.0.0", "1.10.0", "1.9.0"], {"latest": "1.10.0"}),
        ({"latest": "2.0.0"}, ["1.0.0", "2.0.1-rc.1"], {"latest": "1.0.0"}),
        ({"latest": "2.0.0"}, ["1.0.0", "3.0.0"], {"latest": "1.0.0"}),  # nobody called 3.0.0 the latest
        ({"latest": "2.0.0"}, ["2.0.0-rc.1", "3.0.0"], {"latest": "3.0.0"}),
        ({"latest": "2.0.0"}, ["2.0.0-rc.2", "2.0.0-rc.10", "2.1.0-a"], {"latest": "2.0.0-rc.10"}),
        ({"latest": "2.0.0"}, ["not-semver"], {"latest": "not-semver"}),
        ({"latest": "odd"}, ["not-semver", "1.0.0"], {"latest": "1.0.0"}),
        ({"beta": "9.0.0"}, ["1.0.0", "2.0.0"], {"latest": "2.0.0"}),
        ({"beta": "2.0.0"}, [], {}),
    ],
)
def test_every_tag_leads_to_something_and_latest_is_there(
    upstream: dict[str, str], shown: list[str], repaired: dict[str, str]
) -> None:
    packument = _read(_document(*{*shown, "0.0.1"}, more={"dist-tags": upstream}))
    versions = [packument.versions[number] for number in shown]
    for _ in range(3):
        random.shuffle(versions)
        assert tags(packument, versions) == repaired == json.loads(tags_json(packument, versions))


def test_latest_becomes_no_deprecated_version_where_there_is_another() -> None:
    document = _document("1.0.0", "1.1.0", "2.0.0")
    document["versions"]["1.1.0"]["deprecated"] = "broken"
    packument = _read(document)
    kept = [packument.versions["1.0.0"], packument.versions["1.1.0"]]
    assert tags(packument, kept) == {"latest": "1.0.0"}
    assert tags(packument, kept[1:]) == {"latest": "1.1.0"}


def test_versions_are_ordered_as_the_specification_says() -> None:
    before = ["1", "2", "10", "alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    ordered = ["x", "0.9.9", *(f"1.0.0-{one}" for one in before), "1.0.0", "1.0.1", "1.2.0", "1.10.0"]
    mixed = random.sample(ordered, len(ordered))
    assert sorted(mixed, key=precedence) == ordered
    assert precedence("1.0.0+a") == precedence("1.0.0+b") == precedence("1.0.0")


@given(st.text())
def test_any_text_can_be_ordered(text: str) -> None:
    assert sorted([text, "1.0.0", "1.0.0-a", f"1.0.0-{text}"], key=precedence)


@given(st.text(max_size=20))
def test_no_base_breaks_out_of_the_json(base: str) -> None:
    packument = _read(_document("1.0.0"))
    found = json.loads(packument_json(packument, list(packument.versions.values()), base, full=False))
    assert found["versions"]["1.0.0"]["dist"]["tarball"] == f"{base}/demo-1.0.0.tgz"
