"""The outcome of a run, as `--json` prints it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.runner.outlet import Outlet

_HEAD, _TAIL = 1 << 19, 1 << 19


def as_line(found: Mapping[str, object]) -> bytes:
    """A JSON object as one line of ASCII. What no text can be, such as a file's name in no known encoding, is shown."""
    return json.dumps(_plain(found), ensure_ascii=True).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


class Capture:
    """Keeps the head and the tail of a stream, half a MiB each, and counts the rest."""

    def __init__(self) -> None:
        self._head, self._tail, self.size = bytearray(), bytearray(), 0

    def add(self, data: bytes) -> None:
        """Take bytes in."""
        self.size += len(data)
        room = _HEAD - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * _TAIL:
            del self._tail[:-_TAIL]

    def text(self) -> str:
        """What was kept; what was left out is counted where it was."""
        tail = bytes(self._tail[-_TAIL:])
        left_out = self.size - len(self._head) - len(tail)
        middle = f"\n[... {left_out} bytes left out ...]\n".encode() if left_out else b""
        return (bytes(self._head) + middle + tail).decode("utf-8", "replace")


def refusal(entry: Entry) -> dict[str, object]:
    """What is told of a request that was refused, or failed."""
    return {
        "verdict": entry.verdict,
        "code": entry.code,
        "purl": entry.purl,
        "url": entry.url,
        "method": entry.method,
        "reason": entry.reason,
        "rule": entry.rule,
        "phase": entry.phase,
    }


class Record:
    """What is to be told about a run. `outlet` is where it is told while it happens, None for nowhere."""

    outlet: Outlet | None = None

    def __init__(self) -> None:
        self.stdout, self.stderr, self.output = Capture(), Capture(), Capture()
        self.run_id = self.sandbox_id = self.language = self.error = ""
        self.timed_out = False
        self.installed: list[dict[str, str]] = []
        self.unlisted_imports: list[dict[str, object]] = []
        self.notes: list[str] = []
        self.planted: list[str] = []
        self.missing: list[str] = []
        self.install_ms = 0
        self.limits: Mapping[str, object] = {}
        self._denied: dict[tuple[str, str], dict[str, object]] = {}
        self._began = time.monotonic()

    def out(self, data: bytes) -> None:
        """Take in what the program writes to stdout."""
        self.stdout.add(data)
        self.output.add(data)

    def err(self, data: bytes) -> None:
        """Take in what the program writes to stderr."""
        self.stderr.add(data)
        self.output.add(data)

    def planned(self, plan: Plan) -> None:
        """Take in what will be installed."""
        self.unlisted_imports = [item.to_json() for item in plan.undecided]
        self.notes += plan.notes

    def live(self, entry: Entry) -> None:
        """Hear of a request as it happens; `heard` counts it later."""

    def again(self) -> None:
        """Forget what the program wrote: it is run again."""
        self.stdout, self.stderr, self.output = Capture(), Capture(), Capture()
        self.timed_out = False

    def heard(self, entries: Sequence[Entry]) -> None:
        """Take in what the gate told: what was refused or failed, once each, with how often."""
        for entry in entries:
            if entry.verdict == ALLOW:
                continue
            key = (entry.code, entry.purl or entry.url)
            row = self._denied.setdefault(key, {**refusal(entry), "count": 0})
            row["count"] = int(str(row["count"])) + 1

    def to_json(self, exit_code: int) -> dict[str, object]:
        """The object that `exec --json` prints. Source: design of the command line, `--json`."""
        return {
            "run_id": self.run_id,
            "sandbox_id": self.sandbox_id,
            "language": self.language,
            "exit_code": exit_code,
            "timed_out": self.timed_out,
            "duration_ms": round((time.monotonic() - self._began) * 1000),
            "install_ms": self.install_ms,
            "installed": self.installed,
            "unlisted_imports": self.unlisted_imports,
            "denied": list(self._denied.values()),
            "missing": self.missing,
            "planted": self.planted,
            "limits": self.limits,
            "notes": self.notes,
            "error": self.error,
            "stdout": self.stdout.text(),
            "stderr": self.stderr.text(),
            "output": self.output.text(),
        }
