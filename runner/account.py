"""What a run tells of itself to the journal: collected on the way, written when it begins and when it ends.

Nothing runs unrecorded. A program's arguments are counted and not kept: they may be secrets.
Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.journal import BEGIN, END, NO_LOCKS, Journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jhansi_runner.proxy.ledger import Entry
    from jhansi_runner.runner.job import Job
    from jhansi_runner.runner.limits.hold import Hold
    from jhansi_runner.runner.ticket import Ticket

_INTERRUPTED = 130
_MAX_REFUSALS, _MAX_TEXT = 200, 500
_CREDENTIALS, _HIDDEN = "://", "***"


class Account:
    """What is known of a run by now; whoever learns something writes it here.

    `asked` is the digest of what the program asked for (`evidence/asked.py`), `installed` are purls. `dependencies` and
    `private` are as in a ticket.
    """

    __slots__ = (
        "_refused", "asked", "dependencies", "installed", "language", "left_out", "limits", "met", "private",
        "timed_out",
    )  # fmt: skip

    def __init__(self) -> None:
        self.asked = self.dependencies = self.language = ""
        self.private = self.timed_out = False
        self.installed: Sequence[str] = ()
        self.left_out = 0
        self.limits: Sequence[tuple[str, str, str, str]] = ()
        self.met: Sequence[tuple[str, str]] = ()
        self._refused: dict[tuple[str, str, str], int] = {}

    def took(self, ticket: Ticket) -> None:
        """What was decided is known."""
        self.language, self.asked = ticket.language, ticket.asked
        self.dependencies, self.private = ticket.dependencies, ticket.private

    def held(self, hold: Hold) -> None:
        """The limits that a program had, who set and who held each, and those that it met."""
        self.limits = [(name, f"{one.value:.15g}", one.origin, hold.tiers[name]) for name, one in hold.limits.items()]
        self.met = [(name, "refused") for name in hold.met] + ([(hold.ended_by, "ended")] if hold.ended_by else [])

    def heard(self, entries: Iterable[Entry]) -> None:
        """Count what was refused, by code, package and rule; `left_out` counts what is beyond the bound."""
        for entry in entries:
            if entry.verdict == "deny":
                key = (entry.code, entry.purl or without_secrets(entry.url)[:_MAX_TEXT], entry.rule)
                if key in self._refused or len(self._refused) < _MAX_REFUSALS:
                    self._refused[key] = self._refused.get(key, 0) + 1
                else:
                    self.left_out += 1

    def refused(self) -> list[tuple[str, ...]]:
        """Code, package, rule and how often."""
        return [(*key, str(count)) for key, count in self._refused.items()]


def recorded(job: Job, timeout: float | None, work: Callable[[], int]) -> int:
    """Do the work of a run between its two lines in the journal; the exit code.

    Raises RunnerError when it cannot be recorded, and then nothing is done; and whatever the work raises.
    """
    began = time.monotonic()
    try:
        journal = Journal(job.folders.runs)
        journal.append(BEGIN, _beginning(job, timeout), alive=True)
    except OSError as error:
        reason = f"the run cannot be recorded, so nothing is run: {job.folders.runs}: {error.strerror}"
        from jhansi_runner.runner.session_limits import of_error

        limit = of_error(error.errno)
        if limit is not None:
            raise RunnerError(f"{reason}: {limit.wrong}", lines=(limit.remedy,)) from None
        line = "make it a folder of yours that can be written, with room on its disk"
        if error.errno in NO_LOCKS:
            line = "its file system has no locks: name a folder on another with JHANSI_HOME"
        raise RunnerError(reason, lines=(line,)) from None
    code, error_text = FAILED, ""
    try:
        code = work()
        return code
    except RunnerError as error:
        code, error_text = error.code, str(error)
        raise
    except KeyboardInterrupt:
        code, error_text = _INTERRUPTED, "interrupted"
        raise
    except BaseException as error:
        error_text = str(error) or type(error).__name__
        raise
    finally:
        try:
            journal.append(END, _ending(job, code, error_text, round((time.monotonic() - began) * 1000)))
        except OSError as error:
            say(f"warning: the end of run {job.run} could not be recorded: {job.folders.runs}: {error.strerror}")
        journal.close()


def _beginning(job: Job, timeout: float | None) -> list[tuple[str, Sequence[str]]]:
    options = job.options
    program = options.command[0] if options.command else job.entry
    arguments = len(options.command) - 1 if options.command else len(options.arguments)
    flags = [name for name, given in (("offline", job.offline), ("no-install", options.no_install)) if given]
    return [
        ("run", [job.run]),
        ("sandbox", [job.sandbox]),
        ("workspace", [job.workspace.path]),
        ("kind", ["command" if options.command else "file"]),
        ("program", [program[:_MAX_TEXT]]),
        ("arguments", [str(arguments)]),
        ("began", [f"{time.time():.3f}"]),
        ("policy", [job.policy]),
        ("timeout", [] if timeout is None else [f"{timeout:g}"]),
        ("options", flags),
        ("host", [os.uname().nodename]),
    ]


def _ending(job: Job, code: int, error: str, milliseconds: int) -> list[tuple[str, Sequence[str]]]:
    found = job.account
    return [
        ("run", [job.run]),
        ("code", [str(code)]),
        ("timed-out", ["yes"] if found.timed_out else []),
        ("ms", [str(milliseconds)]),
        ("language", [found.language]),
        ("set", [found.dependencies]),
        ("private", ["yes"] if found.private else []),
        ("asked", [found.asked]),
        ("installed", found.installed),
        *(("limit", row) for row in found.limits),
        *(("met", row) for row in found.met),
        *(("refused", row) for row in found.refused()),
        ("refused-more", [str(found.left_out)] if found.left_out else []),
        ("error", [without_secrets(error)[:_MAX_TEXT]] if error else []),
    ]


def without_secrets(text: str) -> str:
    """A text whose URLs have neither name and password nor a query: manifests and programs put tokens there."""
    found = []
    for word in text.split(" "):
        scheme, separator, rest = word.partition(_CREDENTIALS)
        if separator:
            rest, question, _ = rest.partition("?")
            host, slash, path = rest.partition("/")
            host = f"{_HIDDEN}@{host.rpartition('@')[2]}" if "@" in host else host
            word = f"{scheme}{separator}{host}{slash}{path}" + (f"?{_HIDDEN}" if question else "")
        found.append(word)
    return " ".join(found)
