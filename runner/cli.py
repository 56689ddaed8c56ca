"""The command line. `exec` is described in `options.py`; click prints its help and its mistakes."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from jhansi_runner.proxy.paths import UnsafeFolder
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.events import Events
from jhansi_runner.runner.execute import execute
from jhansi_runner.runner.job import Named
from jhansi_runner.runner.options import EXEC, FLAG, MANY, ExecOptions
from jhansi_runner.runner.outlet import Outlet
from jhansi_runner.runner.record import Record, as_line
from jhansi_runner.runner.session_limits import of_error

_PROGRAM = "jhansi-runner"
_LINES = "--json=lines"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="jhansi-runner", prog_name=_PROGRAM)
def cli() -> None:
    """Run code that nobody reviewed, with the packages it needs, isolated from this host."""


def run(words: Sequence[str]) -> None:
    """Run the command line, and exit with its code."""
    from jhansi_runner.runner import (
        cli_cache,
        cli_deps,
        cli_doctor,
        cli_log,
        cli_missing,
        cli_policy,
        cli_proxy,
        cli_runs,
        cli_sandbox,
        cli_sandbox_files,
        cli_sbom,
        cli_serve,
        cli_token,
    )

    cli.add_command(_exec_command())
    cli.add_command(cli_cache.cache)
    cli_cache.cache.add_command(cli_missing.missing)
    cli.add_command(cli_deps.deps)
    cli.add_command(cli_doctor.doctor)
    cli.add_command(cli_policy.policy)
    cli.add_command(cli_proxy.proxy)
    cli_policy.policy.add_command(cli_log.log)
    cli.add_command(cli_runs.runs)
    cli.add_command(cli_sandbox.sandbox)
    cli_sandbox.sandbox.add_command(cli_sandbox_files.files)
    cli.add_command(cli_sbom.sbom)
    cli.add_command(cli_serve.serve)
    cli.add_command(cli_token.token)
    cli_deps.deps.add_command(cli_sbom.diff)
    try:
        known = ["--json" if word == _LINES else word for word in words] if words[:1] == ["exec"] else list(words)
        cli.main(args=known, prog_name=_PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        if _wants_json(words):
            record = Events(Outlet()) if _LINES in words else Record()
            record.error = error.format_message()
            told(record, FAILED)
        sys.exit(FAILED)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # the exit code tells that we failed, not a program
        sys.exit(report(error))


def _wants_json(words: Sequence[str]) -> bool:
    """Whether a command line with a mistake in it is one of `exec --json`.

    Where its options end cannot be told, so `--json` counts wherever it stands before a `--`.
    """
    options = words[: words.index("--")] if "--" in words else words
    return list(words[:1]) == ["exec"] and any(word.partition("=")[0] == "--json" for word in options)


def report(error: BaseException) -> int:
    """Say what went wrong and what to do next; the exit code. A fault of our own is shown with its trace."""
    if isinstance(error, RunnerError):
        say(f"error: {error}")
        for line in error.lines:
            for part in line.splitlines():
                say(f"  {part}")
        return error.code
    # a descriptor that would block has the same number as a process that may not be started
    limit = of_error(error.errno) if isinstance(error, OSError) and error.errno != errno.EAGAIN else None
    if isinstance(error, UnsafeFolder):
        say(f"error: {error}")
    elif isinstance(error, OSError) and limit is not None:
        what = "" if error.filename is None else f"{error.filename}: "
        say(f"error: {what}{error.strerror}: {limit.wrong}")
        for line in limit.remedy.splitlines():
            say(f"  {line}")
    elif isinstance(error, OSError) and error.filename is not None:
        say(f"error: {error.filename}: {error.strerror}")
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            say("  the disk is full: make room, or set JHANSI_HOME to a folder with more; nothing half-done was kept")
    else:
        traceback.print_exception(error)
        say("error: this is a fault of jhansi-runner's: please report it with the lines above")
    return FAILED


def _exec_command() -> click.Command:
    parameters: list[click.Parameter] = [
        click.Option(
            [option.name],
            is_flag=option.kind == FLAG,
            multiple=option.kind == MANY,
            metavar=option.metavar or None,
            help=option.help,
        )
        for option in EXEC
    ]
    words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar="FILE [ARGS]... | -- COMMAND...")
    parameters.append(words)
    return click.Command(
        "exec",
        params=parameters,
        callback=_exec,
        help="Run a program with the packages it needs, or a command, in the workspace.\n\n"
        "There is no terminal inside: standard input and output are pipes, and a shell shows no prompt.",
        context_settings={"allow_interspersed_args": False},
    )


def _exec(words: tuple[str, ...], **given: object) -> None:
    """Only what `read_exec` gives up on comes here, and all of it is a mistake."""
    del words, given
    raise click.UsageError("name the file to run, or a command after --")


def exec_json(options: ExecOptions) -> int:
    """Run, and print one JSON object whatever happens, or one for each event; the exit code."""
    return carried_out(options, Events(Outlet()) if options.json_lines else Record())


def carried_out(options: ExecOptions, record: Record, named: Named | None = None) -> int:
    """Run, and print what a record tells; the exit code. `named` is as in `execute`."""
    try:
        code = execute(options, os.environ, record, named)
    except KeyboardInterrupt:
        code, record.error = 130, "interrupted"
    except Exception as error:  # there is one object, whatever happens
        code = report(error)
        record.error = "\n".join([str(error), *getattr(error, "lines", ())])
    try:
        return told(record, code)
    except KeyboardInterrupt:
        return 130


def told(record: Record, code: int) -> int:
    """Print the one object, or the last event; the exit code, which is ours when that cannot be written."""
    if isinstance(record, Events):
        outlet = record.outlet
        record.done(code)
    else:
        outlet = Outlet()
        outlet.put(as_line(record.to_json(code)))
    outlet.drain()
    if outlet.error:
        say(f"error: the outcome cannot be written: {outlet.error}")
        return FAILED
    return code
