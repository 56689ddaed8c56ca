"""A command that a package brings, such as pytest: it is asked for where no manifest speaks for the workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.resolvers.interface import NOTHING, SCAN, Plan, Requirement

COMMAND = "command"
"""The origin of a requirement that the command line asked for."""
_STARTERS = ("npx",)
_MODULES = "-m"


def asked_by(command: Sequence[str], packaged: Mapping[str, str], plan: Plan) -> tuple[Requirement, ...]:
    """What a command needs besides what the files of its workspace do. `packaged` is as in `Resolver`."""
    name = _named(command)
    if plan.source not in (SCAN, NOTHING) or name not in packaged:
        return ()
    package = Coordinate.parse(packaged[name])
    if any(each.purl == package.purl for each in plan.requirements):
        return ()
    return (Requirement(package.name, "", package.purl, None, f"exec -- {name}", 1, COMMAND),)


def _named(command: Sequence[str]) -> str:
    """The name of what is started: of `python -m pytest -q` and `npx mocha` the second part."""
    first, *rest = command
    name = os.path.basename(first)
    if name.startswith("python") and rest[:1] == [_MODULES]:
        return rest[1] if len(rest) > 1 else ""
    if name in _STARTERS:
        return next((word for word in rest if not word.startswith("-")), "")
    return name if "/" not in first else ""
