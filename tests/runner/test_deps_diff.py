"""What came, went and changed between two runs."""

from __future__ import annotations

import json

from jhansi_runner.runner.evidence.components import Component
from jhansi_runner.runner.evidence.difference import difference
from jhansi_runner.runner.evidence.stored import Artifact
from support.registry import Upstream
from support.user import User
from support.wheels import make_wheel


def component(purl: str, sha256: str = "ab" * 32, licence: str = "MIT") -> Component:
    name, _, version = purl.rpartition("@")
    return Component(purl, name, version, (Artifact(purl, sha256, 1, "file", licence),))


def test_versions_files_and_licences_are_compared() -> None:
    same = component("pkg:npm/same@1")
    before = [
        same,
        component("pkg:npm/gone@1"),
        component("pkg:npm/a@1"),
        component("pkg:npm/b@1"),
        component("pkg:npm/c@1"),
    ]
    after = [
        same,
        component("pkg:npm/come@1"),
        component("pkg:npm/a@2"),
        component("pkg:npm/b@1", "cd" * 32),
        component("pkg:npm/c@1", licence="GPL-3.0-only"),
    ]
    found = difference(before, after)
    assert [change.package for change in found.added] == ["pkg:npm/come"]
    assert [change.package for change in found.removed] == ["pkg:npm/gone"]
    assert [change.package for change in found.changed] == ["pkg:npm/a", "pkg:npm/b", "pkg:npm/c"]


def test_one_more_version_of_a_package_is_a_change_of_it() -> None:
    one, two = component("pkg:npm/%40s/x@1"), component("pkg:npm/%40s/x@2")
    (change,) = difference([one], [one, two]).changed
    assert (change.before, change.after) == ((one,), (one, two))
    assert difference([one, two], [two, one]).changed == ()


def test_two_real_runs_are_compared_with_licences(new_user: User, upstream: Upstream) -> None:
    upstream.add(make_wheel("left", "1.0", licence="MIT"))
    upstream.add(make_wheel("right", "1.0", licence="Apache-2.0"))
    new_user.policy(upstream.url)
    new_user.write("main.py", "pass")
    runs = []
    for needed in ("six==1.15.0\nleft\n", "six==1.16.0\nright\n", ""):
        new_user.write("requirements.txt", needed)
        runs.append(new_user.exec_json("main.py")["run_id"])
    done = new_user.run("deps", "diff", runs[0], runs[1])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[:2] == ["+ pkg:pypi/right@1.0  Apache-2.0", "- pkg:pypi/left@1.0  MIT"]
    assert lines[2].startswith("~ pkg:pypi/six  1.15.0 (NOASSERTION, sha256:")
    assert "-> 1.16.0 (" in lines[2]
    assert lines[3:] == ["1 added, 1 removed, 1 changed"]
    found = json.loads(new_user.run("deps", "diff", "--json", runs[0], runs[1]).stdout)
    assert (found["from"], found["to"]) == (runs[0], runs[1])
    assert [each["licence"] for each in found["added"]] == ["Apache-2.0"]
    assert new_user.run("deps", "diff", runs[0], runs[0]).stdout == "the same packages\n"
    assert new_user.run("deps", "diff", runs[0], runs[2]).stdout.endswith("0 added, 2 removed, 0 changed\n")
    done = new_user.run("deps", "diff", runs[0], runs[1][:8])
    assert (done.returncode, runs[1] in done.stderr) == (125, True)
