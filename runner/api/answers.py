"""What answers say. The models are what is sent and what the description of the API promises, so they agree.

Times are in UTC, as ISO 8601 with milliseconds. Source: ADR 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jhansi_runner.runner.sandboxes import model

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def time_text(seconds: float) -> str:
    """A time as it is told."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _maybe(seconds: float | None) -> str | None:
    return None if seconds is None else time_text(seconds)


def _fields(found: model.Entry | model.Snapshot | model.Run) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in fields(found)}


class Answer(BaseModel):
    """Something that is answered."""

    model_config = ConfigDict(extra="forbid")


class Sandbox(Answer):
    """A sandbox. `parent` is the one that it was copied from, "" for none."""

    id: str
    owner: str
    language: str
    status: str
    agent: str
    created_by: str
    ttl: float
    limits: dict[str, str]
    policy: str
    parent: str
    created_at: Time
    used_at: Time
    expires_at: Time
    deleted_at: Time | None

    @classmethod
    def of(cls, found: model.Sandbox) -> Sandbox:
        """As it is told."""
        return cls(
            id=found.id,
            owner=found.owner,
            language=found.language,
            status=found.status,
            agent=found.agent,
            created_by=found.created_by,
            ttl=found.ttl,
            limits=dict(found.limits),
            policy=found.policy,
            parent=found.parent,
            created_at=time_text(found.created_at),
            used_at=time_text(found.used_at),
            expires_at=time_text(found.expires_at),
            deleted_at=_maybe(found.deleted_at),
        )


class File(Answer):
    """A file or folder of a sandbox."""

    path: str
    kind: Literal["file", "folder", "link", "other"]
    size: int
    modified: Time
    executable: bool

    @classmethod
    def of(cls, found: model.Entry) -> File:
        """As it is told; a name that is no text is shown with escapes."""
        return cls.model_validate({**_fields(found), "path": shown(found.path), "modified": time_text(found.modified)})


class Written(Answer):
    """What was written; `filename` is the first."""

    filename: str
    files: list[File]


class Uploaded(Answer):
    """What was unpacked."""

    status: Literal["uploaded"] = "uploaded"
    files: list[str]


class Snapshot(Answer):
    """A copy of a sandbox's files under a name. `size` is in bytes."""

    name: str
    sandbox_id: str
    created_at: Time
    files: int
    size: int

    @classmethod
    def of(cls, found: model.Snapshot) -> Snapshot:
        """As it is told."""
        return cls.model_validate({**_fields(found), "created_at": time_text(found.created_at)})


class Run(Answer):
    """A run. `outcome` is what `exec --json` prints, once it is done; in lists without what the program wrote."""

    id: str
    sandbox_id: str
    owner: str
    state: Literal["queued", "running", "done", "cancelled", "lost"]
    kind: str
    program: str
    queued_at: Time
    started_at: Time | None
    ended_at: Time | None
    exit_code: int | None
    timed_out: bool
    error: str
    has_log: bool
    outcome: dict[str, Any]

    @classmethod
    def of(cls, found: model.Run) -> Run:
        """As it is told."""
        times = {name: _maybe(getattr(found, name)) for name in ("queued_at", "started_at", "ended_at")}
        return cls.model_validate({**_fields(found), **times, "outcome": dict(found.outcome)})


class Outcome(BaseModel):
    """How a program ended, and what it wrote: what `exec --json` prints, and `state`. More may be added."""

    run_id: str
    sandbox_id: str
    state: str
    exit_code: int | None
    timed_out: bool
    error: str
    language: str
    duration_ms: int
    install_ms: int
    installed: list[Any]
    unlisted_imports: list[Any]
    denied: list[Any]
    missing: list[Any]
    planted: list[Any]
    limits: dict[str, Any]
    notes: list[Any]
    stdout: str
    stderr: str
    output: str


_NOTHING: Mapping[str, Any] = {
    "language": "",
    "duration_ms": 0,
    "install_ms": 0,
    "installed": [],
    "unlisted_imports": [],
    "denied": [],
    "missing": [],
    "planted": [],
    "limits": {},
    "notes": [],
    "stdout": "",
    "stderr": "",
    "output": "",
}


def outcome_of(run: model.Run) -> dict[str, Any]:
    """The outcome of a run that has ended, also of one that never began or whose end nobody saw."""
    mine = {"run_id": run.id, "sandbox_id": run.sandbox_id, "state": run.state, "exit_code": run.exit_code}
    error = run.error or str(run.outcome.get("error", ""))
    return {**_NOTHING, **run.outcome, **mine, "timed_out": run.timed_out, "error": error}


class Health(Answer):
    """That the server answers."""

    status: Literal["ok"] = "ok"


class ErrorDetail(Answer):
    """What is wrong: `code` is stable, `hint` says what to do next, or nothing."""

    code: str
    message: str
    hint: str
    status: int


class Error(Answer):
    """An error."""

    error: ErrorDetail


def shown(text: str) -> str:
    """A text that JSON can carry: what is no character is shown."""
    return text.encode("utf-8", "backslashreplace").decode()
