"""`jhansi-runner doctor`: what this host offers, and whether sandboxes hold on it."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version

import click

from jhansi_runner.runner.console import say


@click.command("doctor")
@click.option("--policy", metavar="FILE", help="The policy to look at instead of your own.")
@click.option("--verbose", is_flag=True, help="Tell what is well, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(policy: str | None, verbose: bool, as_json: bool) -> None:
    """Look at this host, and prove isolation: plant things, and let a program in a sandbox try to reach them.

    Exit code 0 when runs are isolated and nothing stops them, 1 otherwise.
    """
    from jhansi_runner.runner.doctor.report import examine
    from jhansi_runner.runner.doctor.text import as_data, as_text, exit_code

    say("trying to break out of a sandbox; this takes some seconds")
    report = examine(os.environ, policy)
    if as_json:
        print(json.dumps(as_data(report, version("jhansi-runner")), indent=2))
    else:
        sys.stdout.write(as_text(report, verbose=verbose))
    sys.stdout.flush()
    sys.exit(exit_code(report.findings))
