"""What a run is ordered with, of what was asked for and what the operator allows."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.engine.interface import Wanted
from jhansi_runner.runner.engine.order import order
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Program

RUN, SANDBOX = f"run_{1:016x}", f"sb_{1:032x}"


def _timeout(asked: float | None, limits: dict[str, str], longest: float = 100) -> object:
    wanted = Wanted(RUN, SANDBOX, "/work", Program("main.py", timeout=asked), lambda: None, limits=limits)
    return order(wanted, 10, longest).options.get("timeout")


@pytest.mark.parametrize(
    ("asked", "limits", "has"),
    [
        (None, {}, None),  # the service's own, which is no option
        (100.0, {}, "100"),
        (50.0, {"timeout": "20"}, "20"),
        (5.0, {"timeout": "20"}, "5"),
        (None, {"timeout": "1000"}, "100"),
    ],
)
def test_a_program_has_the_least_of_what_is_asked_for_and_allowed(
    asked: float | None, limits: dict[str, str], has: str | None
) -> None:
    assert _timeout(asked, limits) == has


def test_more_than_a_program_may_have_is_refused() -> None:
    with pytest.raises(SandboxError, match="100 seconds") as caught:
        _timeout(100.5, {})
    assert (caught.value.status, caught.value.name) == (403, "bad_timeout")
    assert "--longest-timeout" in caught.value.hint


@pytest.mark.attack
@pytest.mark.parametrize(
    "program",
    [
        Program(command="x" * 131_000),
        Program(command=("echo", "ü" * 70_000)),
        Program(filename="main.py", args=("x" * 131_000,)),
        Program(command="true", env={"A": "x" * 131_000}),
    ],
)
def test_a_word_that_no_program_can_be_given_is_a_mistake_and_no_fault(program: Program) -> None:
    """Else whoever has a token sets off what operators watch for."""
    with pytest.raises(SandboxError, match="bytes that a word may have") as caught:
        order(Wanted(RUN, SANDBOX, "/work", program, lambda: None), 60, 100)
    assert caught.value.status == 400
    assert len(str(caught.value)) < 200
