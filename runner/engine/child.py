"""One run in the process that the nursery forked for it: what `jhansi-runner exec --json=lines` does, from here on.

It has the descriptors of its own run and no others, and dies with the nursery.

Source: prctl(2), PR_SET_PDEATHSIG, which is of no use when the parent is gone before it is set.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
from collections.abc import Sequence
from typing import NoReturn

from jhansi_runner.proxy.paths import current
from jhansi_runner.runner.cli import carried_out, report
from jhansi_runner.runner.engine.order import Order
from jhansi_runner.runner.engine.passing import received
from jhansi_runner.runner.engine.rehearsal import rehearse
from jhansi_runner.runner.errors import FAILED
from jhansi_runner.runner.events import Events
from jhansi_runner.runner.outlet import Outlet
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.places import key
from jhansi_runner.runner.sandboxes.tree import taken

_PR_SET_PDEATHSIG = 1
_BUSY, _USHER, _FIRST_FREE = 3, 4, 5
"""Our descriptors: the lock of the sandbox, an usher's socket, and from where on there are none of ours."""
_MOST_DESCRIPTORS = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)


def wait(channel: socket.socket, parent: int, usher: int) -> NoReturn:
    """Wait for a run, and run it; this process ends with it, or with `parent`.

    What comes are descriptors: the order, the program's input, where events go, where our words go, and the one that
    keeps the sandbox busy.
    """
    code = FAILED
    try:
        if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(FAILED)
        given = [each for each in (channel.detach(), usher) if each >= 0]
        moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for each in given]
        os.closerange(_BUSY, _FIRST_FREE)
        for number, descriptor in enumerate(moved, _BUSY):
            os.dup2(descriptor, number, inheritable=False)
        os.closerange(_FIRST_FREE, _MOST_DESCRIPTORS)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is under way is ended as by Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(Exception):  # the run itself tells what is wrong
            rehearse(os.environ)
        own = socket.socket(fileno=_BUSY)  # until that comes
        _, descriptors = received(own)
        own.detach()
        if not descriptors:
            os._exit(FAILED)
        order = _take_over(descriptors)
        os.chdir(order.work)
        record = Events(Outlet())
        record.run_id, record.sandbox_id = order.run, order.sandbox
        named = order.named()
        named.room = _room(order)
        named.usher = _USHER if usher >= 0 else -1
        code = carried_out(order.exec_options(), record, named)
        os.close(_BUSY)  # the sandbox is free, and all is told: the rest of our end is nobody's to wait for
        os.closerange(0, _BUSY)
    except BaseException as error:
        report(error)
    finally:
        os._exit(code)


def _room(order: Order) -> int | None:
    """What the sandbox may still take of the disk, None for any: nothing where that cannot be counted.

    What a language keeps for a sandbox alone, as a cache of builds, is the program's to write as well.
    """
    kept = f"{current(os.environ).private(key(order.sandbox))}/keep"
    try:
        places = [order.work, *([kept] if os.path.isdir(kept) else [])]
        return order.most - sum(map(taken, places)) if order.most else None
    except SandboxError:
        return 0


def _take_over(descriptors: Sequence[int]) -> Order:
    """Make them 0, 1, 2 and 3, keep the usher's, and close all others, also those of other runs; what was ordered."""
    ordered, *ours, busy = descriptors
    data = os.pread(ordered, os.fstat(ordered).st_size, 0)
    for number, descriptor in enumerate(ours):
        os.dup2(descriptor, number)
    os.dup2(busy, _BUSY, inheritable=False)
    os.closerange(_FIRST_FREE, _MOST_DESCRIPTORS)
    return Order.read(data)
