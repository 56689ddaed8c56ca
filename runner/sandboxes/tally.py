"""What is counted when it happens, in the transaction that it happens in, so that telling it reads no history.

Each owner has rows of their own. They are few: most labels are words of ours, and of agents one owner has `AGENTS`.
"""

from __future__ import annotations

from jhansi_runner.runner.errors import FAILED, REFUSED
from jhansi_runner.runner.sandboxes.model import CANCELLED, LOST
from jhansi_runner.runner.sandboxes.told import AGENTS, BUCKETS, ENDS, OTHERS, Tallies

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from jhansi_runner.runner.sandboxes.database import Database
    from jhansi_runner.runner.sandboxes.model import Caller

SCHEMA = (
    """CREATE TABLE tallies (
        owner TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, value REAL NOT NULL,
        PRIMARY KEY (owner, name, label)
    ) WITHOUT ROWID""",
    """CREATE TRIGGER kept AFTER UPDATE OF kept ON runs WHEN new.kept <> old.kept BEGIN
        INSERT INTO tallies VALUES (new.owner, 'log_bytes', '', new.kept - old.kept)
        ON CONFLICT DO UPDATE SET value = value + excluded.value;
    END""",
)
FROM_ROWS = (
    "INSERT INTO tallies SELECT owner, 'sandboxes', '', count(*) FROM sandboxes GROUP BY owner",
    "INSERT INTO tallies SELECT owner, 'log_bytes', '', sum(kept) FROM runs GROUP BY owner",
)
"""For a database of before there were tallies: what cannot do without a beginning. The rest counts from now on."""
_ADD = "INSERT INTO tallies VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value"
_MOST_CODES = 20
"""Of one run. There are some forty."""


def sandbox_made(rows: sqlite3.Connection, owner: str) -> None:
    """Count a sandbox."""
    rows.execute(_ADD, (owner, "sandboxes", "", 1))


def run_ended(rows: sqlite3.Connection, run: str, state: str, outcome: Mapping[str, object]) -> None:
    """Count a run whose row has its end already."""
    query = (
        "SELECT runs.owner, queued, started, ended, agent FROM runs JOIN sandboxes ON sandboxes.id = sandbox"
        " WHERE runs.id = ?"
    )
    found = rows.execute(query, (run,)).fetchone()
    if found is None:
        return
    end = end_of(state, outcome)
    for name, label, value in _of_run(found, end, outcome):
        if value:
            rows.execute(_ADD, (found["owner"], name, label, value))
    if found["agent"]:
        agent = _agent(rows, found["owner"], found["agent"])
        rows.execute(_ADD, (found["owner"], "agent_runs", agent, 1))
        if ENDS[end]:
            rows.execute(_ADD, (found["owner"], "agent_failed", agent, 1))


def _of_run(row: sqlite3.Row, end: str, outcome: Mapping[str, object]) -> Iterator[tuple[str, str, float]]:
    yield "runs", end, 1
    if row["started"] is not None and end != LOST:  # when a lost one ended nobody saw
        seconds = max(0.0, row["ended"] - row["started"])
        yield "bucket", str(sum(seconds > each for each in BUCKETS)), 1
        yield "seconds", "", seconds
        yield "waited", "", max(0.0, row["started"] - row["queued"])
    milliseconds = outcome.get("install_ms")
    if isinstance(milliseconds, int):
        yield "install", "", milliseconds / 1000
    denied = outcome.get("denied")
    for each in denied[:_MOST_CODES] if isinstance(denied, list) else ():
        yield "refused", str(each["code"]), int(each.get("count", 1))


def _agent(rows: sqlite3.Connection, owner: str, agent: str) -> str:
    query = "SELECT count(*), total(label = ?) FROM tallies WHERE owner = ? AND name = 'agent_runs'"
    count, known = rows.execute(query, (agent, owner)).fetchone()
    return agent if known or count < AGENTS else OTHERS


def end_of(state: str, outcome: Mapping[str, object]) -> str:
    """How a run ended, in one of the words of `ENDS`."""
    if state in (CANCELLED, LOST):
        return state
    limits, code = outcome.get("limits"), outcome.get("exit_code")
    if outcome.get("timed_out"):
        return "timed_out"
    if isinstance(limits, dict) and limits.get("ended_by"):
        return "limit"
    if code == 0:
        return "ok"
    return {FAILED: "fault", REFUSED: "refused"}.get(int(str(code)), "failed") if outcome.get("error") else "failed"


def read(database: Database, caller: Caller) -> Tallies:
    """What was counted of the caller's own, or of all. Raises SandboxError."""
    where, values = ("1", ()) if caller.sees_all else ("owner = ?", (caller.name,))
    query = f"SELECT name, label, sum(value) AS value FROM tallies WHERE {where} GROUP BY 1, 2"  # noqa: S608
    found: dict[str, dict[str, float]] = {}
    for row in database.all(query, values):
        found.setdefault(row["name"], {})[row["label"]] = row["value"]
    failed = found.get("agent_failed", {})
    agents = {name: (int(runs), int(failed.get(name, 0))) for name, runs in found.get("agent_runs", {}).items()}
    busiest = sorted(agents, key=lambda name: (-agents[name][0], name))[:AGENTS]
    buckets = found.get("bucket", {})
    return Tallies(
        sandboxes=int(_one(found, "sandboxes")),
        ended=dict.fromkeys(ENDS, 0) | {name: int(number) for name, number in found.get("runs", {}).items()},
        durations=tuple(int(buckets.get(str(number), 0)) for number in range(len(BUCKETS) + 1)),
        seconds=_one(found, "seconds"),
        waited_seconds=_one(found, "waited"),
        install_seconds=_one(found, "install"),
        refusals={name: int(number) for name, number in sorted(found.get("refused", {}).items())},
        agents={name: agents[name] for name in busiest},
        log_bytes=int(_one(found, "log_bytes")),
    )


def _one(found: Mapping[str, Mapping[str, float]], name: str) -> float:
    return found.get(name, {}).get("", 0.0)
