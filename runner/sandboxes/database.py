"""The database of sandboxes, runs and tokens: opened, made where there is none, and its errors in words.

Source: https://sqlite.org/wal.html, https://sqlite.org/rescode.html
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.filesystem import is_network, type_of
from jhansi_runner.runner.sandboxes import tally
from jhansi_runner.runner.sandboxes.errors import NO_SPACE, SandboxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jhansi_runner.proxy.paths import Paths

    Values = Sequence[object] | Mapping[str, object]

FILE = "sandboxes.db"
_VERSION = 2
_SCHEMA = (
    """CREATE TABLE sandboxes (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, language TEXT NOT NULL,
        ttl REAL NOT NULL, limits TEXT NOT NULL, policy TEXT NOT NULL, agent TEXT NOT NULL, created_by TEXT NOT NULL,
        parent TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL, deleted REAL, ran INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX sandboxes_of_owner ON sandboxes (owner, number)",
    "CREATE INDEX living ON sandboxes (owner, number) WHERE deleted IS NULL",
    """CREATE TABLE runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sandbox TEXT NOT NULL, owner TEXT NOT NULL,
        server TEXT NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL, program TEXT NOT NULL, queued REAL NOT NULL,
        started REAL, ended REAL, code INTEGER, timed_out INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '{}', has_log INTEGER NOT NULL DEFAULT 1, kept INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX runs_of_sandbox ON runs (sandbox, number)",
    "CREATE INDEX runs_of_owner ON runs (owner, number)",
    "CREATE INDEX going_on ON runs (sandbox, server) WHERE ended IS NULL",
    "CREATE INDEX logged ON runs (owner, number, kept) WHERE has_log AND ended IS NOT NULL",
    "CREATE TABLE outputs (run TEXT PRIMARY KEY, texts TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE tokens (
        name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, sees_all INTEGER NOT NULL, created REAL NOT NULL
    ) WITHOUT ROWID""",
    *tally.SCHEMA,
)
_SINCE_1 = (*tally.SCHEMA, *tally.FROM_ROWS)
_WAIT_SECONDS = 10.0


class Database:
    """One connection, which several threads may use; each block of `change` is one transaction."""

    def __init__(self, folders: Paths) -> None:
        """Raises SandboxError for one that cannot be used, OSError, UnsafeFolder."""
        self.path = f"{paths.make(folders.service)}/{FILE}"
        self._lock = threading.RLock()
        with self._told():
            self._rows = _opened(self.path)

    def close(self) -> None:
        """Close it."""
        with self._lock:
            self._rows.close()

    def all(self, query: str, values: Values = ()) -> list[sqlite3.Row]:
        """The rows of a query. Raises SandboxError."""
        with self._lock, self._told():
            return self._rows.execute(query, values).fetchall()

    def one(self, query: str, values: Values = ()) -> sqlite3.Row | None:
        """The first row of a query. Raises SandboxError."""
        found = self.all(query, values)
        return found[0] if found else None

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it, or nothing. Raises SandboxError."""
        with self._lock, self._told():
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield self._rows
                self._rows.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite has taken it back by itself when the disk is full
                    self._rows.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _error(self.path, error) from error


def _opened(path: str) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    rows = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        rows.row_factory = sqlite3.Row
        version = _version(rows)
        if version < _VERSION:
            if not version and not _is_shared(path):
                rows.execute("PRAGMA journal_mode = WAL")
            rows.execute("BEGIN IMMEDIATE")  # so that one alone makes it
            for statement in {0: _SCHEMA, 1: _SINCE_1}.get(_version(rows), ()):
                rows.execute(statement)
            rows.execute(f"PRAGMA user_version = {_VERSION}")
            rows.execute("COMMIT")
        elif version != _VERSION:
            raise _of_another_version(path, version)
        rows.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        rows.close()
        raise
    return rows


def _version(rows: sqlite3.Connection) -> int:
    return int(rows.execute("PRAGMA user_version").fetchone()[0])


def _is_shared(path: str) -> bool:
    """Whether the file system is one whose hosts share no memory, which a write-ahead log needs."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return is_network(type_of(os.path.realpath(path), file.read()))
    except OSError:
        return True


def _of_another_version(path: str, version: int) -> SandboxError:
    message = f"{path} has format {version}, and this version of jhansi-runner reads {_VERSION}: nothing was changed"
    return SandboxError(500, "store_version", message, "use the version of jhansi-runner that made it")


def _error(path: str, error: sqlite3.Error) -> SandboxError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        message = f"{path} is in use by another process for longer than {_WAIT_SECONDS:g} s"
        return SandboxError(503, "store_busy", message, "try again later", retry_after=5)
    if code == sqlite3.SQLITE_FULL:
        message = f"{path}: the disk is full, so nothing was changed"
        return SandboxError(507, NO_SPACE, message, "make room, or delete sandboxes that nobody needs")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        message = f"{path} is damaged ({error}): nothing was changed, and the files of sandboxes are as they were"
        hint = f"put a copy of it back, try `sqlite3 {path} .recover`, or move it away to begin with none"
        return SandboxError(500, "store_damaged", message, hint)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return SandboxError(500, "store_unusable", f"{path} cannot be used: {error}", f"look at it: ls -l {path}*")
    return SandboxError(500, "store_failed", f"{path}: {error}: nothing was changed", "try again")
