"""Resolving as `cache warm` does, by an ordinary user, with what came of it as data."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.user import User

_SCRIPT = """\
import dataclasses, json, os, sys
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm import lists
from jhansi_runner.runner.warm.resolving import resolve
from jhansi_runner.runner.warm.targets import Target
path, listed, targets, offline = json.loads(sys.argv[1])
wants = lists.read(path, listed) if listed else []
try:
    found = resolve(path, wants, [Target(*each) for each in targets], os.environ, offline=offline)
    told = {"exacts": [[each.coordinate.purl, each.file, each.line, each.hashes,
               [target.python for target in each.targets]] for each in found.exacts],
            "notes": found.notes, "ran": found.ran, "trouble": found.trouble, "fetched": found.fetched}
except RunnerError as error:
    told = {"error": str(error), "lines": error.lines, "code": error.code}
print(json.dumps(told))
"""
HERE = ("3.11", "x86_64")


def warmed(
    user: User,
    path: str,
    *targets: tuple[str, str],
    listed: str = "",
    offline: bool = False,
    seconds: float = 600,
    **env: str,
) -> dict[str, Any]:
    """What `resolve` answers for a path, or for a list of package-urls. `said` is what was said meanwhile."""
    python = str(Path(ordinary_command()).with_name("python"))
    argument = json.dumps([path, listed, targets or [HERE], offline])
    done = subprocess.run(
        ordinary_argv([python, "-P", "-c", _SCRIPT, argument]),
        cwd=user.work,
        env={**user.env, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, done
    return {**json.loads(done.stdout), "said": done.stderr}


def purls(found: dict[str, Any]) -> list[str]:
    """The package-urls of what is wanted."""
    assert "exacts" in found, found
    return sorted(each[0] for each in found["exacts"])
