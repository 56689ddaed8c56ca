"""Starting bubblewrap: arguments and filter by descriptor, an empty environment, a stop before the program begins.

Light: a warm `exec` imports this module.

Source: bwrap(1), `--args`, `--seccomp`, `--block-fd`, `--json-status-fd`.
"""

from __future__ import annotations

import os
import select
import time

from jhansi_runner.proxy.cell.guardian import Guardian

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signals
    from collections.abc import Iterable, Sequence
else:
    import _signal as signals  # the C half of `signal`, whose Python half costs a warm exec 5 ms

_CHILD_PID = b'"child-pid":'
_EXIT_CODE = b'"exit-code":'


class NoHandle(Exception):
    """We are given no handle of a cell's first process, or it is of no use: nothing could end its program in time."""


class Cell:
    """A bubblewrap process that has been started.

    `pid` is bubblewrap's own, `init` that of the first process inside (0 until `wait_ready`), and `handle` a descriptor
    of the latter (-1 until then), which stands for no other process later, as its number may. `status` is a descriptor
    that becomes readable when something is to be learned, and ends with the cell.
    """

    __slots__ = ("_block", "_guardian", "_is_over", "_said", "handle", "init", "pid", "status")

    def __init__(self, pid: int, status: int, block: int, guardian: Guardian) -> None:
        self.pid, self.status, self._block, self._guardian = pid, status, block, guardian
        self.init, self.handle = 0, -1
        self._said, self._is_over = b"", False

    def wait_ready(self, seconds: float | None = None) -> bool:
        """Wait until the namespaces exist; False when bubblewrap gave up, and how it ends tells why.

        Also when it has not said anything of use, after so many seconds if they are given. Raises NoHandle, with the
        call that was refused; the first process inside is then killed.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._said and b"}" not in self._said:
            if not (self.read_status() if deadline is None else self._read_by(deadline)):
                return False
        init = _number_after(_CHILD_PID, self._said)
        if init <= 0:
            return False
        call = "pidfd_open"
        try:
            self.handle = os.pidfd_open(init)
            call = "pidfd_send_signal"  # as a filter may refuse it: tried now, since no kill later is heard of
            signals.pidfd_send_signal(self.handle, 0)
        except ProcessLookupError:
            return False
        except OSError as error:
            os.kill(init, signals.SIGKILL)  # it waits for us, and bubblewrap for it: the number is its own still
            raise NoHandle(f"{call}: {error.strerror}") from None
        self.init = init
        return True

    def is_gone(self) -> bool:
        """Whether the first process inside has ended already."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        return bool(poll.poll(0))

    def kill_inside(self) -> None:
        """Kill the first process inside, and with it the whole namespace."""
        try:
            signals.pidfd_send_signal(self.handle, signals.SIGKILL)
        except OSError:
            pass

    def release(self) -> bool:
        """Let the program begin; False when bubblewrap is gone already, and how it ended tells why."""
        try:
            os.write(self._block, b"\n")
        except BrokenPipeError:
            return False
        finally:
            self._close_block()
        return True

    def _close_block(self) -> None:
        if self._block >= 0:
            os.close(self._block)
            self._block = -1

    def read_status(self) -> bool:
        """Take in what bubblewrap says; False at its end."""
        data = os.read(self.status, 4096)
        self._said += data
        self._is_over = not data
        return bool(data)

    def _read_by(self, deadline: float) -> bool:
        """Take in what bubblewrap says; False at its end, and when the time is over."""
        poll = select.poll()
        poll.register(self.status, select.POLLIN)
        left = deadline - time.monotonic()
        return left > 0 and bool(poll.poll(left * 1000)) and self.read_status()

    @property
    def exit_code(self) -> int:
        """The program's exit code, 128 + N for signal N; -1 while it runs, or when it never began.

        bubblewrap passes on what its process inside says: whatever that is, it tells that the program began.
        """
        return _number_after(_EXIT_CODE, self._said) & 0xFF if _EXIT_CODE in self._said else -1

    def wait_end(self, seconds: float) -> bool:
        """Wait until a cell whose first process is gone has ended, but not for ever; whether it has."""
        deadline = time.monotonic() + seconds
        while self._read_by(deadline):
            pass
        return self._is_over

    def kill(self) -> None:
        """End a cell whose program was not released: its first process, which waits for that, would wait for ever."""
        if self.handle >= 0:
            self.kill_inside()
        try:
            os.kill(self.pid, signals.SIGKILL)
        except ProcessLookupError:
            pass

    def close(self) -> None:
        """Close our descriptors. A program that was not released never begins."""
        self._close_block()
        self._guardian.end()
        for descriptor in (self.status, self.handle):
            if descriptor >= 0:
                os.close(descriptor)
        self.status = self.handle = -1


def _number_after(key: bytes, text: bytes) -> int:
    """The number that a key has, also one below zero; -1 where there is none that the kernel would take."""
    at = text.find(key)
    if at < 0:
        return -1
    digits = text[at + len(key) : at + len(key) + 24].split(b",", 1)[0].split(b"}", 1)[0].split(b"\n", 1)[0].strip()
    return int(digits) if digits.removeprefix(b"-").isdigit() and len(digits) < 10 else -1


def killed_by(status: int) -> int:
    """The signal that ended bubblewrap or its first process inside, 0 for none. `status` is that of waitpid.

    bubblewrap passes on how its first process ended, as a shell does.
    """
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status)
    return max(0, os.WEXITSTATUS(status) - 128) if os.WIFEXITED(status) else 0


def sealed(data: bytes) -> int:
    """A descriptor from which bubblewrap can read these bytes."""
    try:
        descriptor = os.memfd_create("", 0)
    except OSError as error:
        raise OSError(error.errno, f"memfd_create: {error.strerror}") from None
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:  # more than a file of this session may have
        os.close(descriptor)
        raise
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def start(
    bwrap: str,
    arguments: Iterable[str],
    command: Sequence[str],
    stdio: tuple[int, int, int],
    *,
    seccomp: bytes | None,
    inherited: Sequence[int] = (),
) -> Cell:
    """Start a command in a cell, stopped before its first instruction until `release`.

    `seccomp` is its filter of system calls; to have none, as tests of the filter want it, has to be said.
    `stdio` are the descriptors that become 0, 1 and 2; `inherited` stay open inside under their own numbers. The
    cell is in a session of its own and dies with the thread that calls this, or with the process, whatever moment it
    is killed at. Raises OSError; ValueError for a word with a NUL, which would become several of bubblewrap's options.
    """
    arguments = tuple(arguments)
    if any("\0" in word for word in (*arguments, *command)):
        raise ValueError("a word for bubblewrap has a NUL in it")
    opened: list[int] = []  # all of them, should we get no further
    guardian = None
    try:
        status_read, status_write = _piped(opened)
        block_read, block_write = _piped(opened)
        guardian = Guardian(block_write)
        options = [*arguments, "--json-status-fd", str(status_write), "--block-fd", str(block_read)]
        # bubblewrap takes the end of the pipe for a release, and would begin when we are killed: so it keeps it open.
        kept = os.dup(block_write)
        opened.append(kept)
        options += ["--sync-fd", str(kept)]
        if seccomp is not None:
            opened.append(sealed(seccomp))
            options += ["--seccomp", str(opened[-1])]
        opened.append(sealed(b"".join(os.fsencode(option) + b"\0" for option in options)))
        argv = ["bwrap", "--args", str(opened[-1]), "--", *command]
        passed = [each for each in opened if each not in (status_read, block_write)]
        for descriptor in (*passed, *inherited):
            os.set_inheritable(descriptor, True)
        pid = os.posix_spawn(
            bwrap,
            argv,
            {},
            file_actions=[(os.POSIX_SPAWN_DUP2, descriptor, number) for number, descriptor in enumerate(stdio)],
            setsid=True,
            setsigdef=(signals.SIGPIPE, signals.SIGXFSZ),
            setsigmask=(),
        )
    except OSError:
        if guardian is not None:
            guardian.end()
        for descriptor in opened:
            os.close(descriptor)
        raise
    finally:
        for descriptor in inherited:
            os.set_inheritable(descriptor, False)
    for descriptor in passed:
        os.close(descriptor)
    return Cell(pid, status_read, block_write, guardian)


def _piped(opened: list[int]) -> tuple[int, int]:
    """A pipe whose ends are noted in `opened`."""
    ends = os.pipe()
    opened.extend(ends)
    return ends
