"""`exec --sandbox`: a run in a sandbox that has a name, by the command line itself, with or without a server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.execute import execute
from jhansi_runner.runner.job import Named
from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.errors import busy, damaged, not_found
from jhansi_runner.runner.sandboxes.model import CANCELLED, DONE, LOCAL, Caller, Sandbox
from jhansi_runner.runner.sandboxes.owners import Presence
from jhansi_runner.runner.sandboxes.places import Place, is_id, key
from jhansi_runner.runner.sandboxes.run_rows import Runs
from jhansi_runner.runner.sandboxes.store import Sandboxes

_INTERRUPTED = 130


def execute_in(options: ExecOptions, env: Mapping[str, str], record: Record | None) -> int:
    """Run a program in the sandbox that the options name; the exit code. Raises RunnerError."""
    if options.workspace is not None:
        raise RunnerError("--sandbox and --workspace both say where to run: name one of them")
    folders = paths.current(env)
    database = Database(folders)
    sandboxes, runs = Sandboxes(database), Runs(database)
    sandbox = sandboxes.get(Caller(), options.sandbox) if options.sandbox and is_id(options.sandbox) else None
    if sandbox is None:
        raise not_found(f"sandbox {options.sandbox}", "sandbox_not_found", "see: jhansi-runner sandbox list")
    named, lock = taken(folders, sandbox)
    presence = Presence(folders.service)
    try:
        named.run = os.urandom(8).hex()
        run, kind = f"run_{named.run}", "test" if options.test else "command" if options.command else "file"
        program = options.command[0] if options.command else options.file
        if not runs.add(run, sandbox.id, LOCAL, presence.name, kind, program, has_log=False):
            raise not_found(f"sandbox {sandbox.id}", "sandbox_not_found", "it was deleted just now")
        runs.started(run)
        options.language = options.language or named.language or None
        return _recorded(runs, options, env, record or Record(), named)
    finally:
        os.close(lock)
        presence.close()
        database.close()


def taken(folders: Paths, sandbox: Sandbox) -> tuple[Named, int]:
    """What a run in a sandbox needs to know, and the descriptor that holds it busy. Raises SandboxError, OSError."""
    place = Place(folders, sandbox.id)
    try:
        lock = place.hold()
    except FileNotFoundError:
        raise damaged(sandbox.id) from None
    if lock is None:
        raise busy(sandbox.id)
    place.mend()
    return named_of(folders, sandbox), lock


def named_of(folders: Paths, sandbox: Sandbox) -> Named:
    """What a run in a sandbox needs to know."""
    place = Place(folders, sandbox.id)
    named = Named(sandbox.id, key(sandbox.id), place.work)
    named.policy, named.language, named.limits = sandbox.policy, sandbox.language, sandbox.limits
    return named


def _recorded(runs: Runs, options: ExecOptions, env: Mapping[str, str], record: Record, named: Named) -> int:
    code, state = 125, DONE
    try:
        code = execute(options, env, record, named)
        return code
    except KeyboardInterrupt:
        code, state, record.error = _INTERRUPTED, CANCELLED, "interrupted"
        raise
    except RunnerError as error:
        code, record.error = error.code, "\n".join([str(error), *error.lines])
        raise
    except BaseException as error:
        record.error = str(error) or type(error).__name__
        raise
    finally:
        outcome = {**record.to_json(code), "run_id": f"run_{named.run}", "sandbox_id": named.id, "state": state}
        runs.ended(f"run_{named.run}", state, outcome)
