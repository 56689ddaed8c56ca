"""A bounded memory: what was not used for longest goes first. Several threads may use it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Keeps values up to a total weight; one that is heavier than that by itself is not kept."""

    def __init__(self, limit: int, weigh: Callable[[V], int] | None = None) -> None:
        """Without `weigh` each value weighs 1."""
        self._limit, self._weigh = limit, weigh
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._weight = 0
        self._guard = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as used now; None when it is not there."""
        with self._guard:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def keep(self, key: K, value: V) -> None:
        """Remember a value, in place of an older one."""
        weight = self._weigh(value) if self._weigh else 1
        with self._guard:
            self._drop(key)
            if weight > self._limit:
                return
            self._values[key] = value, weight
            self._weight += weight
            while self._weight > self._limit:
                _, (_, weight) = self._values.popitem(last=False)
                self._weight -= weight

    def forget(self, key: K) -> None:
        """Forget a value, if it is there."""
        with self._guard:
            self._drop(key)

    def clear(self) -> None:
        """Forget all."""
        with self._guard:
            self._values.clear()
            self._weight = 0

    def _drop(self, key: K) -> None:
        found = self._values.pop(key, None)
        if found is not None:
            self._weight -= found[1]
