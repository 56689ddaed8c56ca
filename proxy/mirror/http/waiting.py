"""Who is waited for, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Those for whom we wait equally long, so that they stand in the order in which their time is up.

    Times are those of the loop's clock, in seconds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[T, float] = {}

    def begin(self, one: T, now: float) -> None:
        """Wait for one from now on."""
        self._since.pop(one, None)
        self._since[one] = now

    def end(self, one: T) -> None:
        """Wait no longer for one, if we do."""
        self._since.pop(one, None)

    def __iter__(self) -> Iterator[T]:
        """Those who are waited for, the one for whom we have waited longest first."""
        return iter(self._since)

    def longest(self) -> T | None:
        """The one for whom we have waited longest."""
        return next(iter(self._since), None)

    def overdue(self, now: float) -> Iterator[T]:
        """Those whose time is up; they are waited for no longer."""
        while (one := self.longest()) is not None and now - self._since[one] >= self._seconds:
            del self._since[one]
            yield one
