"""Semantic versions: what npm and Go take for one, and the order of the specification."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.versions.interface import rank
from jhansi_runner.proxy.versions.semver import SemVer, parse_golang, parse_npm, parse_short_golang

GO_ORDER = [line.split("\t") for line in Path(__file__).with_name("golang_order.tsv").read_text().splitlines()]
"""Recorded from `Compare` of golang.org/x/mod/semver, as it comes with Go 1.26."""
IN_ORDER = [
    "1.0.0-0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-Alpha", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0",
]  # fmt: skip
VERSIONS = st.builds(
    "{}.{}.{}{}".format,
    *[st.integers(0, 2)] * 3,
    st.sampled_from(["", "-0", "-1", "-10", "-a", "-a.1", "-a.b", "-A", "-1a", "--", "+x"]),
)


def npm(text: str) -> SemVer:
    version = parse_npm(text)
    assert version
    return version


def test_versions_come_in_the_order_of_the_specification() -> None:
    assert all(npm(one) < npm(other) for one, other in pairwise(IN_ORDER))
    assert sorted(map(npm, reversed(IN_ORDER))) == list(map(npm, IN_ORDER))


@given(VERSIONS, VERSIONS, VERSIONS)
def test_the_order_is_total(first: str, second: str, third: str) -> None:
    a, b, c = npm(first), npm(second), npm(third)
    assert rank(a, b) == -rank(b, a)
    assert not (rank(a, b) <= 0 and rank(b, c) <= 0) or rank(a, c) <= 0


def test_build_metadata_is_no_part_of_the_order_but_of_the_spelling() -> None:
    assert rank(npm("1.0.0+a"), npm("1.0.0+b")) == 0
    assert npm("1.0.0+a") != npm("1.0.0+b")


@pytest.mark.parametrize(("left", "sign", "right"), GO_ORDER)
def test_go_orders_them_alike(left: str, sign: str, right: str) -> None:
    one, other = parse_short_golang(left), parse_short_golang(right)
    assert one and other
    assert rank(one, other) == ["<", "==", ">"].index(sign) - 1


@pytest.mark.parametrize(
    "text", ["0.0.0", "v1.2.3", "1.2.3-0a", "1.2.3--", "1.2.3-a.b-c.0+001", "9007199254740991.0.0"]
)
def test_a_version_of_npm(text: str) -> None:
    assert parse_npm(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3+a+b",
        "=1.2.3", "1.2.3beta", " 1.2.3", "1.2.3\n", "1.x.0", "\u0661.0.0", "1.2.3-\u00e9", "9007199254740992.0.0",
        "1.2.3-" + "a" * 256, "latest",
    ],
)  # fmt: skip
def test_no_version_of_npm(text: str) -> None:
    assert parse_npm(text) is None


@pytest.mark.parametrize(
    "text", ["v0.0.0-20190101000000-abcdefabcdef", "v2.0.0+incompatible", "v1.2.3-pre", "v99999999999999999999.0.0"]
)
def test_a_version_of_go(text: str) -> None:
    assert parse_golang(text)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "v1", "v1.2", "v01.0.0", "v1.2.3-01", "v1.2.3 ", "master", "V1.2.3", "vv1.2.3"]
)
def test_no_version_of_go(text: str) -> None:
    assert parse_golang(text) is None
