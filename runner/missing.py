"""A program failed for want of a package: which, where, may it come in, and what belongs into the manifest?

Where no manifest says what is needed, or `--fix` asks for it, what is certain is installed and the program run again.
"""

from __future__ import annotations

from collections.abc import Mapping

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.interface import Missing, Requirement
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import Ended
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.missed import by_hand, keep, kept
from jhansi_runner.runner.prepare import language_of, load_policy, make_plan, prepare
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.ticket import Ticket
from jhansi_runner.runner.view import RecordingView

_ROUNDS = 5
_MOST = 20


class Mending:
    """Looks at what a failed program missed, and adds it, for as many rounds as are sensible."""

    def __init__(self, job: Job, env: Mapping[str, str], record: Record | None) -> None:
        self._job, self._env, self._record = job, env, record
        self._added: list[Requirement] = []
        self._rounds = 0

    def after(self, ended: Ended) -> Ticket | None:
        """What to run again with, or None. Tells what was missing, also where nothing can be done about it."""
        view = RecordingView(self._job.workspace)
        resolver = language_of(self._job, view)
        try:
            plan = make_plan(self._job, view, resolver)
            missing = resolver.diagnose(ended.words.decode("utf-8", "replace"), view, plan)[:_MOST]
            policy = load_policy(self._job)
            self._added = self._added or list(kept(self._job, policy))
        except RunnerError:  # the program changed its own manifest, say: there is nothing more to be found out
            return None
        by_author = by_hand(plan, self._job)
        known = {(each.purl, each.text) for each in (*plan.requirements, *self._added)}
        wanted = []
        for each in missing:
            allowed = _allowed(each, policy)
            self._tell(each, allowed=allowed, by_author=by_author)
            if each.requirement is not None and allowed and _key(each.requirement) not in known:
                wanted.append(each.requirement)
        options = self._job.options
        if not wanted or by_author or options.no_install or options.command or self._rounds >= _ROUNDS:
            return None
        self._rounds += 1
        self._added += wanted
        say(f"installing {', '.join(each.text for each in wanted)}, and running again")
        try:
            again = prepare(self._job, self._env, self._record, self._added)
        except RunnerError as error:
            say(f"error: {error}")
            for line in error.lines:
                say(f"  {line}")
            return None
        keep(self._job, self._added)
        if ended.fed:
            say("it is installed now; run the program once more: its input was read and cannot be given again")
            return None
        if self._record is not None:
            self._record.again()
        return again

    def _tell(self, each: Missing, *, allowed: bool, by_author: bool) -> None:
        if self._record is not None:
            self._record.unlisted_imports.append(as_json(each, allowed=allowed))
        provided = f", which {each.requirement.name} provides" if each.requirement is not None else ""
        say(f"not installed: {each.import_name} ({each.file}:{each.line}){provided}: {each.reason}")
        if each.requirement is None:
            if each.closest:
                say(f"  the closest known package is {each.closest}; nothing is installed on a guess")
        elif not allowed:
            say(f"  the policy does not let it in: jhansi-runner policy explain {each.requirement.purl}")
        elif by_author and each.addition:
            say(f"  add to {each.manifest}: {each.addition}")
            say("  or run again with --fix, which installs it for this run")


def _key(requirement: Requirement) -> tuple[str, str]:
    return requirement.purl, requirement.text


def _allowed(each: Missing, policy: PolicySet) -> bool:
    return each.requirement is not None and policy.decide(Coordinate.parse(each.requirement.purl).at(None)).allowed


def as_json(each: Missing, *, allowed: bool) -> dict[str, object]:
    """The object in `unlisted_imports` for something that a run found missing."""
    return {
        "import": each.import_name,
        "file": each.file,
        "line": each.line,
        "reason": each.reason,
        "closest": each.closest,
        "optional": False,
        "package": each.requirement.name if each.requirement is not None else None,
        "purl": each.requirement.purl if each.requirement is not None else None,
        "allowed": allowed,
        "manifest": each.manifest,
        "addition": each.addition,
    }
