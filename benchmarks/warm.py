"""What a repeat costs: next to the bare sandbox, and next to a Python that imports the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.home import Home
from benchmarks.rounds import alternate, seconds
from benchmarks.table import Line
from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.runner.inside import seccomp_filter
from support.registry import Upstream
from support.wheels import make_wheel

_ROUNDS = 40
_NEW_WORKSPACES = 10
_STARTED = """
import time
open("began", "w").write(repr(time.time()))
def unused():
    import yaml
"""

# What the command runs, up to the point where bubblewrap would start: its arguments are what is wanted.
_ARGUMENTS = """
import json, os, sys
from jhansi_runner.runner import inside
def start(bwrap, arguments, command, stdio, **_):
    os.write(1, json.dumps([bwrap, list(arguments), list(command)]).encode())
    os._exit(0)
inside.start = start
from jhansi_runner.runner.entry import main
main()
"""
# The command ends without Python's own tidying up, so the list is printed in its place.
_MODULES = """
import os, sys
before = set(sys.modules)
def ended(code):
    print(*[name for name in sys.modules if name not in before], sep=",", flush=True)
    leave(code)
leave, os._exit = os._exit, ended
from jhansi_runner.runner.entry import main
main()
"""


def lines() -> Iterator[Line]:
    """The lines about a repeat."""
    with Home() as home:
        workspace = home.workspace("empty", "")
        seconds(home.exec(), home.env, workspace)
        bwrap, arguments, command = bare_arguments(home, workspace)
        modules = _inspect(home, workspace, _MODULES).strip()
        importing = [sys.executable, "-I", "-c", f"import {modules}"]
        ours, beside, imports = alternate(
            _ROUNDS,
            lambda: seconds(home.exec(), home.env, workspace) * 1000,
            lambda: bare(bwrap, arguments, command) * 1000,
            lambda: seconds(importing, home.env) * 1000,
        )
        yield Line("warm exec of an empty script, and the same bwrap, bare", "ms", ours, beside, "minus", "+45 ms")
        added = [a - b for a, b in zip(ours, beside, strict=True)]
        count = len(modules.split(","))
        name = f"what that adds, and python -I with its {count} imports"
        yield Line(name, "ms", added, imports, "minus", "+15 ms")
        with Upstream() as upstream:
            upstream.add(make_wheel("pyyaml", "6.0.3"))
            home.set_upstream(upstream.url)
            seconds(home.exec(), home.env, home.workspace("first", _STARTED))
        yield Line(
            "new workspace, same lock: until the program starts",
            "ms",
            _until_started(home),
            compared="none",
            aim="300 ms",
        )


def _until_started(home: Home) -> Sequence[float]:
    return [_start(home, home.workspace("again", _STARTED)) for _ in range(_NEW_WORKSPACES)]


def _start(home: Home, workspace: str) -> float:
    """Milliseconds from the command's start to the program's first line, both by the host's clock."""
    began = time.time()
    seconds(home.exec(), home.env, workspace)
    with open(f"{workspace}/began", encoding="utf-8") as file:
        return (float(file.read()) - began) * 1000


def bare_arguments(home: Home, workspace: str) -> tuple[str, list[str], list[str]]:
    """With what `exec` would start bubblewrap for a workspace's program: its path, its options, and the command."""
    bwrap, arguments, command = json.loads(_inspect(home, workspace, _ARGUMENTS))
    return bwrap, arguments, command


def bare(bwrap: str, arguments: Sequence[str], command: Sequence[str]) -> float:
    """The seconds that bubblewrap takes with these, and nothing of ours around it."""
    filter_ = sealed(seccomp_filter())
    options = sealed(b"".join(os.fsencode(word) + b"\0" for word in (*arguments, "--seccomp", str(filter_))))
    for descriptor in (filter_, options):
        os.set_inheritable(descriptor, True)
    try:
        return seconds([bwrap, "--args", str(options), "--", *command], {})
    finally:
        os.close(filter_)
        os.close(options)


def _inspect(home: Home, workspace: str, program: str) -> str:
    argv = [sys.executable, "-I", "-c", program, "exec", "main.py"]
    done = subprocess.run(argv, env=home.env, cwd=workspace, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout
