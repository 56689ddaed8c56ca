"""`jhansi-runner deps`: what a program would need, and why."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import click

from jhansi_runner.proxy import paths
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.runner.console import shown
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.language import elsewhere
from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.prepare import language_of, make_plan
from jhansi_runner.runner.view import RecordingView


@click.group()
def deps() -> None:
    """The packages that programs need."""


@deps.command("plan")
@click.argument("path", default=".")
@click.option("--workspace", metavar="DIR", help="The folder that the program sees as /sandbox.")
@click.option("--language", metavar="NAME", help="The language, when the files do not tell.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan_command(path: str, workspace: str | None, as_json: bool, language: str | None) -> None:
    """Show what would be installed for a file or a folder, and why; install nothing."""
    options = ExecOptions()
    options.workspace, options.language = workspace, language
    if os.path.isdir(path):
        options.workspace = workspace or path
        options.command = ["--"]  # no command of any language
    elif os.path.exists(path):
        options.file = path
    else:
        raise RunnerError(f"there is no {path}: name a file or a folder", code=NOTHING_TO_RUN)
    job = Job(options, paths.current(os.environ), os.environ)
    view = RecordingView(job.workspace)
    resolver = language_of(job, view)
    plan = make_plan(job, view, resolver)
    if options.command and language is None:
        plan = replace(plan, notes=(*plan.notes, *elsewhere(resolvers(), resolver.language, view)))
    print(json.dumps(plan.to_json(), indent=2) if as_json else _text(plan))


def _text(plan: Plan) -> str:
    rows = [("PACKAGE", "FOR", "WHERE", "KNOWN BY")]
    for each in plan.requirements:
        named = f"import {each.import_name}" if each.import_name else each.origin
        rows.append((each.text, named, f"{each.file}:{each.line}", each.origin))
    for item in plan.undecided:
        closest = f", closest is {item.closest}" if item.closest else ""
        rows.append(("undecided", f"import {item.import_name}", f"{item.file}:{item.line}", item.reason + closest))
    rows = [(shown(what), shown(named), shown(where), shown(why)) for what, named, where, why in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{plan.language}, decided by {plan.source}"]
    if len(rows) > 1:
        lines += ["  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]) for row in rows]
    elif plan.unbuilt is None:
        lines.append("nothing is needed")
    return "\n".join([*lines, *(f"note: {shown(note)}" for note in plan.notes)])
