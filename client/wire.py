"""Requests and answers, without any connection: what both clients share.

Source: ADR 16; the server's /openapi.json says the same.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import httpx

from jhansi_runner.client.errors import JhansiError, bad_answer
from jhansi_runner.client.model import Entry, Outcome, RunInfo, SandboxInfo, Snapshot, listed, made

T = TypeVar("T")
HEARTBEAT = 60.0
"""Seconds without a byte after which a stream is lost: the server writes something every 15."""
USUAL, _COPYING = 60.0, 1800.0
"""Seconds that an answer may take."""
EVENTS = {"Accept": "text/event-stream"}


class Options(TypedDict, total=False):
    """What a program is given. `timeout` is in seconds; with `wait` it queues behind what runs in the sandbox."""

    stdin: str | bytes
    env: Mapping[str, str]
    timeout: float
    wait: bool
    offline: bool
    no_install: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, and how its answer is read. `patience` is how many seconds an answer may take, None for any time."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    patience: float | None = USUAL


def problem(answer: httpx.Response) -> JhansiError | None:
    """What an answer, read whole, says went wrong; None where nothing did."""
    if answer.is_success:
        return None
    try:
        told = answer.json()["error"]
        code, message, hint = str(told["code"]), str(told["message"]), str(told.get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return bad_answer(f"{answer.request.method} {answer.request.url.path} is answered by {answer.status_code}")
    after = answer.headers.get("Retry-After", "")
    return JhansiError(code, message, hint, answer.status_code, float(after) if after.isdecimal() else None)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise bad_answer(f"{answer.request.url.path} is not answered by JSON", answer.status_code) from None


def _one(kind: type[T]) -> Callable[[httpx.Response], T]:
    return lambda answer: made(kind, _json(answer))


def _many(kind: type[T]) -> Callable[[httpx.Response], list[T]]:
    return lambda answer: listed(kind, _json(answer))


def _nothing(_: httpx.Response) -> None:
    return None


def _object(answer: httpx.Response) -> dict[str, Any]:
    found = _json(answer)
    if not isinstance(found, dict):
        raise bad_answer(f"{answer.request.url.path} is not answered by an object", answer.status_code)
    return found


def _text(answer: httpx.Response) -> str:
    return answer.content.decode("utf-8", "replace")


def _bytes(answer: httpx.Response, path: str) -> bytes:
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        raise JhansiError("not_a_file", f"{path} is a folder", "list it with files()", answer.status_code)
    return answer.content


def _entries(answer: httpx.Response, path: str) -> list[Entry]:
    if not answer.headers.get("Content-Type", "").startswith("application/json"):
        raise JhansiError("not_a_folder", f"{path} is a file", "read it with read()", answer.status_code)
    return listed(Entry, _json(answer))


def _name(text: str) -> str:
    """One part of a path of ours, whatever is in it; dots alone would be taken for a way up before they are sent."""
    if text in ("", ".", ".."):
        raise JhansiError("bad_request", f"{text!r} is no name", "give an id or a name")
    return quote(text, safe="")


def _path(path: str) -> str:
    parts = path.strip("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise JhansiError("bad_request", f"{path!r} is no path in a sandbox", "write it like src/main.py")
    return "/".join(quote(part, safe="") for part in parts)


def _sandbox(sandbox: str) -> str:
    return f"/v1/sandboxes/{_name(sandbox)}"


def _posted(path: str, read: Callable[[httpx.Response], T], given: Mapping[str, Any], **more: Any) -> Call[T]:
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    try:
        body = json.dumps(given, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise JhansiError("bad_request", f"what was given is no JSON: {error}") from None
    return Call("POST", path, read, headers=headers, body=body, **more)


def create(given: Mapping[str, Any]) -> Call[SandboxInfo]:
    """A new sandbox."""
    return _posted("/v1/sandboxes", _one(SandboxInfo), _without_empty(given))


def sandbox(name: str) -> Call[SandboxInfo]:
    """A sandbox that is there."""
    return Call("GET", _sandbox(name), _one(SandboxInfo))


def sandboxes(active: bool, limit: int, offset: int) -> Call[list[SandboxInfo]]:
    """Those that are there, or all that were."""
    where = "/v1/sandboxes/active" if active else "/v1/sandboxes"
    return Call("GET", where, _many(SandboxInfo), {"limit": limit, "offset": offset})


def delete(name: str) -> Call[None]:
    """Remove a sandbox."""
    return Call("DELETE", _sandbox(name), _nothing, patience=_COPYING)


def fork(name: str, wait: bool) -> Call[SandboxInfo]:
    """Copy a sandbox."""
    return _posted(f"{_sandbox(name)}/fork", _one(SandboxInfo), {"wait": wait}, patience=_COPYING)


def snapshot(name: str, kept: str, wait: bool) -> Call[Snapshot]:
    """Keep the files under a name."""
    given = {"name": kept, "wait": wait}
    return _posted(f"{_sandbox(name)}/snapshot", _one(Snapshot), given, patience=_COPYING)


def snapshots(name: str) -> Call[list[Snapshot]]:
    """What is kept."""
    return Call("GET", f"{_sandbox(name)}/snapshots", _many(Snapshot))


def restore(name: str, kept: str, wait: bool) -> Call[SandboxInfo]:
    """Make the files what they were."""
    given = {"name": kept, "wait": wait}
    return _posted(f"{_sandbox(name)}/restore", _one(SandboxInfo), given, patience=_COPYING)


def drop_snapshot(name: str, kept: str) -> Call[None]:
    """Remove what is kept under a name."""
    return Call("DELETE", f"{_sandbox(name)}/snapshots/{_name(kept)}", _nothing, patience=_COPYING)


def write(name: str, path: str, data: str | bytes, executable: bool) -> Call[None]:
    """Write a file."""
    content = data.encode() if isinstance(data, str) else data
    query = {"executable": "true"} if executable else {}
    headers = {"Content-Type": "application/octet-stream"}
    return Call("PUT", f"{_sandbox(name)}/files/{_path(path)}", _nothing, query, headers, content)


def read(name: str, path: str) -> Call[bytes]:
    """A file's bytes."""
    return Call("GET", f"{_sandbox(name)}/files/{_path(path)}", partial(_bytes, path=path))


def files(name: str, path: str, deep: bool) -> Call[list[Entry]]:
    """What is in a folder."""
    where = f"{_sandbox(name)}/files" + (f"/{_path(path)}" if path.strip("/") else "")
    return Call("GET", where, partial(_entries, path=path), {"deep": "true"} if deep else {})


def remove(name: str, path: str) -> Call[None]:
    """Remove a file or a folder."""
    return Call("DELETE", f"{_sandbox(name)}/files/{_path(path)}", _nothing)


def upload(name: str, archive: bytes | str | os.PathLike[str]) -> Call[list[str]]:
    """Unpack an archive, which is a path or its bytes. It is sent from memory. Raises OSError."""
    if not isinstance(archive, bytes):
        with open(archive, "rb") as file:
            archive = file.read()
    headers = {"Content-Type": "application/octet-stream"}

    def paths(answer: httpx.Response) -> list[str]:
        return [str(path) for path in _object(answer).get("files", [])]

    return Call("POST", f"{_sandbox(name)}/upload", paths, headers=headers, body=archive, patience=_COPYING)


def body_of(
    filename: str, args: Sequence[str], options: Options, command: str | Sequence[str] = "", test: bool = False
) -> dict[str, Any]:
    """What is sent for a program: a file with arguments, a command, or tests."""
    stdin = options.get("stdin", b"")
    given = {
        "filename": filename,
        "command": command if isinstance(command, str) else list(command),
        "args": list(args),
        "test": test,
        "stdin": stdin if isinstance(stdin, str) else "",
        "stdin_base64": "" if isinstance(stdin, str) else base64.b64encode(stdin).decode(),
    }
    return {**{name: value for name, value in options.items() if name != "stdin"}, **_without_empty(given)}


def _without_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value or (value == 0 and value is not False)}


def execute(name: str, given: Mapping[str, Any]) -> Call[Outcome]:
    """Run a program to its end."""
    return _posted(f"{_sandbox(name)}/exec", _one(Outcome), given, patience=None)


def stream(name: str, given: Mapping[str, Any]) -> Call[None]:
    """Run a program, and hear what happens."""
    return _posted(f"{_sandbox(name)}/exec", _nothing, given, headers=EVENTS, patience=HEARTBEAT)


def start(name: str, given: Mapping[str, Any]) -> Call[RunInfo]:
    """Run a program that goes on when nobody listens."""
    return _posted(f"{_sandbox(name)}/exec", _one(RunInfo), {**given, "detach": True})


def run(name: str) -> Call[RunInfo]:
    """A run, with its outcome."""
    return Call("GET", f"/v1/runs/{_name(name)}", _one(RunInfo))


def runs(sandbox_id: str, limit: int, offset: int) -> Call[list[RunInfo]]:
    """Runs of a sandbox, or all."""
    where = f"{_sandbox(sandbox_id)}/runs" if sandbox_id else "/v1/runs"
    return Call("GET", where, _many(RunInfo), {"limit": limit, "offset": offset})


def cancel(name: str) -> Call[RunInfo]:
    """End a run."""
    return Call("DELETE", f"/v1/runs/{_name(name)}", _one(RunInfo))


def events(name: str, after: int) -> Call[None]:
    """The events of a run above a number."""
    headers = {**EVENTS, "Last-Event-ID": str(after)}
    return Call("GET", f"/v1/runs/{_name(name)}/events", _nothing, headers=headers, patience=HEARTBEAT)


def log(name: str, which: str) -> Call[str]:
    """What a run wrote."""
    return Call("GET", f"/v1/runs/{_name(name)}/log", _text, {"stream": which} if which else {})


def sbom(name: str) -> Call[dict[str, Any]]:
    """What a run had installed."""
    return Call("GET", f"/v1/runs/{_name(name)}/sbom", _object)


def explain(purl: str, name: str) -> Call[dict[str, Any]]:
    """What the policy says of a package."""
    return Call("GET", "/v1/explain", _object, {"purl": purl, **({"sandbox": name} if name else {})})


def metrics() -> Call[dict[str, Any]]:
    """Counts."""
    return Call("GET", "/v1/metrics", _object)


def health() -> Call[dict[str, Any]]:
    """Whether it is there."""
    return Call("GET", "/health", _object)
