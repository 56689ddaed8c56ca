"""What there is to say once a program has ended: what was refused for it, what it left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.ledger import ALLOW, NOT_CACHED, Entry
from jhansi_runner.runner.console import say
from jhansi_runner.runner.inside import Ended
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.limits.model import TIME
from jhansi_runner.runner.limits.words import as_json, exceeded, met, raised
from jhansi_runner.runner.record import Record

_SHOWN = 20
_HIDDEN = (
    "the program left more folders or files than are looked through for names such as .git and .envrc, "
    "which tools of this host may obey: look before you work in a folder that it made"
)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`planted` are names that tools of the host may obey; `hidden` tells that there may be more of them.

    `entries` is what the gate told, `said` the end of what went to stdout, where that was kept.
    """

    planted: Sequence[str]
    hidden: bool
    ended: Ended
    entries: Sequence[Entry]
    said: bytes = b""


def tell(job: Job, found: Aftermath, record: Record | None) -> None:
    """Tell the user on stderr, or the record when one is kept; and the journal."""
    job.account.heard(found.entries)
    job.account.timed_out = found.ended.timed_out
    hold, timeout = found.ended.hold, found.ended.hold.limits.get(TIME)
    if record is not None:
        record.heard(found.entries)
        record.timed_out = found.ended.timed_out
        record.limits = as_json(hold, timeout.value if timeout is not None else None)
        record.planted = list(found.planted)
        record.notes += [_HIDDEN] if found.hidden else []
    if job.offline and found.ended.code and not (hold.ended_by or found.ended.timed_out or found.ended.stopped_by):
        _tell_missing(job, found, record)
    if job.options.json:
        return
    if found.ended.timed_out and timeout is not None:
        say(f"killed after {timeout.value:g} s ({timeout.origin})")
    if hold.ended_by:
        say(f"{exceeded(hold)}; {raised(hold)}")
    for sentence in met(hold):
        say(sentence)
    tell_refused([entry for entry in found.entries if not (job.offline and entry.code == NOT_CACHED)])
    if found.planted:
        names = ", ".join(found.planted[:_SHOWN])
        names += f" and {len(found.planted) - _SHOWN} more" if len(found.planted) > _SHOWN else ""
        say(f"warning: the program made or changed {names}, which tools of this host may obey: look first")
    if found.hidden:
        say(f"warning: {_HIDDEN}")


def _tell_missing(job: Job, found: Aftermath, record: Record | None) -> None:
    """Tell what a program that failed, most often a package manager, did not find in the cache."""
    from jhansi_runner.runner.shortage import missing, say_missing

    said = record.stdout.text() if record is not None else found.said.decode("utf-8", "replace")
    words = f"{said}\n{found.ended.words.decode('utf-8', 'replace')}"
    say_missing(job, missing(found.entries, words, (), job.folders.cache), record)


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
