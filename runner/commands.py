"""A command that a package brings, such as pytest: it is asked for where no manifest speaks for the workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.resolvers.interface import NOTHING, SCAN, Plan, Requirement
from jhansi_runner.runner.spoken import named

COMMAND = "command"
"""The origin of a requirement that the command line asked for."""


def asked_by(
    command: Sequence[str], packaged: Mapping[str, str], plan: Plan, *, always: bool = False
) -> tuple[Requirement, ...]:
    """What a command needs besides what the files of its workspace do. `packaged` is as in `Resolver`.

    Where a manifest speaks for the workspace it is to name what is needed, unless it is `always` asked for.
    """
    name = named(command)
    if (plan.source not in (SCAN, NOTHING) and not always) or name not in packaged:
        return ()
    package = Coordinate.parse(packaged[name])
    if any(each.purl == package.purl for each in plan.requirements):
        return ()
    return (Requirement(package.name, "", package.purl, None, f"exec -- {name}", 1, COMMAND),)
