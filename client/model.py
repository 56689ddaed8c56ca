"""What the server tells, as values. Fields that only newer servers know are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

from jhansi_runner.client.errors import bad_answer

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A sandbox. `ttl` is in seconds without use; `status` is created, running, idle or deleted."""

    id: str
    status: str = ""
    owner: str = ""
    language: str = ""
    agent: str = ""
    created_by: str = ""
    ttl: float = 0.0
    limits: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""
    parent: str = ""
    created_at: datetime | None = None
    used_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went. `exit_code` is the program's own; 124 for a timeout, 125 when we failed, 126 when the policy
    refused what the program needs, 127 when there was nothing to run. `output` is both streams in the order they came.
    """

    run_id: str
    sandbox_id: str = ""
    state: str = "done"
    language: str = ""
    exit_code: int | None = None
    timed_out: bool = False
    duration_ms: int = 0
    install_ms: int = 0
    installed: list[Mapping[str, Any]] = field(default_factory=list)
    unlisted_imports: list[Mapping[str, Any]] = field(default_factory=list)
    denied: list[Mapping[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    planted: list[str] = field(default_factory=list)
    limits: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    error: str = ""
    stdout: str = ""
    stderr: str = ""
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end and succeeded."""
        return self.exit_code == 0 and self.state == "done" and not self.error


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run: install, output, refused, plan, message, again, truncated or, last, done."""

    number: int
    name: str
    data: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What was written, of `output` and `message`; else ""."""
        return str(self.data.get("text", ""))

    @property
    def stream(self) -> str:
        """stdout or stderr, of `output`; else ""."""
        return str(self.data.get("stream", ""))

    @property
    def outcome(self) -> Outcome | None:
        """How it went, of `done`; else None."""
        return made(Outcome, self.data) if self.name == "done" else None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run. `state` is queued, running, done, cancelled or lost; `outcome` is empty in lists."""

    id: str
    sandbox_id: str = ""
    state: str = ""
    owner: str = ""
    kind: str = ""
    program: str = ""
    queued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    timed_out: bool = False
    error: str = ""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    has_log: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a sandbox. `kind` is file, folder, link or other."""

    path: str
    kind: str = ""
    size: int = 0
    modified: datetime | None = None
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy of a sandbox's files under a name."""

    name: str
    sandbox_id: str = ""
    created_at: datetime | None = None
    files: int = 0
    size: int = 0


def made(kind: type[_Made], data: object) -> _Made:
    """A value of a JSON object. Raises JhansiError where it has not what makes it one."""
    if not isinstance(data, Mapping):
        raise bad_answer(f"the server tells no {kind.__name__}, but {type(data).__name__}")
    given: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        value = data.get(each.name)
        if value is None:
            if each.default is MISSING and each.default_factory is MISSING:
                raise bad_answer(f"the server tells a {kind.__name__} without {each.name}")
        elif "datetime" in str(each.type):
            given[each.name] = _moment(value)
        else:
            given[each.name] = value
    return kind(**given)


def listed(kind: type[_Made], data: object) -> list[_Made]:
    """Values of a JSON array. Raises JhansiError."""
    if not isinstance(data, list):
        raise bad_answer(f"the server tells no list of {kind.__name__}, but {type(data).__name__}")
    return [made(kind, each) for each in data]


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise bad_answer(f"the server tells a time that is none: {str(value)[:40]!r}") from None
