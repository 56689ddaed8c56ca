"""What every run does and nobody sees, done once in the process that waits for its run.

Memory that is shared with the nursery is copied when it is first written to, and Python writes to all that it uses: so
it is copied while nothing waits for it. Nothing is kept, made or locked here, and what is looked at is looked at again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict

from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.proxy.paths import current
from jhansi_runner.runner import sandbox, ticket
from jhansi_runner.runner.engine.order import Order
from jhansi_runner.runner.events import Events
from jhansi_runner.runner.inside import seccomp_filter
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.journal import BEGIN, FIRST, read_head, written
from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import Limits
from jhansi_runner.runner.obeyed import protected, survey
from jhansi_runner.runner.outlet import Outlet
from jhansi_runner.runner.relay import Signals
from jhansi_runner.runner.typed import standard_input
from jhansi_runner.runner.variables import given_variables

_LIMITS = {"timeout": "60"}


def rehearse(env: Mapping[str, str]) -> None:
    """Do it. Raises whatever a run may, such as in a home where nothing was run yet."""
    os.close(sealed(b"\0".join(map(os.fsencode, _arguments(env)))))
    seccomp_filter()
    descriptor, typed = standard_input()
    os.close(descriptor)
    if typed is not None:
        typed.close()
    Signals().restore()
    _outcome()
    folders = current(env)
    given = Order("run_", "sb_", f"{folders.state}/etc", {"file": "passwd", "json": True, **_LIMITS}, "", 60.0)
    read = Order.read(json.dumps(asdict(given)).encode())
    options = read.exec_options()
    given_variables(["A=b"], [], {}, folders)
    job = Job(options, folders, env, read.named())
    job.bound(Limits({}))
    Hold(job.granted, job.run, env)
    written(1, FIRST, BEGIN, [("run", [job.run]), ("limit", ["a", "b"])])
    read_head(folders.runs)
    found = ticket.Ticket("", "", "")
    ticket.read(folders.tickets, job.name)
    ticket.still_true(found, job.workspace, job.policy)
    protected(survey(job.workspace.descriptor).names)
    os.close(job.workspace.descriptor)


def _arguments(env: Mapping[str, str]) -> list[str]:
    return [
        *sandbox.root(f"{current(env).state}/etc", memory=1 << 30),
        *sandbox.toolchain((), ()),
        *sandbox.programs(()),
        *sandbox.read_only(()),
        *sandbox.workspace("/none", ()),
        *sandbox.environment(sandbox.variables((), (), door=True)),
        *sandbox.sealed(),
    ]


def _outcome() -> None:
    record = Events(Outlet(-1))
    record.out(b"out")
    record.err(b"err")
    record.done(0)
