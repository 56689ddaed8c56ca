"""What one process of a sandbox has, and what all have together. Pure.

Source: proc_pid_status(5); vfork(2).
"""

from __future__ import annotations

from jhansi_runner.runner.limits.proc import number


class Use:
    """What a process has: bytes of its `own`, bytes of `shared` memory, and `threads`.

    `parent` is by number; `lenders` are as many of its threads as waited for children of vfork, which have all that
    their parent has until a program of their own begins, and it seemed to be one of them: else 0.
    """

    __slots__ = ("lenders", "own", "parent", "pid", "shared", "threads")

    def __init__(self, pid: str, status: bytes) -> None:
        self.pid, self.parent, self.lenders = pid, str(number(status, b"\nPPid:")), 0
        self.own = sum(number(status, key) for key in (b"\nRssAnon:", b"\nVmSwap:", b"\nVmPTE:")) << 10
        self.shared = number(status, b"\nRssShmem:") << 10
        self.threads = number(status, b"\nThreads:")


def of_status(pid: str, status: bytes) -> Use | None:
    """What a process has; None when it has gone, or its memory cannot be seen just now."""
    use = Use(pid, status)
    return None if not use.threads or (use.threads > 1 and b"\nRssAnon:" not in status) else use


def weight(use: Use) -> int:
    """Bytes that surely count besides what others have."""
    return 0 if use.lenders else use.own + use.shared


def together(rounds: list[list[Use]]) -> tuple[int, int]:
    """Bytes of their own, and shared, that all had together, at the time when it was the most."""
    return max(map(_of_one_list, rounds), key=sum)


def _of_one_list(uses: list[Use]) -> tuple[int, int]:
    """Children of vfork are not counted besides their parent, as many as it waits for and with as much as it has."""
    by_pid = {use.pid: use for use in uses}
    lent: dict[str, int] = {}
    own = shared = 0
    for use in uses:
        parent = by_pid.get(use.parent)
        if parent is not None and lent.get(use.parent, 0) < use.lenders and _is_alike(use, parent):
            lent[use.parent] = lent.get(use.parent, 0) + 1
            continue
        own, shared = own + use.own, shared + use.shared
    return own, shared


def _is_alike(child: Use, parent: Use) -> bool:
    """Whether two may have the same pages, read one after the other."""
    has = parent.own + parent.shared
    return abs(child.own + child.shared - has) <= has // 4


def threads(rounds: list[list[Use]]) -> int:
    """How many processes and threads there were, at the time when it was the most."""
    return max(sum(use.threads for use in each) for each in rounds)
