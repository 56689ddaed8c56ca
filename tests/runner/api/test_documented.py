"""docs/api.md tells the truth: it has each event and each error that there is, and no others."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.runner.api import connection, failures
from jhansi_runner.runner.engine import log
from jhansi_runner.runner.record import refusal
from jhansi_runner.runner.sandboxes import errors

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs/api.md").read_text()
FOLDERS = ("runner/api", "runner/sandboxes", "runner/engine")
_NAMED = {"SandboxError": 1, "bad_request": 2, "refused": 2, "not_found": 1}
"""Where what makes an error takes its name."""


def _table(heading: str) -> list[list[str]]:
    part = TEXT.partition(heading)[2]
    rows = re.findall(r"^\|(.+)\|$", part, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows[2:]]


def _named(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def _errors(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        place = _NAMED.get(node.func.id)
        given = [each.value for each in node.keywords if each.arg == "name"]
        if place is not None and len(node.args) > place:
            given.append(node.args[place])
        if place is not None:
            for each in given:
                if isinstance(each, ast.Constant):
                    yield str(each.value)
                elif isinstance(each, ast.Name) and each.id.isupper():
                    yield str(getattr(errors, each.id))


def test_it_has_each_error_that_is_made_and_no_other() -> None:
    files = [file for folder in FOLDERS for file in (ROOT / folder).glob("*.py") if file.name != "tokens.py"]
    made = {name for file in files for name in _errors(file)}
    made |= {*connection._CODES.values(), *(name for name, _ in failures._HINTS.values())}
    made |= {"bad_request", "refused", "not_found", "internal_error"}  # what is said without a name
    assert len(made) > 40
    assert {name for row in _table("## Errors") for name in _named(row[1])} == made


def test_each_error_has_its_status() -> None:
    said = {name: row[0] for row in _table("## Errors") for name in _named(row[1])}
    fixed = (
        errors.busy("x"),
        errors.damaged("x"),
        errors.too_large("x"),
        errors.queue_full("x"),
        errors.not_found("x"),
    )
    assert all(str(error.status) in said[error.name] for error in fixed)
    codes = {code: [str(status) for status, each in connection._CODES.items() if each == code] for code in said}
    wanted = {code: found for code, found in codes.items() if found}
    rows = {code: " ".join(row[0] for row in _table("## Errors") if code in _named(row[1])) for code in wanted}
    assert all(status in rows[code] for code, found in wanted.items() for status in found)


def test_it_has_each_event_with_its_fields(tmp_path: Path) -> None:
    rows = {row[0].strip("`"): _named(row[1]) for row in _table("the name, `data:`") if row[0].strip("`").isalpha()}
    told = set(re.findall(r'_tell\("(\w+)"', (ROOT / "runner/events.py").read_text()))
    assert told | {log.MESSAGE, log.TRUNCATED} == {*rows} & {*told, log.MESSAGE, log.TRUNCATED}
    assert rows["refused"] == [*refusal(Entry("gate", "deny", "GET", "/"))]
    kept = log.Log(str(tmp_path), "run_1", 1)
    kept.message(b"words")
    kept.add(b'{"event": "output", "seq": 1, "stream": "stdout", "text": "x"}\n')
    kept.close({})
    lines = [json.loads(line) for line in Path(log.path(str(tmp_path), "run_1")).read_text().splitlines()]
    assert [line["event"] for line in lines] == ["message", "truncated", "done"]
    assert all(rows[line["event"]] == [*line][2:] for line in lines[:2])
