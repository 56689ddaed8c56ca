"""A program failed for want of a package: which, where, may it come in, and what belongs into the manifest?

Where no manifest says what is needed, or `--fix` asks for it, what is certain is installed and the program run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.paths import UnsafeFolder
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.resolvers.all import resolvers as all_resolvers
from jhansi_runner.resolvers.interface import NOTHING, Missing, Plan, Requirement
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import Ended
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.missed import by_hand, keep, kept, with_missed
from jhansi_runner.runner.prepare import load_policy, make_plan, prepare
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

    def after(self, ended: Ended, found: Ticket) -> Ticket | None:
        """What to run again with, or None. Tells what was missing, also where nothing can be done about it.

        The program has ended, with its own exit code: whatever goes wrong from here on is said, and changes nothing.
        """
        try:
            return self._after(ended.words.decode("utf-8", "replace"), found, fed=ended.fed)
        except KeyboardInterrupt:
            return None
        except RunnerError as error:
            say(f"error: {error}")
            for line in error.lines:
                say(f"  {line}")
        except (OSError, UnsafeFolder) as error:
            say(f"error: {error}")
        return None

    def _after(self, words: str, found: Ticket, *, fed: bool) -> Ticket | None:
        job, options = self._job, self._job.options
        view, resolver = RecordingView(job.workspace), all_resolvers()[found.language]
        # A scan of all that a command might use takes long, and the words are the program's.
        plan = Plan(found.language, NOTHING) if options.command else make_plan(job, view, resolver)
        policy = load_policy(job)
        self._added = self._added or list(kept(job, policy))
        by_author = by_hand(plan, job)
        plan = plan if by_author else with_missed(plan, self._added)
        missing = resolver.diagnose(words, view, plan)[:_MOST]
        known = {_key(each) for each in (*plan.requirements, *self._added)}
        wanted = []
        # What a program says must not make us ask a registry that the program itself may not ask.
        adds = not (by_author or options.no_install or options.command) and policy.egress.run != "none"
        for each in missing:
            requirement = each.requirement if _allowed(each, policy) else None
            new = adds and requirement is not None and _key(requirement) not in known and self._rounds < _ROUNDS
            self._tell(each, allowed=requirement is not None, by_author=by_author, installed=new)
            if requirement is not None and new:
                wanted.append(requirement)
        if not wanted:
            if job.offline:
                self._tell_not_cached([each.requirement for each in missing if _allowed(each, policy)])
            return None
        self._rounds += 1
        self._added += wanted
        say(f"installing {', '.join(each.text for each in wanted)}, and running again")
        again = prepare(job, self._env, self._record, self._added)
        keep(job, self._added)
        if fed:
            say("it is installed now; run the program once more: its input was read and cannot be given again")
            return None
        if self._record is not None:
            self._record.again()
        return again

    def _tell_not_cached(self, needed: Sequence[Requirement | None]) -> None:
        """Say what has to be fetched elsewhere before it can be added here."""
        from jhansi_runner.runner.shortage import not_cached, say_missing

        known = [each for each in needed if each is not None]
        say_missing(self._job, not_cached(known, self._job.folders.cache), self._record)

    def _tell(self, each: Missing, *, allowed: bool, by_author: bool, installed: bool) -> None:
        if self._record is not None:
            self._record.unlisted_imports.append({**as_json(each, allowed=allowed), "installed": installed})
        provided = f", which {each.requirement.name} provides" if each.requirement is not None else ""
        place = f" ({each.file}:{each.line})" if each.line else f" ({each.file})" if each.file else ""
        say(f"not installed: {each.import_name}{place}{provided}: {each.reason}")
        if each.requirement is None:
            if each.closest:
                say(f"  the closest known package is {each.closest}; nothing is installed on a guess")
        elif not allowed:
            say(f"  the policy does not let it in: jhansi-runner policy explain {each.requirement.purl}")
        elif each.addition and (by_author or (self._job.options.command and each.manifest not in ("", each.file))):
            say(f"  add to {each.manifest}: {each.addition}")
            if not self._job.options.command:
                say("  or run again with --fix, which installs it for runs with --fix")


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
