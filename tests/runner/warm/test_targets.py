"""Targets: what options say, and what they cannot say."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.warm.targets import Target, targets

HERE = Target("3.11", "x86_64")


def test_each_python_is_wanted_on_each_platform() -> None:
    found = targets("3.11, 3.12,3.11", "linux-x86_64,linux-aarch64", HERE)
    assert [one.name for one in found] == [
        "Python 3.11 on linux-x86_64",
        "Python 3.11 on linux-aarch64",
        "Python 3.12 on linux-x86_64",
        "Python 3.12 on linux-aarch64",
    ]


def test_what_is_not_said_is_as_it_is_here() -> None:
    assert list(targets("", "", HERE)) == [HERE]
    assert list(targets("", "linux-aarch64", HERE)) == [Target("3.11", "aarch64")]


@pytest.mark.parametrize(
    ("pythons", "platforms"), [("2.7", ""), ("3.12.1", ""), ("3", ""), ("", "macos"), ("", "linux-z80"), ("", "x86_64")]
)
def test_what_is_no_target_is_said_to_be_none(pythons: str, platforms: str) -> None:
    with pytest.raises(ValueError, match=r"is no version of Python|is no platform"):
        targets(pythons, platforms, HERE)
