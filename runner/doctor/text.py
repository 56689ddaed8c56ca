"""A report as text: a line for each group that is well, details of what is not; and as the object of `--json`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from jhansi_runner.runner.console import counted, shown
from jhansi_runner.runner.doctor.findings import GROUPS, Finding, State, worst
from jhansi_runner.runner.doctor.report import Report
from jhansi_runner.runner.doctor.topics import TOPICS

FORMAT = 1
"""The format of the object: raised when a field changes its meaning or goes; new ones may come any time."""


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when runs are isolated and nothing stops them, 1 otherwise."""
    return 1 if worst(findings) is State.FAULT else 0


def as_data(report: Report, version: str) -> dict[str, Any]:
    """The object of `--json`."""
    facts = asdict(report.host)
    return {
        "format": FORMAT,
        "version": version,
        "verdict": str(worst(report.findings)),
        "host": {**facts.pop("basic"), **facts},
        "findings": [
            {
                "code": one.code,
                "group": TOPICS[one.code].group,
                "state": str(one.state),
                "summary": one.summary,
                "meaning": _meaning(one) if one.state in (State.WARNING, State.FAULT) else "",
                "remedy": list(one.remedy),
                "who": one.who,
            }
            for one in report.findings
        ],
    }


def as_text(report: Report, *, verbose: bool) -> str:
    """Lines for a terminal or a file. `verbose` tells each finding, and not only those that matter."""
    lines: list[str] = []
    for group in GROUPS:
        found = [one for one in report.findings if TOPICS[one.code].group == group]
        lines += _group(group, found, verbose)
    return "\n".join([*lines, "", _verdict(report.findings)]) + "\n"


def _group(group: str, found: Sequence[Finding], verbose: bool) -> Iterator[str]:
    states = [one.state for one in found]
    parts = [
        counted(states.count(state), noun) if noun else f"{states.count(state)} {state}"
        for state, noun in ((State.FAULT, "fault"), (State.WARNING, "warning"), (State.OK, ""))
        if states.count(state)
    ]
    vain = states.count(State.UNTRIED)
    parts += [f"{vain} could not be tried"] if vain else []
    yield f"{group}: {', '.join(parts)}" if len(parts) > 1 or State.OK not in states else f"{group}: ok"
    for one in found:
        if verbose or one.state in (State.WARNING, State.FAULT):
            yield f"  {one.state}: {shown(one.summary)} [{one.code}]"
        if one.state in (State.WARNING, State.FAULT):
            yield from _details(one)
    yield from _in_vain(found, verbose)


def _in_vain(found: Sequence[Finding], verbose: bool) -> Iterator[str]:
    """What could not be tried, as it is not proven; what has one reason in one line."""
    codes: dict[str, list[str]] = {}
    for one in found:
        if one.state is State.UNTRIED:
            codes.setdefault(one.summary, []).append(one.code)
    for summary, each in codes.items():
        if not verbose:
            yield f"  {State.UNTRIED}: {shown(summary)} [{', '.join(each)}]"


def _meaning(one: Finding) -> str:
    return one.meaning or TOPICS[one.code].meaning


def _details(one: Finding) -> Iterator[str]:
    yield f"    that means: {_meaning(one)}"
    if one.who:
        yield "    to mend it:" if one.who == "you" else "    to mend it, an administrator has to:"
    for line in one.remedy:
        yield f"      {shown(line)}" if line else ""


def _verdict(findings: Sequence[Finding]) -> str:
    state = worst(findings)
    if state is State.FAULT:
        faults = [one.code for one in findings if one.state is State.FAULT]
        return f"not well: {', '.join(faults)}"
    warned = "" if state is State.OK else "; see the warnings"
    return f"runs are isolated on this host{warned}"
