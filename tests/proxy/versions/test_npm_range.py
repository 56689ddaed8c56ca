"""An allow rule reads a range of npm as npm does, a deny rule no narrower than the order of versions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.versions.npm_range import exact_npm, parse_npm_range
from jhansi_runner.proxy.versions.semver import SemVer, parse_npm

RECORDED = [
    line.split("\t") for line in Path(__file__).with_name("npm_ranges.tsv").read_text(encoding="ascii").splitlines()
]
"""Which of VERSIONS each range holds, recorded from `satisfies` of node-semver 7.8.5."""
VERSIONS = [
    "0.0.0", "0.0.0-0", "0.0.1", "0.0.3", "0.0.3-rc.2", "0.0.4", "0.1.0", "0.1.2", "0.1.3", "0.2.0", "1.0.0-rc.1",
    "1.0.0", "1.2.0-0", "1.2.0", "1.2.3-alpha", "1.2.3-rc.1", "1.2.3-rc.1.1", "1.2.3-rc.2", "1.2.3-rc.10", "1.2.3",
    "1.2.3+other", "1.2.4-rc.1", "1.2.4", "1.2.7", "1.2.8", "1.3.0-0", "1.3.0", "1.9.9", "2.0.0-0", "2.0.0-rc.1",
    "2.0.0", "2.3.1", "2.3.4", "2.4.0", "2.5.2", "3.0.0-alpha", "3.0.0", "3.1.4",
]  # fmt: skip
SATISFIES = """
const semver = require(process.argv[1]), cases = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(cases.map(([range, version]) => semver.satisfies(version, range))));
"""


def npm(text: str) -> SemVer:
    version = parse_npm(text)
    assert version
    return version


@cache
def semver_of_this_host() -> str | None:
    """Where npm keeps its own node-semver."""
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    done = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=False)
    folder = os.path.join(done.stdout.strip(), "npm", "node_modules", "semver")
    return folder if os.path.isdir(folder) else None


@pytest.mark.parametrize(("text", "expected"), RECORDED)
def test_an_allow_rule_reads_a_range_as_recorded_from_npm(text: str, expected: str) -> None:
    found = parse_npm_range(text)
    assert [version for version in VERSIONS if found.contains(npm(version))] == expected.split()


def some_part(chance: Random) -> str:
    number = [chance.choice("0123") for _ in range(3)]
    tail = chance.choice(["", "", "", "-rc.1", "-rc.2", "-0", "-1.2", "+b"])
    version = ".".join(number)
    return chance.choice([number[0], version[:3], number[0] + ".x", version[:4] + "*", version + tail, "v" + version])


def some_range(chance: Random) -> str:
    marks = ["", "=", ">", ">=", "<", "<=", "^", "~", "~>", "> ", ">= ", "^ "]
    alternatives = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        both = [chance.choice(marks) + some_part(chance) for _ in range(chance.choice([1, 1, 2]))]
        alternatives.append(chance.choice([" ".join(both), f"{some_part(chance)} - {some_part(chance)}"]))
    return " || ".join(alternatives)


@pytest.mark.skipif(semver_of_this_host() is None, reason="no npm here to compare with; its answers are recorded")
def test_an_allow_rule_reads_a_range_as_the_npm_of_this_host() -> None:
    """Where we refuse a range, since a part of it holds nothing, there is nothing to compare.

    npm reads `>=0.0.0` as `*` and forgets what stands beside it, which matters for a few pre-releases.
    """
    chance, cases, ours = Random(5), [], []  # noqa: S311
    for _ in range(4000):
        text = some_range(chance)
        try:
            found = parse_npm_range(text)
        except ValueError:
            continue
        if any(part.startswith((">=0", "^0", "~0", "~>0", "0")) for part in text.replace(" ", "|").split("|")):
            continue
        versions = [".".join(chance.choice("0123") for _ in range(3)) + tail for tail in ("", "-0", "-rc.1", "-rc.2+b")]
        cases += [(text, version) for version in versions]
        ours += [found.contains(npm(version)) for version in versions]
    command = ["node", "-e", SATISFIES, semver_of_this_host() or ""]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True)
    assert len(cases) > 4000
    assert [case for case, one, other in zip(cases, ours, json.loads(done.stdout), strict=True) if one != other] == []


@pytest.mark.parametrize(
    ("text", "version", "contains", "touches"),
    [
        ("<4.17.21", "4.17.20", True, True),
        ("<4.17.21", "4.17.21-rc.1", False, True),
        ("<4.17.21", "4.17.21", False, False),
        ("<2", "2.0.0-rc.1", False, True),
        ("<2", "2.0.0", False, False),
        ("<1.3", "1.3.0-0", False, True),
        ("<=2", "2.9.0-rc.1", False, True),
        ("<=2", "3.0.0-rc.1", False, False),
        ("1.x", "1.0.0-rc.1", False, True),
        ("1.x", "2.0.0-rc.1", False, False),
        ("^1.2.3", "1.9.0-beta", False, True),
        ("^1.2.3", "1.2.3-beta", False, False),
        ("^1.2.3", "2.0.0-0", False, False),
        ("~1.2", "1.2.0-0", False, True),
        (">1.2", "1.3.0-0", False, True),
        (">1.2", "1.2.9", False, False),
        (">=1.0.0", "1.0.0-rc.1", False, False),
        (">=1.2.3-rc.1", "1.2.3-rc.2", True, True),
        (">=1.2.3-rc.1", "1.2.4-rc.2", False, True),
        ("1.0 - 1.4", "1.4.9", True, True),
        ("1.0 - 1.4", "1.4.9-rc.1", False, True),
        ("1.0 - 1.4", "1.5.0-rc.1", False, False),
        ("1.2.3", "1.2.3+build", True, True),
        ("1.2.3", "1.2.3-rc.1", False, False),
        (">=1 <2 || 3.*", "3.0.0-rc.1", False, True),
        (">=1 <2 || 3.*", "2.0.0", False, False),
    ],
)
def test_both_readings_at_each_boundary(text: str, version: str, contains: bool, touches: bool) -> None:
    found = parse_npm_range(text)
    assert (found.contains(npm(version)), found.touches(npm(version))) == (contains, touches)


@given(st.randoms(use_true_random=False), st.sampled_from(VERSIONS))
def test_a_deny_rule_reaches_at_least_as_far_as_an_allow_rule(chance: Random, version: str) -> None:
    try:
        found = parse_npm_range(some_range(chance))
    except ValueError:
        return
    assert found.touches(npm(version)) or not found.contains(npm(version))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "the range is empty"),
        (" || ", "the range is empty"),
        ("1.x ||", "nothing beside || would mean every version"),
        ("|| 1.x", "nothing beside || would mean every version"),
        ("*", "leave `versions` out"),
        ("x", "leave `versions` out"),
        (">=*", "leave `versions` out"),
        ("1.x || *", "leave `versions` out"),
        ("* - 2.0.0", "leave `versions` out"),
        (">=1.0.0,<2.0.0", "write a space, not a comma"),
        ("!=1.5.0", 'write such as "<1.5.0 || >1.5.0"'),
        ("==1.5.0", "write a single ="),
        ("[1.0,2.0)", "write a space, not a comma"),
        ("latest", "is no range of npm"),
        ("^", "is no range of npm"),
        ("1.2.3.4", "is no range of npm"),
        ("01.2.3", "is no range of npm"),
        ("1.2-rc", "is no range of npm"),
        ("1.x.3", "nothing can follow x or *"),
        ("1.2.x-rc.1", "nothing can follow x or *"),
        ("9007199254740992", "a number is too large"),
        (">2 <1", "no version is in this range"),
        ("1.2.3 1.2.4", "no version is in this range"),
        (">1.2.3 <=1.2.3", "no version is in this range"),
        ("2 - 1", "no version is in this range"),
        ("<0.0.0-0", "no version is in this range"),
        ("1.x || >2 <1", "no version is in this range"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        parse_npm_range(text)
    assert wrong in str(caught.value)


@given(st.text("0123x*.-+ ^~<>=|v,ra", max_size=24))
def test_hostile_text_raises_nothing_but_value_errors(text: str) -> None:
    try:
        found = parse_npm_range(text)
    except ValueError:
        return
    assert parse_npm_range(found.text) == found


def test_the_text_is_tidy() -> None:
    assert parse_npm_range("  >=1.0.0   <2||3.x ").text == ">=1.0.0 <2 || 3.x"


def test_one_version_is_allowed_by_its_spelling_and_denied_in_any() -> None:
    found = exact_npm("1.3.0")
    assert found.contains(npm("1.3.0")) and found.touches(npm("1.3.0"))
    assert not found.contains(npm("1.3.0+b")) and found.touches(npm("1.3.0+b"))
    assert not found.touches(npm("1.3.0-rc.1"))


@pytest.mark.parametrize("text", ["latest", "1", "v1.3.0", "^1.0.0"])
def test_what_is_no_version_cannot_be_exact(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no version of npm: write such as 1\.2\.3"):
        exact_npm(text)
