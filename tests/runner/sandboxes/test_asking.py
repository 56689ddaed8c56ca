"""What is asked for when a sandbox is created: every mistake is told, with what to write instead."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.sandboxes.asking import POLICY_BYTES, checked
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import NewSandbox

LANGUAGES = {"python": None, "node": None}
NARROW = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\n"


def refused(**asked: object) -> SandboxError:
    with pytest.raises(SandboxError) as told:
        checked(NewSandbox(**asked), LANGUAGES, 1000.0)  # type: ignore[arg-type]
    assert told.value.status == 400
    assert "Traceback" not in str(told.value)
    str(told.value).encode()
    return told.value


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"language": "node", "ttl": 1000.0, "agent": "Agent 7", "created_by": "Jürgen"},
        {"limits": {"memory": "1GiB", "processes": "5", "cpus": "0.5", "timeout": "60", "disk": "1MiB", "files": "9"}},
        {"policy": NARROW},
    ],
)
def test_what_makes_sense_is_taken(asked: dict[str, object]) -> None:
    given = NewSandbox(**{"ttl": 60.0, **asked})  # type: ignore[arg-type]
    assert checked(given, LANGUAGES, 1000.0) == given


@pytest.mark.parametrize("ttl", [0.0, -1.0, 1000.1, float("nan"), float("inf")])
def test_a_ttl_is_a_time_to_come(ttl: float) -> None:
    assert refused(ttl=ttl).name == "bad_ttl"


def test_a_ttl_is_told_as_it_is_written() -> None:
    with pytest.raises(SandboxError, match=r"ttl 2592001: .* at most 2592000$"):
        checked(NewSandbox(ttl=2_592_001.0), LANGUAGES, 2_592_000.0)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"memory": "1MiB"}, "16 MiB"),
        ({"memory": "lots"}, "memory"),
        ({"cpus": "0"}, "1.5"),
        ({"timeout": "-1"}, "seconds"),
        ({"time": "5"}, "there are memory"),
        ({"workspace": "/"}, "there are memory"),
        ({"\ud800": "1"}, "there are memory"),
        ({"memory": "\ud800"}, "memory"),
    ],
)
def test_limits_are_those_of_exec(limits: dict[str, str], said: str) -> None:
    told = refused(ttl=60.0, limits=limits)
    assert told.name == "bad_limit"
    assert said in str(told)


def test_languages_are_those_that_are_there() -> None:
    assert str(refused(ttl=60.0, language="cobol")) == "language cobol: there are python, node"


@pytest.mark.parametrize("text", ["two\nlines", "x" * 201, "\ud800", "\x1b[31m", "\u202e"])
def test_names_are_one_plain_line(text: str) -> None:
    for name in ("agent", "created_by"):
        assert name in str(refused(ttl=60.0, **{name: text}))


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("version: 1", "sandbox-policy:1:1: the policy has no `registries`"),
        (NARROW + "mode: observe\n", "sandbox-policy:4:7"),
        (NARROW + "advisories: {folder: /etc}\n", "sandbox-policy:4:1"),
        (NARROW.replace("true}", "true, upstream: 'https://x.test/'}"), "sandbox-policy:2:36"),
        ("\ud800", "half a character"),
        ("#" * (POLICY_BYTES + 1), "at most"),
        ("[" * 5000, "sandbox-policy:1"),
    ],
)
def test_a_policy_can_only_narrow(policy: str, said: str) -> None:
    told = refused(ttl=60.0, policy=policy)
    assert told.name == "bad_policy"
    assert said in str(told)
