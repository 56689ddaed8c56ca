"""The policy in force while it may be edited: a good change counts at once, a bad one changes nothing and is said."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.osv import glance
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import PolicyUnreadable, Source, collect, without_folders
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamError
from jhansi_runner.proxy.service.runs import upstreams_of
from jhansi_runner.proxy.team import last_good

_WRONG = (PolicyUnreadable, PolicyError, UpstreamError)


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, and where its registries are."""

    policy: PolicySet
    upstreams: Mapping[str, Upstream]
    sources: tuple[Source, ...]


class Keeper:
    """Holds the policy in force, and looks for a new one when told.

    `say` hears one line for each change and for each mistake; a mistake is said once, until it is another. `copy` is
    where what is in force is kept for those that start later, "" for nowhere.
    """

    def __init__(self, file: str, env: Mapping[str, str], say: Callable[[str], None], copy: str = "") -> None:
        """Raises PolicyUnreadable, PolicyError, UpstreamError: without a policy nothing begins.

        Where the files are wrong, or one is gone, and there is a copy, that is in force.
        """
        self._file, self._env, self._say, self._copy = file or None, env, say, copy
        self.trouble: tuple[str, ...] = ()
        """What is wrong with the files as they are now; () when they are what is in force."""
        self.reloads = 0
        before = last_good.kept(copy) if copy else ()
        try:
            sources = self._collect()
            _refuse_vanished(sources, before)
            self.in_force = _read(sources)
        except _WRONG as error:
            if not before:
                raise
            self.in_force = _read(before)
            self._troubled(tuple(str(error).splitlines()))
        else:
            self._keep()

    def look(self) -> None:
        """Read the files again; put them in force when they changed and are right. It may take long: use a thread."""
        glance(self.in_force.policy)
        try:
            sources = self._collect()
            _refuse_vanished(sources, self.in_force.sources)
            if _said(sources) == _said(self.in_force.sources):
                self._mended()
                return
            self.in_force = _read(sources)
        except _WRONG as error:
            self._troubled(tuple(str(error).splitlines()))
            return
        self.trouble = ()
        self.reloads += 1
        self._keep()
        self._say(f"policy {self.in_force.policy.digest[:12]} is in force: {_names(self.in_force.sources)}")

    def _keep(self) -> None:
        if not self._copy:
            return
        try:
            last_good.keep(self._copy, self.in_force.sources)
        except OSError as error:
            self._say(f"the policy in force cannot be kept for workers that start later: {error.strerror or error}")

    def _collect(self) -> tuple[Source, ...]:
        return tuple(collect(self._file, self._env))

    def _mended(self) -> None:
        if self.trouble:
            self._say("the policy's files are what is in force again")
        self.trouble = ()

    def _troubled(self, trouble: tuple[str, ...]) -> None:
        if trouble != self.trouble:
            self._say("the policy's files are WRONG; the last good policy stays in force:")
            for line in trouble:
                self._say(f"  {line}")
        self.trouble = trouble


def _refuse_vanished(sources: Sequence[Source], before: Sequence[Source]) -> None:
    """A file that is gone is no decision to go by the next one: that may be the default, which allows more."""
    names = {source.name for source in sources}
    for source in before:
        if source.name not in names and not os.path.lexists(source.name):
            raise PolicyUnreadable(f"{source.name}: it is gone. Next: put it back, or start again without it")


def _said(sources: Sequence[Source]) -> list[tuple[str, str, bytes]]:
    return [(source.name, source.role, source.data) for source in sources]


def _read(sources: Sequence[Source]) -> InForce:
    policy = load(without_folders(sources))
    return InForce(policy, upstreams_of(policy), tuple(sources))


def _names(sources: Sequence[Source]) -> str:
    return ", ".join(os.fspath(source.name) for source in sources)
