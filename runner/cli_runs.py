"""`jhansi-runner runs`: what ran, and whether its record is as it was written."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import click

from jhansi_runner.proxy import paths
from jhansi_runner.runner.console import counted, shown
from jhansi_runner.runner.evidence import dossier
from jhansi_runner.runner.evidence.chain import Problem, Report, verify
from jhansi_runner.runner.evidence.index import DATABASE
from jhansi_runner.runner.evidence.reading import snapshot
from jhansi_runner.runner.evidence.runs import ENDED, Held, Run
from jhansi_runner.runner.limits.model import shown as limit_text

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_TIME = "%Y-%m-%d %H:%M:%S"
_CHANGED = 1


@click.group(invoke_without_command=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), metavar="N", help="How many.")
@click.option("--workspace", metavar="DIR", help="Only those in this folder.")
@_JSON
@click.pass_context
def runs(context: click.Context, limit: int, workspace: str | None, as_json: bool) -> None:
    """List what ran, the latest first. Times are in UTC."""
    if context.invoked_subcommand is not None:
        return
    folders = paths.current(os.environ)
    found: list[Run] = []
    if os.path.exists(folders.runs):
        with dossier.index(folders) as index:
            found = list(index.latest(limit, None if workspace is None else os.path.realpath(workspace)))
    if as_json:
        print(json.dumps({"runs": [run.to_json() for run in found]}, indent=2))
    else:
        print("\n".join(_table(found)) if found else "no run is recorded")


@runs.command("show")
@click.argument("run")
@_JSON
def show(run: str, as_json: bool) -> None:
    """Tell all that is recorded of one run."""
    with dossier.index(paths.current(os.environ)) as index:
        found = dossier.named(index, run)
    print(json.dumps(found.to_json(), indent=2) if as_json else "\n".join(_whole(found)))


@runs.command("verify")
@_JSON
def verify_command(as_json: bool) -> None:
    """Compare every record with the one before, and the last with the head. Exit code 1 when something is wrong.

    The last number and hash, noted elsewhere, vouch for every record before.
    """
    folders = paths.current(os.environ)
    report = verify(*snapshot(folders.runs))
    if os.path.exists(f"{folders.runs}/{DATABASE}"):
        with dossier.index(folders) as index:
            agrees = index.agrees()
        if not agrees:
            os.unlink(f"{folders.runs}/{DATABASE}")
            sentence = f"{folders.runs}/{DATABASE} did not say what the journal says; it is made anew"
            report = replace(report, problems=(*report.problems, Problem("index", 0, sentence)))
    print(json.dumps(_report_data(report), indent=2) if as_json else "\n".join(_report_text(report)))
    sys.exit(_CHANGED if report.problems else 0)


def _table(found: Sequence[Run]) -> list[str]:
    rows = [("RUN", "BEGAN", "LASTED", "CODE", "LANGUAGE", "PROGRAM", "WORKSPACE")]
    rows += [
        (run.run, _when(run), _lasted(run), _code(run), run.language, shown(_program(run)), shown(run.workspace))
        for run in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _whole(run: Run) -> list[str]:
    facts = [
        ("run", f"{run.run}, record {run.number}"),
        ("program", f"{_program(run)}, with {counted(run.arguments, 'argument')}"),
        ("workspace", f"{run.workspace} (sandbox {run.sandbox})"),
        ("began", f"{_when(run)} UTC on {run.host}"),
        ("lasted", _lasted(run)),
        ("exit code", _code(run) + (f": {run.error}" if run.error else "")),
        ("language", run.language),
        ("options", " ".join(run.options)),
        ("timeout", f"{run.timeout:g} s" if run.timeout is not None else ""),
        ("policy", run.policy),
        *(("limit", _limit(one)) for one in run.limits),
        ("ended by", f"the limit of {run.ended_by}" if run.ended_by else ""),
        *(("met", f"the limit of {name}, which refused something") for name in run.met),
        ("packages", f"{'private ' if run.private else ''}set {run.dependencies}" if run.dependencies else ""),
        *(("installed", purl) for purl in run.installed),
        *(("refused", f"{one.what} [{one.code}] {one.rule} ({counted(one.count, 'time')})") for one in run.refused),
        ("refused", f"{run.refused_more} more" if run.refused_more else ""),
    ]
    return [f"{name + ':':<11} {shown(value)}" for name, value in facts if value]


def _limit(one: Held) -> str:
    return f"{one.name} {limit_text(one.name, one.limit)}, set by {one.set_by or 'default'}, held by {one.held_by}"


def _report_data(report: Report) -> dict[str, object]:
    problems = [{"kind": one.kind, "line": one.line, "message": one.sentence} for one in report.problems]
    return {"records": report.records, "last": {"record": report.number, "hash": report.digest}, "problems": problems}


def _report_text(report: Report) -> list[str]:
    lines = [f"{one.kind}: {one.sentence}" for one in report.problems]
    if not report.number:
        return [*lines, "no run is recorded"]
    verdict = counted(len(lines), "problem") if lines else "all as they were written"
    return [*lines, f"{counted(report.records, 'record')}, {verdict}", f"last: record {report.number} {report.digest}"]


def _program(run: Run) -> str:
    return f"-- {run.program}" if run.is_command else run.program


def _when(run: Run) -> str:
    return time.strftime(_TIME, time.gmtime(run.began))


def _lasted(run: Run) -> str:
    return f"{run.milliseconds / 1000:.1f} s" if run.milliseconds is not None else ""


def _code(run: Run) -> str:
    why = " (timeout)" if run.timed_out else f" ({run.ended_by})" if run.ended_by else ""
    return f"{run.code}{why}" if run.state == ENDED else run.state
