"""One run in the process that the nursery forked for it: what `jhansi-runner exec --json=lines` does, from here on.

It has the descriptors of its own run and no others, and dies with the nursery.

Source: prctl(2), PR_SET_PDEATHSIG, which is of no use when the parent is gone before it is set.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Sequence
from typing import NoReturn

from jhansi_runner.runner.cli import carried_out, report
from jhansi_runner.runner.engine.order import Order
from jhansi_runner.runner.errors import FAILED
from jhansi_runner.runner.events import Events
from jhansi_runner.runner.outlet import Outlet

_PR_SET_PDEATHSIG = 1
_FIRST_FREE = 3
_MOST_DESCRIPTORS = 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)


def begin(descriptors: Sequence[int], parent: int) -> NoReturn:
    """Run what was ordered, and end this process.

    `descriptors` are: the order, the program's input, where events go, where our words go, and the one that keeps the
    sandbox busy. All are above 2.
    """
    code = FAILED
    try:
        if _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
            os._exit(FAILED)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is under way is ended as by Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
        given = _take_over(descriptors)
        os.chdir(given.work)
        record = Events(Outlet())
        record.run_id, record.sandbox_id = given.run, given.sandbox
        code = carried_out(given.exec_options(), record, given.named())
    except BaseException as error:
        report(error)
    finally:
        os._exit(code)


def _take_over(descriptors: Sequence[int]) -> Order:
    """Make them 0, 1, 2 and 3, and close all others, also those of other runs; what was ordered."""
    ordered, *ours, busy = descriptors
    data = os.pread(ordered, os.fstat(ordered).st_size, 0)
    for number, descriptor in enumerate(ours):
        os.dup2(descriptor, number)
    if busy != _FIRST_FREE:
        os.dup2(busy, _FIRST_FREE, inheritable=False)
    os.closerange(_FIRST_FREE + 1, _MOST_DESCRIPTORS)
    return Order.read(data)
