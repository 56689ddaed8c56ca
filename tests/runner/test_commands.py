"""Commands that packages bring."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.runner.commands import COMMAND, asked_by

PACKAGED = {"pytest": "pkg:pypi/pytest", "tsc": "pkg:npm/typescript"}
NOTHING = Plan("python", "none")


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (["pytest", "-q"], "pytest"),
        (["python", "-m", "pytest", "-q"], "pytest"),
        (["python3.12", "-m", "pytest"], "pytest"),
        (["npx", "--yes", "tsc", "-p", "."], "typescript"),
        (["tsc"], "typescript"),
        (["sh", "-c", "pytest -q | tail"], "pytest"),
        (["bash", "-c", "A=1 B=2 python -m pytest"], "pytest"),
    ],
)
def test_a_command_asks_for_its_package(command: list[str], package: str) -> None:
    (found,) = asked_by(command, PACKAGED, NOTHING)
    assert (found.name, found.origin, found.specifier, found.optional) == (package, COMMAND, "", False)
    assert asked_by(command, PACKAGED, Plan("python", "scan")) == (found,)


@pytest.mark.parametrize(
    "command",
    [
        ["pytset"],
        ["python", "pytest"],
        ["python", "-m"],
        ["python", "-c", "pytest"],
        ["./pytest"],
        ["/sandbox/pytest"],
        ["npx"],
        ["sh", "-c", "cd here; pytest"],
        ["sh", "-c", ""],
        ["sh", "-x", "pytest"],
    ],
)
def test_no_other_words_ask_for_one(command: list[str]) -> None:
    assert asked_by(command, PACKAGED, NOTHING) == ()


def test_a_manifest_and_a_scan_that_found_it_decide_alone() -> None:
    there = Requirement("pytest", "", "pkg:pypi/pytest", "pytest", "test_a.py", 1, "identity")
    assert asked_by(["pytest"], PACKAGED, Plan("python", "scan", (there,))) == ()
    assert asked_by(["pytest"], PACKAGED, Plan("python", "requirements.txt")) == ()
