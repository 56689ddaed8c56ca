"""One warming from its inputs to its report: read, resolve what is open, fetch, and keep it as a want."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm.fetch import Watch, fetch
from jhansi_runner.runner.warm.gather import Gathered, gather
from jhansi_runner.runner.warm.kept import Kept, keep
from jhansi_runner.runner.warm.lists import line_of
from jhansi_runner.runner.warm.report import Report
from jhansi_runner.runner.warm.resolving import resolve
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be warmed and how. `policy_file` is "" for the user's own policy; `policy` is the one in force."""

    given: tuple[str, ...]
    targets: tuple[Target, ...]
    policy: PolicySet
    policy_file: str = ""
    offline: bool = False
    dry: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """What became of it. `trouble` are sentences on what could not be resolved; `kept` is the want's digest or ""."""

    report: Report
    trouble: tuple[str, ...] = ()
    kept: str = ""

    @property
    def whole(self) -> bool:
        """Whether all that was wanted is there."""
        return self.report.whole and not self.trouble


def warm(order: Order, folders: paths.Paths, env: Mapping[str, str], watch: Watch) -> Done:
    """Warm the cache. Raises RunnerError for inputs that cannot be read, Interrupted, and what the cache raises."""
    begun = time.time()
    gathered = gather(order.given, order.targets)
    exacts, notes, trouble, projects = list(gathered.exacts), list(gathered.notes), [], []
    listed: dict[str, bytes] = {}
    for one in gathered.unresolved:
        try:
            found = resolve(
                one.path, one.wants, order.targets, env, policy=order.policy_file or None, offline=order.offline
            )
        except RunnerError as error:
            trouble.append("\n".join([str(error), *error.lines]))
            continue
        exacts += found.exacts
        notes += found.notes
        trouble += found.trouble
        listed[f"{one.path}.resolved"] = _lines(found.exacts)
        projects += [os.path.abspath(one.path)] if found.ran else []
    wanted = tuple(dict.fromkeys(exacts))
    since = begun if gathered.unresolved and not order.offline else math.inf
    report = fetch(
        wanted, order.targets, order.policy, folders, offline=order.offline, dry=order.dry, since=since, watch=watch
    )
    report = replace(report, notes=tuple(dict.fromkeys([*notes, *report.notes])))
    done = Done(report, tuple(trouble))
    if not done.whole or order.dry or order.offline:
        return done
    return replace(done, kept=_keep(gathered, listed, projects, order.targets, folders))


def _keep(
    gathered: Gathered, listed: Mapping[str, bytes], projects: Sequence[str], targets: tuple[Target, ...],
    folders: paths.Paths,
) -> str:  # fmt: skip
    inputs = {**gathered.texts, **{name: text for name, text in listed.items() if text}}
    return keep(folders.state, Kept(inputs, targets, tuple(sorted(set(projects)))))


def _lines(exacts: Sequence[Exact]) -> bytes:
    return "".join(f"{line_of(one)}\n" for one in exacts).encode()
