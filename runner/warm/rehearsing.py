"""Letting a project's own tools begin with nothing, in a sandbox, so that all that they fetch is fetched.

Source: ADR 0015.
"""

from __future__ import annotations

import os

from jhansi_runner.resolvers.elsewhere import Rehearsal
from jhansi_runner.resolvers.resolver import PROJECT, STAGE
from jhansi_runner.runner.aftermath import tell_refused
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.resolution import ABSENT
from jhansi_runner.runner.stage import Stage, StepFailed
from jhansi_runner.runner.warm import copying
from jhansi_runner.runner.warm.done import Done, last_words
from jhansi_runner.runner.warm.ground import Ground, Terms, job_at


def rehearse(ground: Ground, rehearsal: Rehearsal, terms: Terms, done: Done) -> None:
    """Let the project's tools begin with nothing, then once more with nothing but the cache."""
    name = ground.place.path("")
    if rehearsal.code and ground.policy.egress.run == "none":
        done.trouble.append(f"{name}: is not built, to see what that fetches: the policy says egress.run: none")
        return
    done.ran = True
    if rehearsal.code and any(each.machine != os.uname().machine for each in terms.targets):
        done.notes.append(f"{name}: what a build chooses by the machine that it runs on came for this one alone")
    say(f"{name}: {rehearsal.doing} in a sandbox, on a copy, to see what that fetches")
    words = _rehearsed(ground, ground.job, rehearsal, done)
    if words:
        told = done.trouble if rehearsal.vital else done.notes
        told.append(" ".join([f"{name}: {rehearsal.failed}:", *words]))
    if words or terms.offline:
        return
    say(f"{name}: once more, with the cache alone")
    again = job_at(ground.place.folder, terms, language=ground.place.language, offline=True)
    again.limits = ground.job.limits
    words = _rehearsed(ground, again, rehearsal, done)
    if words:
        done.trouble.append(" ".join([f"{name}: something is not in the cache:", *words]))


def _rehearsed(ground: Ground, job: Job, rehearsal: Rehearsal, done: Done) -> list[str]:
    """The last words of the tools when they failed, [] when all went well. Raises RunnerError."""
    stage = Stage(job, ground.tools)
    try:
        reason = copying.pack(job.workspace, stage.folder + PROJECT.removeprefix(STAGE))
        if reason:
            return [reason]
        for step in rehearsal.steps:
            stage.run(step)
    except StepFailed as failed:
        return last_words(failed.words) or ["they say nothing"]
    except RunnerError as error:
        if error.code != FAILED:  # such as that of a user who has us stop
            raise
        return [str(error), *error.lines]
    finally:
        tell_refused([entry for entry in stage.entries if entry.status != ABSENT])
        done.heard(stage.entries)
        stage.close()
    return []
