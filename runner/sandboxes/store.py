"""The rows of sandboxes. What is deleted keeps its row."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable

from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import (
    CREATED,
    DELETED,
    IDLE,
    RUNNING,
    Caller,
    NewSandbox,
    Sandbox,
)
from jhansi_runner.runner.sandboxes.tally import sandbox_made

_STARTED = "EXISTS (SELECT 1 FROM runs WHERE runs.sandbox = sandboxes.id AND ended IS NULL AND started IS NOT NULL)"
_SELECT = f"SELECT *, {_STARTED} AS running FROM sandboxes"  # noqa: S608


class Sandboxes:
    """Sandboxes, as the database has them. `clock` gives seconds since the epoch. All raise SandboxError."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def add(self, sandbox: str, owner: str, asked: NewSandbox, *, most: int, parent: str = "") -> Sandbox:
        """A new row. Raises SandboxError when the owner has `most` sandboxes already."""
        now = self._clock()
        limits = json.dumps(dict(asked.limits), sort_keys=True)
        facts = (asked.language, asked.ttl, limits, asked.policy, asked.agent, asked.created_by, parent, now, now)
        with self._database.change() as rows:
            query = "SELECT count(*) FROM sandboxes WHERE owner = ? AND deleted IS NULL"
            (count,) = rows.execute(query, (owner,)).fetchone()
            if count >= most:
                message = f"{owner} has {count} sandboxes, and may have {most}"
                raise SandboxError(429, "too_many_sandboxes", message, "delete some that are not needed")
            rows.execute(
                "INSERT INTO sandboxes (id, owner, language, ttl, limits, policy, agent, created_by, parent,"
                " created, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (sandbox, owner, *facts),
            )
            sandbox_made(rows, owner)
            found = rows.execute(f"{_SELECT} WHERE id = ?", (sandbox,)).fetchone()
        return _sandbox(found)

    def get(self, caller: Caller, sandbox: str, *, deleted: bool = False) -> Sandbox | None:
        """The sandbox with an id, None where there is none, its time is over, or it is another's.

        With `deleted` also one that was.
        """
        row = self._database.one(f"{_SELECT} WHERE id = ?", (sandbox,))
        if row is None or not (caller.sees_all or row["owner"] == caller.name):
            return None
        return _sandbox(row) if deleted or self._is_there(row) else None

    def latest(self, caller: Caller, *, active: bool, limit: int, offset: int) -> list[Sandbox]:
        """Those that the caller may see, the latest first."""
        where = "1" if caller.sees_all else "owner = :owner"
        living = f"deleted IS NULL AND (used + ttl > :now OR {_STARTED})" if active else "1"
        query = f"{_SELECT} WHERE {where} AND {living} ORDER BY number DESC LIMIT :limit OFFSET :offset"
        values = {"owner": caller.name, "limit": limit, "offset": offset, "now": self._clock()}
        return [_sandbox(row) for row in self._database.all(query, values)]

    def _is_there(self, row: sqlite3.Row) -> bool:
        return row["deleted"] is None and (row["running"] or row["used"] + row["ttl"] > self._clock())

    def use(self, sandbox: str) -> None:
        """It was used just now: its time begins anew."""
        with self._database.change() as rows:
            rows.execute("UPDATE sandboxes SET used = ? WHERE id = ? AND deleted IS NULL", (self._clock(), sandbox))

    def delete(self, sandbox: str, *, expired: bool = False) -> bool:
        """Mark it as deleted; False when it is so already or, with `expired`, when it was used meanwhile."""
        query = "UPDATE sandboxes SET deleted = :now WHERE id = :id AND deleted IS NULL"
        with self._database.change() as rows:
            late = " AND used + ttl <= :now" if expired else ""
            return rows.execute(query + late, {"now": self._clock(), "id": sandbox}).rowcount > 0

    def expired(self) -> list[str]:
        """Those whose time is over."""
        query = "SELECT id FROM sandboxes WHERE deleted IS NULL AND used + ttl <= ?"
        return [row["id"] for row in self._database.all(query, (self._clock(),))]

    def is_living(self, sandbox: str) -> bool | None:
        """Whether a sandbox is not deleted, None where there never was one."""
        row = self._database.one("SELECT deleted FROM sandboxes WHERE id = ?", (sandbox,))
        return None if row is None else row["deleted"] is None

    def past(self, most: int) -> list[str]:
        """Those that were deleted before the latest `most` of their owner's that were."""
        query = (
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY number DESC) AS place"
            " FROM sandboxes WHERE deleted IS NOT NULL) WHERE place > ?"
        )
        return [row["id"] for row in self._database.all(query, (most,))]

    def forget(self, sandboxes: Iterable[str]) -> None:
        """They never were; their folders are gone already."""
        with self._database.change() as rows:
            for each in sandboxes:
                rows.execute("DELETE FROM sandboxes WHERE id = ? AND deleted IS NOT NULL", (each,))

    def living(self, caller: Caller) -> dict[str, int]:
        """How many there are, by status."""
        where, values = ("1", ()) if caller.sees_all else ("owner = ?", (caller.name,))
        query = (
            f"SELECT CASE WHEN {_STARTED} THEN '{RUNNING}' WHEN ran THEN '{IDLE}' ELSE '{CREATED}' END AS status,"  # noqa: S608
            f" count(*) AS number FROM sandboxes WHERE deleted IS NULL AND {where} GROUP BY 1"
        )
        found = dict.fromkeys((CREATED, RUNNING, IDLE), 0)
        return found | {row["status"]: row["number"] for row in self._database.all(query, values)}


def _sandbox(row: sqlite3.Row) -> Sandbox:
    status = IDLE if row["ran"] else CREATED
    status = DELETED if row["deleted"] is not None else RUNNING if row["running"] else status
    return Sandbox(
        id=row["id"],
        owner=row["owner"],
        status=status,
        language=row["language"],
        ttl=row["ttl"],
        limits=json.loads(row["limits"]),
        policy=row["policy"],
        agent=row["agent"],
        created_by=row["created_by"],
        created_at=row["created"],
        used_at=row["used"],
        expires_at=row["used"] + row["ttl"],
        deleted_at=row["deleted"],
        parent=row["parent"],
    )
