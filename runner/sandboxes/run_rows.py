"""The rows of runs: queued, started, ended, and `lost` where whoever ran them has ended before."""

from __future__ import annotations

import json
import time

from jhansi_runner.runner.sandboxes.model import LOST, QUEUED, RUNNING, Run
from jhansi_runner.runner.sandboxes.tally import run_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from jhansi_runner.runner.sandboxes.database import Database
    from jhansi_runner.runner.sandboxes.model import Caller

_TEXTS = ("stdout", "stderr", "output")
_PROGRAM_CHARACTERS = 500
_LOST = "its server ended before it did; run it again: what was installed is there"


class Runs:
    """Runs, as the database has them. `clock` gives seconds since the epoch. All raise SandboxError."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def add(self, run: str, sandbox: str, owner: str, server: str, kind: str, program: str, *, has_log: bool) -> bool:
        """A run is queued by the process with the presence `server`; False when its sandbox is deleted."""
        now = self._clock()
        program = program[:_PROGRAM_CHARACTERS].encode("utf-8", "backslashreplace").decode()
        with self._database.change() as rows:
            query = "UPDATE sandboxes SET used = ? WHERE id = ? AND deleted IS NULL"
            if not rows.execute(query, (now, sandbox)).rowcount:
                return False
            rows.execute(
                "INSERT INTO runs (id, sandbox, owner, server, state, kind, program, queued, has_log)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (run, sandbox, owner, server, QUEUED, kind, program, now, has_log),
            )
        return True

    def drop(self, run: str) -> None:
        """It never was: nothing took it."""
        with self._database.change() as rows:
            rows.execute("DELETE FROM runs WHERE id = ? AND state = ?", (run, QUEUED))

    def started(self, run: str) -> None:
        """It runs."""
        with self._database.change() as rows:
            query = "UPDATE runs SET state = ?, started = ? WHERE id = ? AND ended IS NULL"
            rows.execute(query, (RUNNING, self._clock(), run))
            query = "UPDATE sandboxes SET ran = 1 WHERE id = (SELECT sandbox FROM runs WHERE id = ?) AND NOT ran"
            rows.execute(query, (run,))

    def ended(self, run: str, state: str, outcome: Mapping[str, object], *, log: int = 0) -> None:
        """It has ended with what `exec --json` prints; `log` are the bytes of its log. What has ended stays so."""
        texts = json.dumps({name: outcome.get(name, "") for name in _TEXTS})
        rest = json.dumps({name: value for name, value in outcome.items() if name not in _TEXTS})
        code, now = outcome.get("exit_code"), self._clock()
        values = (
            state, now, code, bool(outcome.get("timed_out")), outcome.get("error", ""), rest, log + len(texts), run,
        )  # fmt: skip
        with self._database.change() as rows:
            query = (
                "UPDATE runs SET state = ?, ended = ?, code = ?, timed_out = ?, error = ?, outcome = ?, kept = ?"
                " WHERE id = ? AND ended IS NULL"
            )
            if rows.execute(query, values).rowcount:
                rows.execute("INSERT OR REPLACE INTO outputs (run, texts) VALUES (?, ?)", (run, texts))
                query = "UPDATE sandboxes SET used = ? WHERE id = (SELECT sandbox FROM runs WHERE id = ?)"
                rows.execute(query, (now, run))
                run_ended(rows, run, state, outcome)

    def settle(self, is_alive: Callable[[str], bool]) -> list[str]:
        """Mark as lost what goes on for processes that have ended, and tell it. `is_alive` tells of a presence."""
        lost: list[str] = []
        servers = [row["server"] for row in self._database.all("SELECT DISTINCT server FROM runs WHERE ended IS NULL")]
        for server in servers:
            if not is_alive(server):
                with self._database.change() as rows:
                    query = "UPDATE runs SET state = ?, ended = ?, error = ? WHERE server = ? AND ended IS NULL"
                    found = rows.execute(f"{query} RETURNING id", (LOST, self._clock(), _LOST, server)).fetchall()
                    for row in found:
                        run_ended(rows, row["id"], LOST, {})
                lost += [row["id"] for row in found]
        return lost

    def keeps(self, run: str, size: int) -> None:
        """So many bytes are kept of a run that has ended."""
        with self._database.change() as rows:
            rows.execute("UPDATE runs SET kept = ? WHERE id = ? AND has_log", (size, run))

    def get(self, caller: Caller, run: str, *, texts: bool = True) -> Run | None:
        """A run with its whole outcome, or without `texts`, None where there is none or it is another's."""
        query = "SELECT runs.*, texts FROM runs LEFT JOIN outputs ON run = id WHERE id = ?"
        if not texts:
            query = "SELECT *, NULL AS texts FROM runs WHERE id = ?"
        row = self._database.one(query, (run,))
        if row is None or not (caller.sees_all or row["owner"] == caller.name):
            return None
        return _run(row, json.loads(row["texts"]) if row["texts"] is not None else {})

    def goes_on(self, run: str) -> bool:
        """Whether a run is there and has not ended."""
        return self._database.one("SELECT 1 FROM runs WHERE id = ? AND ended IS NULL", (run,)) is not None

    def latest(self, caller: Caller, sandbox: str, *, limit: int, offset: int) -> list[Run]:
        """Runs that the caller may see, of one sandbox or of all (""), the latest first, without texts."""
        own = "1" if caller.sees_all else "owner = :owner"
        of = "sandbox = :sandbox" if sandbox else "1"
        query = f"SELECT * FROM runs WHERE {own} AND {of} ORDER BY number DESC LIMIT :limit OFFSET :offset"  # noqa: S608
        values = {"owner": caller.name, "sandbox": sandbox, "limit": limit, "offset": offset}
        return [_run(row, {}) for row in self._database.all(query, values)]

    def going_on(self, sandbox: str) -> list[Run]:
        """What is queued or runs in a sandbox."""
        query = "SELECT * FROM runs WHERE sandbox = ? AND ended IS NULL ORDER BY number"
        return [_run(row, {}) for row in self._database.all(query, (sandbox,))]

    def beyond(self, most: int) -> list[str]:
        """The runs whose logs and outputs must go, so that all have `most` bytes: the oldest of whoever has the most.

        Nobody loses any by what another's programs write, while their own are no more than an equal part.
        """
        query = "SELECT owner, sum(kept) AS whole FROM runs WHERE has_log AND ended IS NOT NULL GROUP BY owner"
        wholes = {row["owner"]: row["whole"] for row in self._database.all(query)}
        part = equal_part(wholes.values(), most)
        query = (
            "SELECT id FROM runs WHERE number IN (SELECT number FROM (SELECT number, sum(kept) OVER (ORDER BY number"
            " DESC) AS whole FROM runs WHERE has_log AND ended IS NOT NULL AND owner = ?) WHERE whole > ?)"
            " ORDER BY number"
        )
        too_much = [owner for owner, whole in wholes.items() if whole > part]
        return [row["id"] for owner in too_much for row in self._database.all(query, (owner, part))]

    def let_go(self, run: str) -> None:
        """Its log is gone: keep its row alone."""
        with self._database.change() as rows:
            rows.execute("UPDATE runs SET has_log = 0, kept = 0 WHERE id = ?", (run,))
            rows.execute("DELETE FROM outputs WHERE run = ?", (run,))

    def past(self, most: int) -> list[str]:
        """Those that ended before the latest `most` of their owner's."""
        query = (
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY number DESC) AS place FROM runs"
            " WHERE ended IS NOT NULL) WHERE place > ?"
        )
        return [row["id"] for row in self._database.all(query, (most,))]

    def forget(self, runs: Iterable[str]) -> None:
        """They never were; their logs are gone already."""
        with self._database.change() as rows:
            for each in runs:
                rows.execute("DELETE FROM outputs WHERE run = ?", (each,))
                rows.execute("UPDATE runs SET kept = 0 WHERE id = ? AND ended IS NOT NULL", (each,))  # it is tallied
                rows.execute("DELETE FROM runs WHERE id = ? AND ended IS NOT NULL", (each,))

    def under_way(self, caller: Caller) -> dict[str, int]:
        """How many are queued and how many run, of all servers."""
        where, values = ("1", ()) if caller.sees_all else ("owner = ?", (caller.name,))
        going_on = "runs INDEXED BY going_on WHERE ended IS NULL"  # and not by way of an owner's whole history
        query = f"SELECT state, count(*) AS number FROM {going_on} AND {where} GROUP BY 1"  # noqa: S608
        found = self._database.all(query, values)
        return {QUEUED: 0, RUNNING: 0} | {row["state"]: row["number"] for row in found}


def equal_part(wholes: Iterable[int], most: int) -> int:
    """How much each may have, so that all have `most` together: what some leave of their part is the others'."""
    left, ordered = most, sorted(wholes)
    for place, whole in enumerate(ordered):
        part = left // (len(ordered) - place)
        if whole > part:
            return part
        left -= whole
    return most


def _run(row: sqlite3.Row, texts: Mapping[str, object]) -> Run:
    return Run(
        id=row["id"],
        sandbox_id=row["sandbox"],
        owner=row["owner"],
        state=row["state"],
        kind=row["kind"],
        program=row["program"],
        queued_at=row["queued"],
        started_at=row["started"],
        ended_at=row["ended"],
        exit_code=row["code"],
        timed_out=bool(row["timed_out"]),
        error=row["error"],
        outcome=json.loads(row["outcome"]) | dict(texts),
        has_log=bool(row["has_log"]),
    )
