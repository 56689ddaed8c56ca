"""Versions of Maven come in the order of Maven's own `ComparableVersion`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.versions.interface import rank
from jhansi_runner.proxy.versions.maven import MavenVersion, parse_maven

RECORDED = [line.split("\t") for line in Path(__file__).with_name("maven_order.tsv").read_text().splitlines()]
"""Recorded from `ComparableVersion` of Maven 3.8.7, which is that of 3.9.16 too."""
JARS = [
    path
    for folder in ("/usr/share/java", "/usr/share/maven/lib")
    for path in (f"{folder}/maven-artifact-3.x.jar", f"{folder}/commons-lang3.jar")
    if os.path.exists(path)
]
IN_ORDER = [
    "1.0-alpha-1", "1.0-alpha-2", "1.0-beta", "1.0-milestone", "1.0-rc1", "1.0-rc2", "1.0-SNAPSHOT", "1.0", "1.0-sp",
    "1.0-jre", "1.0-1", "1.0-2", "1.0.1", "1.1", "1.10",
]  # fmt: skip
PIECES = [
    "0", "1", "2", "00", "01", "10", "123456789012345678901", "a", "b", "m", "x", "alpha", "Beta", "milestone", "rc",
    "CR", "snapshot", "ga", "Final", "release", "sp", "jre", "_", "+",
]  # fmt: skip
BEGINNINGS, MARKS = ["0", "1", "2", "v1", "a"], [".", "-", "", "..", ".-"]
VERSIONS = st.builds(
    lambda first, rest: first + "".join(mark + piece for mark, piece in rest),
    st.sampled_from(BEGINNINGS),
    st.lists(st.tuples(st.sampled_from(MARKS), st.sampled_from(PIECES)), max_size=5),
)
NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))


def maven(text: str) -> MavenVersion:
    version = parse_maven(text)
    assert version
    return version


def sign(left: str, right: str) -> str:
    return {-1: "<", 0: "==", 1: ">"}[rank(maven(left), maven(right))]


def maven_says(versions: Sequence[str]) -> list[str]:
    """How Maven orders each version and the one after it."""
    main = ["java", "-cp", ":".join(JARS), "org.apache.maven.artifact.versioning.ComparableVersion"]
    output = subprocess.run([*main, *versions], capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in output.splitlines() if line.startswith("   ")]


@pytest.mark.parametrize(("left", "expected", "right"), RECORDED)
def test_the_order_is_the_recorded_one(left: str, expected: str, right: str) -> None:
    assert sign(left, right) == expected


def test_qualifiers_come_in_their_order() -> None:
    assert [one.text for one in sorted(map(maven, reversed(IN_ORDER)))] == IN_ORDER


@pytest.mark.skipif(
    not (JARS and shutil.which("java")), reason="no Maven here to compare with; its answers are recorded"
)
def test_the_order_is_that_of_the_maven_of_this_host() -> None:
    chance = Random(3)  # noqa: S311
    flat = []
    for _ in range(1500):
        flat.append(chance.choice(BEGINNINGS) + "".join(map(chance.choice, [MARKS, PIECES] * chance.randrange(6))))
        # Most pairs of versions differ early, so each has a near one beside it.
        flat.append(flat[-1] + chance.choice([".0", "-0", ".ga", "-final", "-1", ".rc", "1", "x"]))
    assert [sign(one, other) for one, other in pairwise(flat)] == maven_says(flat)


@given(VERSIONS, VERSIONS)
def test_the_order_is_the_same_from_both_sides(left: str, right: str) -> None:
    assert rank(maven(left), maven(right)) == -rank(maven(right), maven(left))


@given(NUMBERS, st.sampled_from([".0", "-0", ".ga", "-Final", ".RELEASE", ".0.0"]))
def test_what_means_nothing_at_the_end_changes_nothing(version: str, end: str) -> None:
    assert sign(version + end, version) == sign(version, version + end) == "=="
    assert maven(version + end) != maven(version)


def test_a_version_of_many_parts_does_no_harm() -> None:
    assert sign("1-" * 127 + "1", "1-" * 127 + "2") == "<"
    assert sign("1a" * 128, "1a" * 127 + "1") == ">"


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "1/2", "../1", "1 2", "1\n", "[1.0]", "1,2", "=1.0", "1:2", "\u0661", "1" * 257]
)
def test_what_cannot_stand_in_a_path_is_no_version(text: str) -> None:
    assert parse_maven(text) is None
