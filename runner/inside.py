"""Running one command in a cell of its own, with or without a door, to its end.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy.cell import seccomp
from jhansi_runner.proxy.cell.doorway import CellGone, DoorwayFailed, Usher
from jhansi_runner.proxy.cell.process import NoHandle, killed_by, start
from jhansi_runner.runner.door import Door
from jhansi_runner.runner.errors import KILLED, NO_DOORWAY, NO_HANDLE, NOT_STARTED, NOTHING_TO_RUN, SIGSYS, RunnerError
from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import OUTPUT
from jhansi_runner.runner.relay import Allowance, Relay, Stream
from jhansi_runner.runner.typed import read_some, standard_input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jhansi_runner.runner.job import Job
    from jhansi_runner.runner.limits.model import Limits

_WORDS = 1 << 14
_SIGKILL = 9
_DYING_SECONDS = 5.0


class Ended:
    """How a command ended. `code` is its exit code, 128 + N for signal N; `words` are its last on stderr.

    `stopped_by` is the signal with which the user asked it to stop, 0 for none; it may have ended as it liked.
    `fed` tells that it was given input that cannot be given again, `seconds` how long it ran, and `hold` which limits
    it met.
    """

    __slots__ = ("code", "fed", "hold", "seconds", "stopped_by", "timed_out", "words")

    def __init__(
        self, code: int, timed_out: bool, words: bytes, hold: Hold, stopped_by: int = 0, fed: bool = False
    ) -> None:
        self.code, self.timed_out, self.words, self.stopped_by = code, timed_out, words, stopped_by
        self.hold, self.fed, self.seconds = hold, fed, 0.0


def run_inside(
    job: Job,
    arguments: Sequence[str],
    command: Sequence[str],
    *,
    limits: Limits,
    sinks: tuple[int, int],
    folders: Sequence[str] = (),
    keep: tuple[Callable[[bytes], None] | None, Callable[[bytes], None] | None] = (None, None),
    door: Door | None = None,
    with_stdin: bool = False,
    stdin: int = -1,
    timeout: float | None = None,
    tick: Callable[[], None] | None = None,
) -> Ended:
    """Run a command in a cell. `sinks` take its stdout and stderr, -1 for nowhere; `timeout` is in seconds.

    `with_stdin` gives it our standard input, `stdin` a descriptor, which is closed; else it has nothing to read.
    `folders` of the host are those that it may write to. `tick` is called about once a second meanwhile.

    Raises RunnerError when bubblewrap cannot, with the cause; then nothing of the command was run.
    """
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    typed, refused = None, ""
    if with_stdin:
        stdin, typed = standard_input()
    elif stdin < 0:
        stdin = os.open(os.devnull, os.O_RDONLY)
    words = bytearray()
    keep_out, keep_err = keep

    def remember(data: bytes) -> None:
        words.extend(data[-_WORDS:])
        del words[:-_WORDS]
        if keep_err is not None:
            keep_err(data)

    try:
        cell = start(job.bwrap, arguments, command, (stdin, out_write, err_write), seccomp=seccomp_filter())
    except OSError as error:
        os.close(out_read)
        os.close(err_read)
        raise _unable(job, f"{NOT_STARTED}{error.strerror}") from None
    finally:
        for descriptor in (stdin, out_write, err_write):
            os.close(descriptor)
    relay = usher = None
    hold = Hold(limits, f"{job.run}-{os.urandom(2).hex()}", job.env, folders)
    most = limits.amount(OUTPUT)
    allowance = None if most is None else Allowance(most)
    try:
        if door is not None:
            usher = Usher(job.named.take_usher() if job.named is not None else -1)
        if not cell.wait_ready():
            cell.wait_end(_DYING_SECONDS)
        else:
            if door is not None and usher is not None:
                door.listener = usher.open(cell.init)
            hold.apply(cell)
            streams = (
                Stream(out_read, sinks[0], keep_out, allowance),
                Stream(err_read, sinks[1], remember, allowance),
            )
            relay = Relay(cell, streams, typed, door, timeout, tick, job.outlet, hold)
            relay.run()
    except CellGone:
        cell.wait_end(_DYING_SECONDS)
    except DoorwayFailed as error:
        refused = f"{NO_DOORWAY}{error}"
    except NoHandle as error:
        refused = f"{NO_HANDLE}{error}"
    finally:
        if relay is None:
            cell.kill()
            words.extend(read_some(err_read))
            os.close(out_read)
            os.close(err_read)
        _, status = os.waitpid(cell.pid, 0)
        killed_for = relay.killed_for if relay is not None else ""
        hold.finish(killed_for, cell.exit_code, bytes(words))
        hold.close()
        cell.close()
        if usher is not None:
            usher.close()
        if door is not None:
            door.close()
    if relay is not None and (relay.timed_out or killed_for or cell.exit_code >= 0):
        fed = typed is not None and typed.taken
        code = 128 + _SIGKILL if killed_for else cell.exit_code
        return Ended(code, relay.timed_out, bytes(words), hold, relay.stopped_by, fed)
    if relay is not None and relay.stopped_by:  # before the command began
        return Ended(128 + relay.stopped_by, False, bytes(words), hold, relay.stopped_by)
    if relay is None or not os.WIFSIGNALED(status) or killed_by(status) == SIGSYS:
        shown = relay is not None and sinks[1] >= 0
        raise _not_run(job, command[0], words.decode("utf-8", "replace"), _otherwise(status, refused), shown=shown)
    return Ended(128 + os.WTERMSIG(status), False, bytes(words), hold)


def seccomp_filter() -> bytes:
    """The filter for this machine. Raises RunnerError: without one nothing runs."""
    try:
        return seccomp.program(os.uname().machine)
    except seccomp.UnsupportedMachine as error:
        raise RunnerError(str(error)) from None


def _not_run(job: Job, command: str, words: str, otherwise: str, *, shown: bool) -> RunnerError:
    """Why bubblewrap ended before the command began: then all that was said is bubblewrap's, and tells most.

    `otherwise` is what is known where it said nothing.
    """
    _, failed, reason = words.strip().rpartition("bwrap: execvp ")
    if not failed:
        return _unable(job, words if words.strip() else otherwise, shown=shown)
    reason = reason.rpartition(": ")[2]
    hint = "it has to be executable, and the interpreter that it names has to be in the sandbox too"
    return RunnerError(f"{command} cannot be run in the sandbox: {reason}", code=NOTHING_TO_RUN, lines=(hint,))


def _otherwise(status: int, refused: str) -> str:
    """What is known of an end without words: `refused` is why there is no doorway, after which we killed it."""
    number = killed_by(status)
    return f"{KILLED}{number}" if number == SIGSYS or (number and not refused) else refused


def _unable(job: Job, words: str, *, shown: bool = False) -> RunnerError:
    from jhansi_runner.runner.trouble import explain

    return explain(job.bwrap, words, shown=shown)
