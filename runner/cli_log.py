"""`jhansi-runner policy log`: what was refused, for whom, by which rule, how often."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from dataclasses import asdict

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.history import Line, entries, summary
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.runner.console import counted, shown
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.evidence.refusals import run_of, runs_since, with_runs
from jhansi_runner.runner.sandboxes.places import key

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_LONGEST = 3650 * 86400.0
_TIME = "%Y-%m-%d %H:%M"


@click.command("log")
@click.option("--since", default="7d", metavar="TIME", show_default=True, help="How far back: 90m, 12h, 7d, 4w.")
@click.option("--package", "word", default="", metavar="TEXT", help="Only lines whose package or URL holds this text.")
@click.option("--for", "whom", default="", metavar="WHO", help="Only this run, sandbox or client.")
@click.option("--all", "everything", is_flag=True, help="What was let in as well.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def log(since: str, word: str, whom: str, everything: bool, as_json: bool) -> None:
    """Tell what was refused, for whom, by which rule and how often; the latest first. Times are in UTC."""
    folders, began = paths.current(os.environ), time.time() - seconds(since)
    every = with_runs(entries(folders.ledger, began), runs_since(folders, began))
    found = (entry for entry in every if not whom or _is_for(entry, whom))
    lines = [line for line in summary(found, everything=everything) if word in line.what]
    if as_json:
        printed(json.dumps({"since": when(began), "lines": [_data(line) for line in lines]}, indent=2))
        return
    if not lines:
        printed(f"nothing was {'asked for' if everything else 'refused'} since {when(began)}")
        return
    refused = sum(line.count for line in lines if line.verdict == "deny")
    total = f"{counted(len(lines), 'line')}, {counted(refused, 'refusal')} since {when(began)}"
    printed("\n".join([*(_text(line) for line in lines), total]))


def _is_for(entry: Entry, whom: str) -> bool:
    """Whether an entry is of this run, sandbox or client; ids of the service are also taken as it tells them."""
    return entry.client == whom or entry.sandbox == key(whom) or run_of(entry) == whom.removeprefix("run_")


def printed(text: str) -> None:
    """Print to stdout, which may be closed."""
    try:
        print(text, flush=True)
    except BrokenPipeError:  # nobody wants to know; Python would complain once more when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _text(line: Line) -> str:
    width = shutil.get_terminal_size((110, 24)).columns
    who = ", ".join(line.who)
    head = f"{when(line.last)}  {line.count:>5}x  {line.verdict:<7}  {line.what}"
    facts = "  ".join(part for part in (line.code, line.rule, f"for {who}" if who else "") if part)
    rows = [head, f"    {facts}"] if facts else [head]
    if line.reason:
        rows.append(f"    {line.reason}")
    return "\n".join(shown(row)[: max(width, 80) * 3] for row in rows)


def _data(line: Line) -> dict[str, object]:
    return {**asdict(line), "first": when(line.first), "last": when(line.last), "who": list(line.who)}


def when(moment: float) -> str:
    """A time in seconds since the epoch, in UTC and minutes."""
    return time.strftime(_TIME, time.gmtime(moment))


def seconds(text: str) -> float:
    """Seconds of a text such as `12h`. Raises RunnerError."""
    found = re.fullmatch(r"([0-9]{1,5})([mhdw])", text)
    if found is None:
        raise RunnerError(f"--since {text!r} is no time", lines=("write a number and m, h, d or w, such as 12h or 7d",))
    long = int(found[1]) * _UNITS[found[2]]
    if long > _LONGEST:
        raise RunnerError(f"--since {text!r} is longer than ten years ago", lines=("write less, such as 12h or 7d",))
    return long
