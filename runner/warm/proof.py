"""The proof of an export: what was warmed is asked again of a cache made from the bundle, with no way out.

Exact releases are asked of the mirror, as any client would ask. Where a project's own tools had been run, they are run
again, in a sandbox, through a gate that has this cache alone. Source: ADR 0014.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.bundle.judging import Scope
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.sources import own_path
from jhansi_runner.runner.console import say
from jhansi_runner.runner.doctor.killed import released
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm.fetch import fetch
from jhansi_runner.runner.warm.gather import again
from jhansi_runner.runner.warm.kept import BadWant, Kept, kept_wants
from jhansi_runner.runner.warm.report import Told
from jhansi_runner.runner.warm.wants import Exact

_SHOWN = 10
_MAIN = "from jhansi_runner.runner.entry import main; main()"
_IDLE_SECONDS = "1"
_HINT = "warm it again, and export then; or delete {folder} to forget what was warmed"


@dataclass(frozen=True, slots=True)
class Proof:
    """What is to be shown. `means` tells whether a release is meant by the export; `policy_file` is "" for one's own.

    `say` hears what is tried.
    """

    wants: Sequence[Kept]
    means: Callable[[Exact], bool]
    policy: PolicySet
    policy_file: str
    env: Mapping[str, str]
    say: Callable[[str], None]

    def hold(self, home: str) -> None:
        """Try it in a home whose cache holds what the bundle holds. Raises RunnerError with what is not there."""
        env = {**self.env, "JHANSI_HOME": home, "JHANSI_PROXY_IDLE": _IDLE_SECONDS}
        folders = paths.current(env)
        missing: list[str] = []
        try:
            for want in self.wants:
                missing += self._asked(want, folders)
                missing += self._run(want, env)
        finally:
            if os.path.isdir(folders.runtime):
                released(f"{folders.runtime}/{folders.service_key}.lock")
        if missing:
            more = [f"and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []
            hint = _HINT.format(folder=f"{paths.current(self.env).state}/wants")
            raise RunnerError(
                "the bundle would not do what was warmed for; nothing was written",
                lines=(*missing[:_SHOWN], *more, hint),
            )

    def _asked(self, want: Kept, folders: paths.Paths) -> list[str]:
        exacts = [one for one in again(want.inputs, want.targets).exacts if self.means(one)]
        if not exacts:
            return []
        self.say(f"proving: {', '.join(names(want))}")
        report = fetch(exacts, want.targets, self.policy, folders, offline=True)
        return [_line(one) for one in (*report.missing, *report.failed)]

    def _run(self, want: Kept, env: Mapping[str, str]) -> list[str]:
        found: list[str] = []
        for project in want.projects:
            if not os.path.lexists(project):
                self.say(f"not proven: {project} is not there any more, so it was not built again")
                continue
            self.say(f"proving: {project} is built again with the bundle alone")
            found += _warmed_offline(project, want, self.policy_file or _own_policy(self.env), env)
        return found


def _warmed_offline(project: str, want: Kept, policy: str, env: Mapping[str, str]) -> list[str]:
    """What `cache warm --offline` finds missing, in a process of its own: the home that is tried is not ours."""
    words = [sys.executable, "-P", "-c", _MAIN, "cache", "warm", "--offline", "--json", project]
    words += ["--python", ",".join(dict.fromkeys(one.python for one in want.targets))]
    words += ["--platform", ",".join(dict.fromkeys(f"linux-{one.machine}" for one in want.targets))]
    words += ["--policy", policy] if policy else []
    done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    try:
        told = json.loads(done.stdout)
        missing = [_of_json(one) for one in (*told["missing"], *told["failed"])]
        return [*map(str, told["not_resolved"]), *missing]
    except (ValueError, KeyError, TypeError):
        return [f"{project}: cache warm --offline ended with {done.returncode}; what it said is above"]


def _of_json(one: Mapping[str, str]) -> str:
    return _line(Told(one["purl"], one.get("where", ""), one.get("reason", ""), what=one.get("what", "")))


def proof_of(scope: Scope, policy: PolicySet, policy_file: str, env: Mapping[str, str]) -> Proof:
    """The proof of an export of this scope, by what is kept of warmings. Raises RunnerError for one that is damaged."""
    try:
        wants = kept_wants(paths.current(env).state)
    except BadWant as error:
        raise RunnerError(str(error)) from None
    if scope.types or scope.patterns:  # a project's own tools ask for all that it needs
        wants = [Kept(want.inputs, want.targets) for want in wants]

    def means(one: Exact) -> bool:
        return scope.means(one.coordinate, one.coordinate.type)

    return Proof(wants, means, policy, policy_file, env, say)


def names(want: Kept) -> Sequence[str]:
    """What a want was made from, as people know it, without the folders of this host."""
    hosts = ", ".join(one.name for one in want.targets)
    inputs = [os.path.basename(name).removesuffix(".resolved") for name in want.inputs]
    projects = [os.path.basename(project) for project in want.projects]
    return [f"{name}, for {hosts}" for name in dict.fromkeys([*inputs, *projects])]


def _own_policy(env: Mapping[str, str]) -> str:
    """The user's own policy by its path, "" for none: the home that is tried has none."""
    own = own_path(env)
    return own if own and os.path.exists(own) else ""


def _line(told: Told) -> str:
    what = f" ({told.what})" if told.what else ""
    return f"{told.purl}{what}, wanted by {told.where}: {told.reason}"
