"""What is asked of the cache to explain what a policy says of a package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.explain import Facts
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.policy.sources import SANDBOX, PolicyUnreadable, Source, collect, without_folders
from jhansi_runner.proxy.registries.upstreams import UpstreamError
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.job import SANDBOX_POLICY


def package(purl: str) -> Coordinate:
    """A package by its URL. Raises RunnerError."""
    try:
        return Coordinate.parse(purl)
    except ValueError as error:
        raise RunnerError(
            f"{purl} is not a package-url: {error}", lines=("write it like pkg:pypi/requests@2.32.0",)
        ) from None


def facts_of(found: PolicySet, folders: Paths) -> Facts:
    """What the cache knows; loaded when it is asked, since most decisions need none of it."""

    def facts(coordinate: Coordinate) -> Sequence[Release]:
        from jhansi_runner.proxy.mirror.known import releases
        from jhansi_runner.proxy.service.runs import upstreams_of

        try:
            return releases(folders.cache, upstreams_of(found), coordinate)
        except UpstreamError as error:
            raise RunnerError(str(error)) from None

    return facts


def policy_in_force(file: str | None, env: Mapping[str, str]) -> PolicySet:
    """The policy in force, or the one in a file. Raises RunnerError."""
    return _loaded(_sources(file, env))


def policy_of_sandbox(own: str, env: Mapping[str, str]) -> PolicySet:
    """The policy in force with a sandbox's own on top, "" for none; names tell no folders. Raises RunnerError."""
    found = without_folders(_sources(None, env))
    return _loaded([*found, Source(SANDBOX_POLICY, own.encode(), SANDBOX)] if own else found)


def _sources(file: str | None, env: Mapping[str, str]) -> Sequence[Source]:
    try:
        return collect(file, env)
    except PolicyUnreadable as error:
        raise RunnerError(str(error)) from None


def _loaded(sources: Sequence[Source]) -> PolicySet:
    try:
        return load(sources)
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the policy cannot be obeyed", lines=lines) from None
