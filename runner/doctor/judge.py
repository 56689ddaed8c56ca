"""From what was tried to findings. Pure; what the probe says is hostile until it is one of the answers expected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.runner.console import counted, shown
from jhansi_runner.runner.doctor.attempts import Attempt
from jhansi_runner.runner.doctor.findings import Finding, fault, untried, well

_MAX_LINES, _MAX_SAID = 1000, 120
REPORT = (
    "This is a fault of jhansi-runner's or of this host's kernel. Run nothing here that you do not trust,",
    "and report it, with what `jhansi-runner doctor --json` prints.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether an attempt got there, and what it was told."""

    reached: bool
    said: str


Answers = Mapping[str, Answer]


def answers(output: str, asked: Iterable[str]) -> dict[str, Answer]:
    """The answers in what the probe printed, to what was asked and nothing else. The worse of two counts."""
    wanted, found = set(asked), dict[str, Answer]()
    for line in output.splitlines()[:_MAX_LINES]:
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(one, dict):
            continue
        name, reached = one.get("name"), one.get("reached")
        if not isinstance(name, str) or name not in wanted or not isinstance(reached, bool):
            continue
        if name not in found or not found[name].reached:
            found[name] = Answer(reached, shown(str(one.get("said")))[:_MAX_SAID])
    return found


def judge(attempts: Sequence[Attempt], control: Answers, runs: Sequence[Answers]) -> list[Finding]:
    """A finding for each code. `control` is what went outside of the sandbox, `runs` what went in each of them."""
    codes = dict.fromkeys(attempt.code for attempt in attempts)
    return [_one(code, [each for each in attempts if each.code == code], control, runs) for code in codes]


def _one(code: str, tried: Sequence[Attempt], control: Answers, runs: Sequence[Answers]) -> Finding:
    reached, silent, vain, refused = [], [], [], []
    for attempt in tried:
        name = attempt.name.removeprefix(f"{code} ")
        inside = [run.get(attempt.name) for run in runs]
        there = next((one for one in inside if one is not None and one.reached), None)
        outside = control.get(attempt.name)
        if there is not None:
            reached.append(f"{name} ({there.said})")
        elif not inside or None in inside:
            silent.append(name)
        elif outside is None or not outside.reached:
            vain.append(f"{name} ({outside.said if outside is not None else 'no answer'})")
        else:
            refused.append(name)
    if reached:
        return fault(code, f"a program in the sandbox reached {', '.join(reached)}", REPORT, "")
    if silent:
        return fault(code, f"the trial in the sandbox did not tell of {', '.join(silent)}", REPORT, "")
    if not refused:
        return untried(code, f"nothing is shown, as the control did not get there either: {', '.join(vain)}")
    without = f"; the control did not get there either: {', '.join(vain)}" if vain else ""
    return well(code, f"out of reach: {_listed(refused)}{without}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {counted(len(names) - 5, 'other')}"
