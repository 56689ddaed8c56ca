"""`exec`, from its options to the program's exit code.

A repeat goes: workspace, ticket, sandbox, run. All that a first run needs besides is imported when it is needed.
Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.proxy import paths
from jhansi_runner.runner import sandbox, ticket
from jhansi_runner.runner.account import recorded
from jhansi_runner.runner.building import build
from jhansi_runner.runner.door import Door
from jhansi_runner.runner.errors import TIMED_OUT
from jhansi_runner.runner.inside import run_inside
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.limits.model import MEMORY, TIME, of_pairs
from jhansi_runner.runner.obeyed import mounts, planted, survey
from jhansi_runner.runner.variables import given_variables
from jhansi_runner.runner.visible import require_command, shown_entry, shown_paths
from jhansi_runner.runner.workspace_lock import hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jhansi_runner.runner.inside import Ended
    from jhansi_runner.runner.job import Named
    from jhansi_runner.runner.missing import Mending
    from jhansi_runner.runner.options import ExecOptions
    from jhansi_runner.runner.record import Record

_WORDS = 1 << 16


def execute(
    options: ExecOptions, env: Mapping[str, str], record: Record | None = None, named: Named | None = None
) -> int:
    """Run a program; the exit code. `record` hears what there is to hear. Raises RunnerError.

    `named` is the sandbox that its caller holds busy; without it, the one that options name is looked up and held.
    """
    if options.sandbox is not None and named is None:
        from jhansi_runner.runner.sandboxes.command import execute_in

        return execute_in(options, env, record)
    folders = paths.current(env)
    extra = given_variables(options.env, options.env_file, env, folders)
    job = Job(options, folders, env, named)
    return recorded(job, job.given.value(TIME), lambda: _carried_out(job, env, extra, record))


def _carried_out(job: Job, env: Mapping[str, str], extra: Mapping[str, str], record: Record | None) -> int:
    if record is not None:
        job.outlet = record.outlet
        record.run_id, record.sandbox_id = job.told
        record.limits = {"timeout": job.given.value(TIME)}
    kept = ticket.read(job.folders.tickets, job.name)
    if kept is not None and _holds(kept, job):
        found = kept
        job.bound(of_pairs(found.limits))
        if record is not None:
            from jhansi_runner.runner.evidence.dossier import installed_in

            site = job.site(found.dependencies, private=found.private)
            record.language, record.installed = found.language, installed_in(site, found.language)
    else:
        from jhansi_runner.runner.prepare import prepare

        found = prepare(job, env, record)
    job.account.took(found)
    position, left = _position(), job.granted.value(TIME)
    mending: Mending | None = None
    while True:
        ended = _run(job, found, extra, left, record)
        left = None if left is None else left - ended.seconds  # all runs together have the time of one
        if not _may_have_missed(ended, found) or (left is not None and left <= 0):
            return TIMED_OUT if ended.timed_out else ended.code
        from jhansi_runner.runner.missing import Mending

        mending = mending or Mending(job, env, record)
        again = mending.after(ended, found)
        if again is None:
            return ended.code
        found = again
        job.account.took(found)
        if position >= 0:
            os.lseek(0, position, os.SEEK_SET)


def _may_have_missed(ended: Ended, found: ticket.Ticket) -> bool:
    """Whether a program failed by itself, with words that may mean that a package was missing."""
    failed = ended.code != 0 and not ended.stopped_by and not ended.timed_out and not ended.hold.ended_by
    return failed and any(sign.encode() in ended.words for sign in found.signs)


def _position() -> int:
    """How far our standard input has been read, where it is a file; -1 where it is none."""
    try:
        return os.lseek(0, 0, os.SEEK_CUR)
    except OSError:
        return -1


def _run(
    job: Job,
    found: ticket.Ticket,
    extra: Mapping[str, str],
    timeout: float | None,
    record: Record | None,
) -> Ended:
    options = job.options
    hear = record.live if record is not None else None
    door = Door(job, "run", hear) if found.egress == "registries" else None
    dependencies = job.site(found.dependencies, private=found.private)
    variables = {**sandbox.variables(found.path, found.after, door=door is not None), **dict(found.env)}
    if options.command:
        require_command(options.command[0], extra.get("PATH", variables["PATH"]), found, dependencies)
    command: Sequence[str] = options.command or [*_started(found, shown_entry(job)), *options.arguments]
    if options.before:
        from jhansi_runner.runner.testing import started_first

        command = started_first(options.before, command)
    shown = shown_paths(options.read, job)
    lock, protected, before = hold(job.folders, job.workspace, [path for path, _ in shown])
    path, writable = job.workspace.path, job.workspace.writable
    below = [name for name in protected if "/" in name]
    kept = [(persistent(job, found.language, place), place) for place in found.keeps]
    arguments = [
        *sandbox.root(job.folders.state + "/etc", memory=job.granted.amount(MEMORY)),
        *sandbox.toolchain(found.shown, found.hidden),
        *sandbox.programs(found.named),
        *sandbox.read_only([*shown, *found.mounts]),
        *sandbox.workspace(path, [name for name in protected if "/" not in name], writable=writable),
        *(mounts(below, path, sandbox.WORKSPACE) if writable else ()),
        *sandbox.read_only([(dependencies, found.place)] if dependencies else []),
        *sandbox.writable(kept),
        *sandbox.environment({**variables, **extra}),
        *("--chdir", job.cwd),
        *sandbox.sealed(),
    ]
    said = bytearray()
    keep_out = record.out if record is not None else _last(said) if job.offline else None
    folders = [*([path] if writable else []), *(folder for folder, _ in kept)]
    try:
        failed = build(job, arguments, found.build, folders, record) if found.build and not options.command else None
        began = time.monotonic()
        ended = failed or run_inside(
            job,
            arguments,
            command,
            limits=job.granted,
            folders=folders,
            sinks=(-1, -1) if options.json else (1, 2),
            keep=(keep_out, record.err if record is not None else None),
            door=door,
            with_stdin=True,
            timeout=timeout,
        )
        ended.seconds = time.monotonic() - began
    finally:
        os.close(lock)
    after = survey(job.workspace.descriptor)
    after.recall(job.workspace.descriptor, before.names)
    made = planted(before.names, after.names, protected)
    hidden = before.whole and not after.whole
    job.account.held(ended.hold)
    met = bool(ended.hold.ended_by or ended.hold.met)
    if record is not None or made or hidden or ended.timed_out or met or (door is not None and door.entries):
        from jhansi_runner.runner.aftermath import Aftermath, tell

        tell(job, Aftermath(made, hidden, ended, door.entries if door is not None else [], bytes(said)), record)
    return ended


def _last(words: bytearray) -> Callable[[bytes], None]:
    """Keeps the end of what is written: some package managers say on stdout what they did not find."""

    def keep(data: bytes) -> None:
        words.extend(data[-_WORDS:])
        del words[:-_WORDS]

    return keep


def _holds(found: ticket.Ticket, job: Job) -> bool:
    dependencies = job.site(found.dependencies, private=found.private)
    return (
        ticket.still_true(found, job.workspace, job.policy)
        and (not dependencies or os.path.isdir(dependencies))
        and os.path.exists(job.folders.state + "/etc")
        and all(os.path.exists(path) for path in (*found.shown, *(path for path, _ in found.mounts)))
        and all(os.path.lexists(job.folders.state + path) for path in found.shown if path.startswith("/etc/"))
    )


def _started(found: ticket.Ticket, entry: str) -> list[str]:
    """A program's command, without its own arguments."""
    return [entry if word == ticket.ENTRY else word for word in found.argv]


def persistent(job: Job, language: str, place: str) -> str:
    """The folder of our state that persists for a workspace and a language at a place in the sandbox; it is made.

    A place is one name below `/keep`, so that no folder of ours is looked for in one that programs write to.
    """
    return paths.make(f"{job.private}/keep/{language}{place}")
