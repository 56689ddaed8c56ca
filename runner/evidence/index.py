"""The index of the journal: a database that is made from it, brought up to date when asked, and may be deleted.

What the records say is taken from here; whether they are as they were written is asked of the journal (`chain.py`).
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from types import TracebackType

from jhansi_runner.runner.evidence.lines import parse
from jhansi_runner.runner.evidence.reading import is_running, opened, quiet
from jhansi_runner.runner.evidence.runs import Run, run_of
from jhansi_runner.runner.journal import BEGIN, END

DATABASE = "runs.db"
_VERSION = 1
_SCHEMA = f"""
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    workspace TEXT NOT NULL,
    first BLOB NOT NULL,
    last BLOB
);
CREATE INDEX of_workspace ON runs (workspace, number);
CREATE TABLE position (start INTEGER NOT NULL, size INTEGER NOT NULL, digest TEXT NOT NULL);
PRAGMA user_version = {_VERSION};
"""
_CLOSE = 5
_WAIT_SECONDS = 60.0


class Index:
    """The runs of a journal, as it was when this was opened."""

    def __init__(self, folder: str) -> None:
        """Raises OSError when the journal cannot be read; a database that cannot be used is made anew in memory."""
        self._file = opened(folder)
        try:
            self._rows = self._updated(f"{folder}/{DATABASE}")
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Index:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._rows.close()
        os.close(self._file)

    def latest(self, limit: int, workspace: str | None = None) -> Iterator[Run]:
        """Runs, the latest first; of one workspace if given."""
        where = "" if workspace is None else "WHERE workspace = :workspace"
        query = f"SELECT number, first, last FROM runs {where} ORDER BY number DESC LIMIT :limit"  # noqa: S608
        yield from self._found(query, {"workspace": _text(workspace or ""), "limit": limit})

    def run(self, run: str) -> Run | None:
        """The run with this id."""
        query = "SELECT number, first, last FROM runs WHERE run = :run"
        return next(self._found(query, {"run": _text(run)}), None)

    def close_to(self, run: str) -> list[str]:
        """The ids that are most like this one."""
        ids = [str(row[0]) for row in self._rows.execute("SELECT run FROM runs ORDER BY number DESC")]
        begins = [each for each in ids if run and each.startswith(run)]
        return (begins or difflib.get_close_matches(run, ids[:1000], n=_CLOSE, cutoff=0.6))[:_CLOSE]

    def agrees(self) -> bool:
        """Whether the database says what the journal says, and nothing else."""
        fresh = _opened(":memory:")
        query = "SELECT number, run, workspace, first, last FROM runs ORDER BY number"
        try:
            with quiet(self._file):
                self._read_on(fresh, os.fstat(self._file).st_size)
            self._read_on(self._rows, os.fstat(self._file).st_size)
            return list(fresh.execute(query)) == list(self._rows.execute(query))
        finally:
            fresh.close()

    def _found(self, query: str, values: dict[str, object]) -> Iterator[Run]:
        for number, first, last in self._rows.execute(query, values):
            begun, ended = parse(first), parse(last) if last is not None else None
            if begun is not None:
                with contextlib.suppress(ValueError):  # somebody else's line
                    yield run_of(begun, ended, running=ended is None and is_running(self._file, number))

    def _updated(self, path: str) -> sqlite3.Connection:
        with quiet(self._file):
            size = os.fstat(self._file).st_size  # what comes later is left
        for attempt in (path, path, ":memory:"):
            try:
                rows = _opened(attempt)
            except sqlite3.Error:
                continue
            try:
                self._read_on(rows, size)
                return rows
            except sqlite3.Error:
                rows.close()
                if attempt != ":memory:":
                    with contextlib.suppress(OSError):
                        os.unlink(attempt)
        raise OSError(f"{path} cannot be made")

    def _read_on(self, rows: sqlite3.Connection, size: int) -> None:
        """Take in what the journal has and the database has not; all, where they do not agree."""
        rows.execute("BEGIN IMMEDIATE")
        position = rows.execute("SELECT start, size, digest FROM position").fetchone()
        start, done = (position[0], position[1]) if position else (0, 0)
        if position and (done > size or _digest(os.pread(self._file, done - start, start)) != position[2]):
            rows.execute("DELETE FROM runs")
            start = done = 0
        data = os.pread(self._file, size - done, done) if size > done else b""
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.split(b"\n")[:-1]:
            found = parse(line)
            if found is not None and found.kind == BEGIN:
                values = (found.number, _text(found.text("run")), _text(found.text("workspace")), line)
                rows.execute("INSERT OR IGNORE INTO runs (number, run, workspace, first) VALUES (?, ?, ?, ?)", values)
            elif found is not None and found.kind == END:
                rows.execute("UPDATE runs SET last = ? WHERE run = ?", (line, _text(found.text("run"))))
        if whole:
            last = whole.rstrip(b"\n").rfind(b"\n") + 1
            rows.execute("DELETE FROM position")
            at = (done + last, done + len(whole), _digest(whole[last:]))
            rows.execute("INSERT INTO position VALUES (?, ?, ?)", at)
        rows.execute("COMMIT")


def _opened(path: str) -> sqlite3.Connection:
    rows = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        rows.execute("BEGIN EXCLUSIVE")  # so that one alone makes it
        (version,) = rows.execute("PRAGMA user_version").fetchone()
        if version != _VERSION:
            if path != ":memory:":
                os.chmod(path, 0o600)
            for (name,) in rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows.execute(f'DROP TABLE "{name}"')
            for statement in _SCHEMA.strip().split(";\n"):
                rows.execute(statement)
        rows.execute("COMMIT")
    except BaseException:
        rows.close()
        raise
    return rows


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _text(text: str) -> str:
    """A text as SQLite takes it: paths may hold bytes that are no text."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
