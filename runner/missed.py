"""What earlier runs of a program found missing: kept, so that the next plan names it at once.

Only for a program without a manifest that speaks for it, or with `--fix`; deleting the file costs one more run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace

from jhansi_runner.proxy import paths, whole_file
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import NOTHING, SCAN, Plan, Requirement
from jhansi_runner.runner.job import Job

_MOST_BYTES = 1 << 18


def by_hand(plan: Plan, job: Job) -> bool:
    """Whether a manifest speaks for the program, so that what it forgot is its author's to add."""
    return plan.source not in (SCAN, NOTHING) and not job.options.fix


def keep(job: Job, missed: Sequence[Requirement]) -> None:
    """Remember what a run found missing; it appears whole."""
    path = f"{paths.make(f'{job.private}/missed')}/{job.name}"
    whole_file.write(path, json.dumps([asdict(each) for each in missed]).encode("ascii"))


def kept(job: Job, policy: PolicySet) -> tuple[Requirement, ...]:
    """What earlier runs of a job's program found missing, as far as the policy still lets it in."""
    try:
        with open(f"{job.private}/missed/{job.name}", encoding="utf-8") as file:
            rows = json.loads(file.read(_MOST_BYTES))
        found = [Requirement(**row) for row in rows]
        named = [(each, Coordinate.parse(each.purl).at(None)) for each in found]
    except (OSError, ValueError, TypeError):
        return ()
    return tuple(
        replace(each, extras=tuple(each.extras), hashes=tuple(each.hashes))
        for each, package in named
        if policy.decide(package).allowed
    )


def with_missed(plan: Plan, missed: Sequence[Requirement]) -> Plan:
    """A plan with what it does not ask for yet."""
    asked = {(each.purl, each.text) for each in plan.requirements}
    new = tuple(each for each in missed if (each.purl, each.text) not in asked)
    return replace(plan, requirements=(*plan.requirements, *new)) if new else plan
