"""What there is to say once a program has ended: what was refused for it, what it left behind."""

from __future__ import annotations

from collections.abc import Sequence

from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.runner.console import say
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.record import Record

_SHOWN = 20


def tell(job: Job, planted: Sequence[str], timed_out: bool, entries: Sequence[Entry], record: Record | None) -> None:
    """Tell the user on stderr, or the record when one is kept."""
    if record is not None:
        record.heard(entries)
        record.timed_out = timed_out
        record.planted = list(planted)
    if job.options.json:
        return
    if timed_out:
        say(f"killed after {job.options.timeout} s (--timeout)")
    tell_refused(entries)
    if planted:
        names = ", ".join(planted)
        say(f"warning: the program made {names} in the workspace, which tools of this host may obey: look first")


def tell_refused(entries: Sequence[Entry]) -> None:
    """One line for each thing that was refused or failed, however often it was tried."""
    lines: dict[str, int] = {}
    for entry in entries:
        if entry.verdict != ALLOW:
            text = f"{'refused' if entry.status == 403 else 'failed'}: {entry.reason}"
            text += "" if entry.code in text else f" [{entry.code}]"
            lines[text] = lines.get(text, 0) + 1
    for text, times in list(lines.items())[:_SHOWN]:
        say(text + (f" ({times} times)" if times > 1 else ""))
    if len(lines) > _SHOWN:
        say(f"and {len(lines) - _SHOWN} more; the ledger has them all")
