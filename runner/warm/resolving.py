"""From what is open to exact releases: manifests, sources and open package-urls. Source: ADR 0015."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact, Open


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of it.

    `exacts` are the releases that are to be there. `ran` tells that tools were run which fetch more than any lock
    names, so that the proof is to run them again. `notes` and `trouble` are sentences for people: each of `trouble` is
    something that will be missing on the other side.
    """

    exacts: tuple[Exact, ...] = ()
    notes: tuple[str, ...] = ()
    ran: bool = False
    trouble: tuple[str, ...] = ()


def resolve(
    path: str,
    wants: Sequence[Open],
    targets: Sequence[Target],
    env: Mapping[str, str],
    *,
    policy: str | None = None,
    offline: bool = False,
) -> Resolved:
    """Resolve the file or folder `path`; or the open `wants`, if there are any, which `path` then only names.

    Raises RunnerError.
    """
    del targets, env, policy, offline
    named = f"{wants[0].where}: {wants[0].coordinate.purl} names no version" if wants else f"{path} is no lock"
    hint = "make a lock with its own tool (uv lock, npm install --package-lock-only, go mod tidy), and name that"
    raise RunnerError(f"{named}, and this release resolves nothing before it warms", lines=(hint,))
