"""The lock that is made from what npm leaves."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jhansi_runner.resolvers.node import lock as locks
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

SHA = "sha512-" + base64.b64encode(bytes(64)).decode()
HASH = "sha512:" + "00" * 64


def entry(name: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
    return {"version": version, "resolved": registry.file_url(name, version), "integrity": SHA, **more}


def written(packages: dict[str, Any], *unfit: str, folder: str = "", overrides: object = None) -> str:
    text = json.dumps({"name": "project", "lockfileVersion": 3, "packages": {"": {}, **packages}})
    return locks.written(text, frozenset(unfit), folder, overrides)


ROOT = {"dependencies": {"a": "^1"}}


def test_packages_with_their_hashes_and_needs() -> None:
    packages = {
        "": ROOT,
        "node_modules/a": entry("a", dependencies={"@s/b": "1", "c": "2"}),
        "node_modules/@s/b": entry("@s/b"),
        "node_modules/c": entry("c"),
        "node_modules/a/node_modules/c": entry("c", "2.0.0", dependencies={"@s/b": "1"}),
    }
    packages[""]["dependencies"]["c"] = "1"
    assert locks.locked(written(packages)) == (
        Locked("@s/b", "1.0.0", "pkg:npm/%40s/b@1.0.0", (HASH,)),
        Locked("a", "1.0.0", "pkg:npm/a@1.0.0", (HASH,), ("pkg:npm/%40s/b@1.0.0", "pkg:npm/c@2.0.0")),
        Locked("c", "1.0.0", "pkg:npm/c@1.0.0", (HASH,)),
        Locked("c", "2.0.0", "pkg:npm/c@2.0.0", (HASH,), ("pkg:npm/%40s/b@1.0.0",)),
    )


def test_an_alias_is_its_real_package() -> None:
    packages = {"": {"dependencies": {"x": "npm:a@1"}}, "node_modules/x": {**entry("a"), "name": "a"}}
    assert [each.purl for each in locks.locked(written(packages))] == ["pkg:npm/a@1.0.0"]


def test_the_empty_lock_has_nothing() -> None:
    assert (locks.locked(""), locks.builders("")) == ((), ())


def test_what_this_host_cannot_use_is_left_out_with_what_is_there_for_it_alone() -> None:
    packages = {
        "": {"dependencies": {"a": "1"}},
        "node_modules/a": entry("a", optionalDependencies={"mac": "1", "linux": "1", "wraps": "1"}),
        "node_modules/mac": entry("mac", optional=True, dependencies={"only-mac": "1", "shared": "1"}),
        "node_modules/only-mac": entry("only-mac", optional=True),
        "node_modules/linux": entry("linux", optional=True, dependencies={"shared": "1"}),
        "node_modules/shared": entry("shared", optional=True),
        "node_modules/wraps": entry("wraps", optional=True, dependencies={"mac": "1"}),
    }
    lock = written(packages, "node_modules/mac")
    assert [each.name for each in locks.locked(lock)] == ["a", "linux", "shared"]
    assert json.loads(lock)["packages"]["node_modules/a"]["optionalDependencies"] == {"linux": "1"}


def test_only_an_optional_package_can_be_left_out() -> None:
    assert locks.locked(written({"": ROOT, "node_modules/a": entry("a")}, "node_modules/a"))


def test_what_nobody_needs_is_left_out() -> None:
    packages = {"": ROOT, "node_modules/a": entry("a"), "node_modules/extra": entry("extra")}
    assert [each.name for each in locks.locked(written(packages))] == ["a"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"integrity": "sha1-abc"}, "no sha512"),
        ({"integrity": None}, "no sha512"),
        ({"integrity": "sha512-AAAA"}, "no sha512"),
        ({"resolved": "https://x.test/a/-/a-1.0.0.tgz"}, "not come from the registry"),
        ({"resolved": "git+ssh://x.test/a"}, "not come from the registry"),
        ({"resolved": None}, "not come from the registry"),
        ({"version": "latest"}, "no version"),
        ({"version": None}, "no version"),
        ({"inBundle": True, "resolved": None}, "not come from the registry"),
    ],
)
def test_what_is_no_file_of_the_registry_by_its_sha512_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UnfitLock, match=words):
        written({"": ROOT, "node_modules/a": {**entry("a"), **change}})


def test_another_package_s_file_is_refused() -> None:
    with pytest.raises(UnfitLock, match="not come from the registry"):
        written({"": ROOT, "node_modules/a": entry("evil")})


def test_what_comes_inside_another_package_is_part_of_it() -> None:
    packages = {
        "": ROOT,
        "node_modules/a": entry("a", bundleDependencies=["b"], dependencies={"b": "1"}),
        "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": True, "dependencies": {"c": "1"}},
        "node_modules/a/node_modules/c": {"version": "1.0.0", "inBundle": True},
    }
    assert locks.locked(written(packages)) == (Locked("a", "1.0.0", "pkg:npm/a@1.0.0", (HASH,)),)


def test_two_members_that_disagree_are_told_so() -> None:
    packages = {
        "": {"workspaces": ["packages/p"], "dependencies": {"a": "1"}},
        "node_modules/p": {"resolved": "packages/p", "link": True},
        "packages/p": {"name": "p", "dependencies": {"a": "2"}},
        "node_modules/a": entry("a"),
        "packages/p/node_modules/a": entry("a", "2.0.0"),
    }
    with pytest.raises(UnfitLock, match=r"^packages/p needs a 2.0.0 for itself, and others 1.0.0: "):
        written(packages)


@pytest.mark.parametrize("target", ["../../etc", "/etc", 7, None])
def test_a_link_out_of_the_workspace_is_refused(target: object) -> None:
    with pytest.raises(UnfitLock, match="link out of the workspace"):
        written({"": ROOT, "node_modules/a": {"resolved": target, "link": True}})


@pytest.mark.parametrize("place", ["node_modules/../../x", "node_modules/.bin", "node_modules/a/node_modules/b", "x"])
def test_a_link_at_a_place_that_is_none_is_refused(place: str) -> None:
    with pytest.raises(UnfitLock, match="is no place for a package"):
        written({place: {"resolved": "p", "link": True}, "p": {}})


def test_commands_of_the_workspace_stay_in_it() -> None:
    programs = {"ok": "./cli.js", "../x": "a.js", "@s/x": "a.js", "out": "../../a.js", "odd": 7}
    packages = {"": {}, "node_modules/p": {"resolved": "p", "link": True}, "p": {"bin": programs}}
    assert locks.project_files(written(packages))[2] == [("/sandbox/p", "p"), ("../p/cli.js", ".bin/ok")]


@pytest.mark.parametrize("name", ["..", "../../x", "@s", ".bin", "a/b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnfitLock):
        written({"": {"dependencies": {name: "1"}}, f"node_modules/{name}": entry("a")})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": []}', '{"packages": {"": 1}}', "[" * 100_000])
def test_a_lock_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UnfitLock, match="cannot be read"):
        locks.written(text, frozenset(), "", None)


def test_packages_that_have_to_run_something_are_named_and_harmless_ones_not() -> None:
    packages = {
        "": {"dependencies": {"a": "1", "esbuild": "1"}},
        "node_modules/a": entry("a", hasInstallScript=True),
        "node_modules/esbuild": entry("esbuild", hasInstallScript=True),
    }
    assert locks.builders(written(packages)) == ("a",)


def test_the_lock_tells_the_installer_all_that_it_needs() -> None:
    packages = {
        "": {"name": "x", "workspaces": ["p"], "dependencies": {"a": "1"}},
        "node_modules/@m/p": {"resolved": "p", "link": True},
        "p": {"name": "@m/p", "version": "1.0.0", "bin": {"run": "./cli.js"}},
        "node_modules/a": entry("a"),
    }
    folder, files, links = locks.project_files(written(packages, folder="web", overrides={"a": "1"}))
    assert folder == "web"
    root = {"workspaces": ["p"], "dependencies": {"a": "1"}, "overrides": {"a": "1"}}
    assert json.loads(files["package.json"]) == root
    assert json.loads(files["p/package.json"]) == packages["p"]
    assert json.loads(files["package-lock.json"]).keys() == {"lockfileVersion", "requires", "packages"}
    assert links == [("/sandbox/web/p", "@m/p"), ("../@m/p/cli.js", ".bin/run")]


def test_equal_projects_have_equal_locks() -> None:
    packages = {"": ROOT, "node_modules/a": entry("a")}
    assert written(packages) == written(dict(reversed(packages.items())))
