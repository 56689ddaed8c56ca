"""Whose turn it is: so many runs at once, owners in turn, first come first served within one, one run for a sandbox.

Programs may go on for as long as they like, and nobody's is ended for another's. So no owner may have all places, but
the one whose server it is: by turns alone, one with programs that never end would keep out all others for ever.

Pure: time is handed in, in seconds of whatever clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.errors import busy, queue_full
from jhansi_runner.runner.sandboxes.model import LOCAL

_KEPT = 4
"""One place in so many, and at least one, is kept for other owners."""


def places_of_one(runs: int) -> int:
    """How many of so many places one owner may have."""
    return max(1, runs - max(1, runs // _KEPT))


@dataclass(slots=True)
class _Waiting:
    run: str
    owner: str
    sandbox: str
    not_before: float = 0.0


class Queue:
    """Runs that wait and runs that have their turn. `runs` may have it at once, `most` and `most_each` may wait.

    `runs_each` of one owner may have it, but for LOCAL.
    """

    def __init__(self, runs: int, most: int, most_each: int, runs_each: int | None = None) -> None:
        self._runs, self._most, self._most_each = runs, most, most_each
        self._runs_each = runs if runs_each is None else runs_each
        self._owners: OrderedDict[str, OrderedDict[str, _Waiting]] = OrderedDict()
        self._waiting: dict[str, str] = {}
        self._running: dict[str, _Waiting] = {}
        self._used: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many have their turn."""
        return len(self._running)

    def add(self, run: str, owner: str, sandbox: str, *, wait: bool) -> None:
        """Let a run wait for its turn. Raises SandboxError: busy, unless it is to `wait` for that; queue_full."""
        if sandbox in self._used and not wait:
            raise busy(sandbox)
        own = self._owners.get(owner, OrderedDict())
        if len(self._running) + len(self._waiting) >= self._runs:  # else it need not wait for a place
            if len(self._waiting) >= self._most:
                raise queue_full(f"{len(self._waiting)} runs wait already, which is all that may")
            if len(own) >= self._most_each:
                raise queue_full(f"{len(own)} of your runs wait already, which is all that may")
        own[run] = _Waiting(run, owner, sandbox)
        self._owners[owner] = own
        self._waiting[run] = owner
        self._used[sandbox] = self._used.get(sandbox, 0) + 1

    def take(self, now: float) -> str | None:
        """The run whose turn it is: from now on it has it; None while there is none."""
        if len(self._running) >= self._runs:
            return None
        active = {each.sandbox for each in self._running.values()}
        for owner, own in self._owners.items():
            if owner != LOCAL and sum(each.owner == owner for each in self._running.values()) >= self._runs_each:
                continue
            before: set[str] = set()
            for each in own.values():
                if each.not_before <= now and each.sandbox not in active and each.sandbox not in before:
                    del own[each.run], self._waiting[each.run]
                    self._owners.move_to_end(owner)
                    if not own:
                        del self._owners[owner]
                    self._running[each.run] = each
                    return each.run
                before.add(each.sandbox)
        return None

    def put_back(self, run: str, owner: str, until: float) -> None:
        """Take a turn back: what the run needs is not free, and is not asked for before `until`. It comes next then."""
        sandbox = self._running.pop(run).sandbox
        own = self._owners.setdefault(owner, OrderedDict())
        own[run] = _Waiting(run, owner, sandbox, until)
        own.move_to_end(run, last=False)
        self._waiting[run] = owner

    def next_time(self) -> float | None:
        """When somebody who was put back may be asked again, None where nobody was."""
        times = [each.not_before for own in self._owners.values() for each in own.values() if each.not_before]
        return min(times, default=None)

    def remove(self, run: str) -> bool:
        """Forget a run that waits; whether it did."""
        owner = self._waiting.pop(run, None)
        if owner is None:
            return False
        own = self._owners[owner]
        self._release(own.pop(run).sandbox)
        if not own:
            del self._owners[owner]
        return True

    def ended(self, run: str) -> None:
        """A run that had its turn is over."""
        self._release(self._running.pop(run).sandbox)

    def _release(self, sandbox: str) -> None:
        self._used[sandbox] -= 1
        if not self._used[sandbox]:
            del self._used[sandbox]
