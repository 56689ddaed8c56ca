"""What Node projects need on other hosts, with the real npm in its sandbox and a registry on loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from support.npm_tree import policy
from support.registry.npm import NpmUpstream
from support.user import User
from support.warming import HERE, purls, warmed

ARM = ("3.12", "aarch64")

pytestmark = [
    pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="Node is not installed"),
    pytest.mark.usefixtures("npm"),
]


@pytest.fixture
def npm(user: User) -> Iterator[NpmUpstream]:
    """`fast` has a package of its own for each system, as packages with compiled parts do."""
    with NpmUpstream() as up:
        up.add("lodash", "3.0.0")
        up.add("lodash", "4.0.0")
        up.add("express", "1.0.0", dependencies={"lodash": "^3.0.0"})
        kinds = {"linux-x64": ("linux", "x64"), "linux-arm64": ("linux", "arm64"), "darwin-arm64": ("darwin", "arm64")}
        for name, (system, cpu) in kinds.items():
            up.add(f"@fast/{name}", "1.0.0", os=[system], cpu=[cpu], dependencies={f"only-{name}": "*"})
            up.add(f"only-{name}", "1.0.0")
        up.add("@fast/musl", "1.0.0", os=["linux"], libc=["musl"])
        optional = dict.fromkeys([*(f"@fast/{name}" for name in kinds), "@fast/musl"], "1.0.0")
        up.add("fast", "1.0.0", optionalDependencies=optional)
        user.write(user.state / "policy.yaml", policy(up, "default: allow\n"))
        yield up


def test_the_variants_of_the_targets_are_wanted_with_what_they_need_and_no_others(user: User) -> None:
    user.write("package.json", json.dumps({"dependencies": {"fast": "*"}, "devDependencies": {"express": "^1"}}))
    here = warmed(user, "package.json", HERE)
    assert here["trouble"] == []
    own = ["pkg:npm/%40fast/linux-x64@1.0.0", "pkg:npm/express@1.0.0", "pkg:npm/fast@1.0.0", "pkg:npm/lodash@3.0.0"]
    assert purls(here) == [*own, "pkg:npm/only-linux-x64@1.0.0"]
    both = purls(warmed(user, ".", HERE, ARM))
    assert "pkg:npm/%40fast/linux-arm64@1.0.0" in both and "pkg:npm/only-linux-arm64@1.0.0" in both
    assert not [purl for purl in both if "darwin" in purl or "musl" in purl]
    assert sorted(path.name for path in user.work.iterdir()) == ["package.json"]


def test_members_of_a_workspace_may_need_different_versions(user: User) -> None:
    user.write("package.json", json.dumps({"workspaces": ["packages/*"]}))
    for name, spec in (("one", "^3.0.0"), ("two", "^4.0.0")):
        text = json.dumps({"name": name, "version": "1.0.0", "dependencies": {"lodash": spec}})
        user.write(f"packages/{name}/package.json", text)
    found = warmed(user, ".")
    assert purls(found) == ["pkg:npm/lodash@3.0.0", "pkg:npm/lodash@4.0.0"], found
    assert found["trouble"] == []


def test_sources_without_a_manifest_tell_by_what_they_import(user: User) -> None:
    user.write("lib/a.js", "require('express')")
    user.write("b.mjs", "import x from 'lodash'")
    expected = ["pkg:npm/express@1.0.0", "pkg:npm/lodash@3.0.0", "pkg:npm/lodash@4.0.0"]
    assert purls(warmed(user, ".")) == expected


def test_open_package_urls_have_ranges_as_npm_writes_them(user: User) -> None:
    assert purls(warmed(user, "l.txt", listed="pkg:npm/lodash ^3 || ^2")) == ["pkg:npm/lodash@3.0.0"]
    assert purls(warmed(user, "l.txt", listed="pkg:npm/lodash")) == ["pkg:npm/lodash@4.0.0"]
    for evil in ("file:../../home", "git+ssh://evil.test/x", "npm:fast@1"):
        found = warmed(user, "l.txt", listed=f"pkg:npm/lodash {evil}")
        assert found["error"].startswith("l.txt:1: "), found


def test_what_is_denied_or_missing_is_told(user: User, npm: NpmUpstream) -> None:
    rules = "default: allow\nrules:\n  - {deny: 'pkg:npm/lodash', reason: it dashes}\n"
    user.write(user.state / "policy.yaml", policy(npm, rules))
    user.write("package.json", json.dumps({"dependencies": {"express": "*"}}))
    found = warmed(user, ".")
    assert purls(found) == []
    assert "it dashes" in " ".join(found["trouble"]) + found["said"], found


def test_offline_it_is_the_proof_that_all_is_there(user: User, npm: NpmUpstream) -> None:
    user.write("package.json", json.dumps({"dependencies": {"fast": "*"}}))
    assert warmed(user, ".", offline=True)["trouble"]
    user.write("main.js", "require('fast')")
    assert user.exec("main.js").returncode == 0
    npm.requests.clear()
    found = warmed(user, ".", offline=True)
    assert (found["trouble"], npm.requests) == ([], [])
    own = ["pkg:npm/%40fast/linux-x64@1.0.0", "pkg:npm/fast@1.0.0", "pkg:npm/only-linux-x64@1.0.0"]
    assert purls(found) == own
