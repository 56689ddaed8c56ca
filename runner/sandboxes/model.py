"""What sandboxes and their runs are, as they are told: plain values, with the form that JSON has.

Source: ADR 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CREATED, RUNNING, IDLE, DELETED = "created", "running", "idle", "deleted"
"""States of a sandbox: nothing ran yet, something runs, nothing does, it is gone."""
QUEUED, DONE, CANCELLED, LOST = "queued", "done", "cancelled", "lost"
"""States of a run, besides RUNNING. `lost`: its server ended before it did. FAILED runs are `done` with an `error`."""
LOCAL = "local"
"""The owner that stands for the user whose server it is. Tokens have other names."""
DEFAULT_TTL = 3600.0
"""Seconds that a sandbox lives without being used."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `name` owns what it creates; `sees_all` may see and change what others own."""

    name: str = LOCAL
    sees_all: bool = True


@dataclass(frozen=True, slots=True)
class NewSandbox:
    """What is asked for when a sandbox is created. `limits` are options of `exec`, such as memory: 1GiB.

    `policy` is the text of a policy file that narrows the operator's, "" for none; `ttl` is in seconds.
    """

    language: str = ""
    ttl: float = DEFAULT_TTL
    limits: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""
    agent: str = ""
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox. Times are seconds since the epoch; `parent` is the sandbox that it was forked from, "" for none."""

    id: str
    owner: str
    status: str
    language: str
    ttl: float
    limits: Mapping[str, str]
    policy: str
    agent: str
    created_by: str
    created_at: float
    used_at: float
    expires_at: float
    deleted_at: float | None = None
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run in a sandbox: a file of it, or a command, or its tests; of both, the command is started first.

    `command` is what a shell gets where it is a text, else the words themselves. `stdin` is its input, whole.
    `timeout` is in seconds, None for the server's. With `wait` it queues behind what runs in the sandbox.
    """

    filename: str = ""
    command: str | tuple[str, ...] = ""
    args: tuple[str, ...] = ()
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    test: bool = False
    wait: bool = False
    offline: bool = False
    no_install: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `kind` is file, command or test; `program` what was run, without arguments; times as in `Sandbox`.

    `outcome` is the object that `exec --json` prints, once the run is done; without the texts of its output in lists.
    """

    id: str
    sandbox_id: str
    owner: str
    state: str
    kind: str
    program: str
    queued_at: float
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    timed_out: bool = False
    error: str = ""
    outcome: Mapping[str, object] = field(default_factory=dict)
    has_log: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a run. `number` counts from 1; `data` has `event`, `seq` and what `runner/events.py` says."""

    number: int
    name: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a sandbox. `path` is below its workspace; `kind` is file, folder, link or other."""

    path: str
    kind: str
    size: int
    modified: float
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of a sandbox's files under a name."""

    name: str
    sandbox_id: str
    created_at: float
    files: int
    size: int
