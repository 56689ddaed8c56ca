"""The link from a door to the gate, made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.paths import UnsafeFolder
from jhansi_runner.proxy.policy.sources import shown
from jhansi_runner.proxy.service.client import Link, ServiceFailed, Starting, connect, register
from jhansi_runner.proxy.service.messages import Registration
from jhansi_runner.runner.console import say
from jhansi_runner.runner.job import Job

_ATTEMPTS = 3


def open_link(job: Job, phase: str, listener: int, tell: Callable[[Entry], None]) -> Link | None:
    """Register a phase of a job with the proxy; None, and a line to the user, when there is none to be had."""
    policy = tuple((shown(one), one.data.decode("utf-8", "surrogateescape"), one.role) for one in job.sources)
    job.links += 1
    registration = Registration(f"{job.run}-{phase}-{job.links}", job.sandbox, phase, job.offline, policy)
    trouble = ""
    for _ in range(_ATTEMPTS):  # a proxy that was idle may end just as we come
        starting, job.starting = job.starting, None
        try:
            return register(connect(job.folders, starting, job.bwrap), registration, listener, tell)
        except (ServiceFailed, UnsafeFolder, OSError) as error:
            trouble = str(error)
    say(f"no way to the registries: {trouble}; the proxy's log is {job.folders.state}/proxy.log")
    return None


def start_early(job: Job) -> None:
    """Start the proxy, unless it serves already, while there is other work to do."""
    if job.starting is None:
        probe = _serving(job)
        if not probe:
            job.starting = Starting(job.folders, job.bwrap)


def _serving(job: Job) -> bool:
    from jhansi_runner.proxy.service.socket_path import connected

    try:
        endpoint = connected(job.folders.runtime, job.folders.service_key)
    except OSError:
        return False
    if endpoint is None:
        return False
    endpoint.close()
    return True
