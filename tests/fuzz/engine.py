"""Runs a target on its corpus and on new inputs, within bounds of time and memory, and makes small what fails."""

from __future__ import annotations

import signal
import time
import traceback
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fuzz.mutate import LARGEST, Mutator

CORPUS = Path(__file__).parent / "corpus"
INPUT_SECONDS = 2.0
"""CPU time that one input of at most 16 KiB may take."""
_HANG_SECONDS = 12.0
INPUT_BYTES = 256 << 20
"""Memory by which the process may grow on one input."""
_POOL = 2000
_SHRINK_TRIES = 3000


@dataclass(frozen=True, slots=True)
class Target:
    """A parser of hostile bytes. `run` lets through only what it should not, and checks what has to hold.

    What it returns tells inputs apart: one with an answer that was not seen before is worth changing further.
    `kind` and `tokens` are as in `Mutator`.
    """

    name: str
    run: Callable[[bytes], Hashable]
    tokens: tuple[bytes, ...] = ()
    kind: str = ""

    @property
    def corpus(self) -> list[Path]:
        """Its files, in the order of their names."""
        return sorted(path for path in (CORPUS / self.name).iterdir() if path.is_file())


class Found(AssertionError):
    """An input that a target does not stand. `what` tells such apart: the exception, and the line that raised it."""

    def __init__(self, target: str, data: bytes, what: str, trace: str) -> None:
        super().__init__(f"{target} does not stand {data[:300]!r} ({len(data)} bytes): {what}\n{trace}")
        self.data, self.what = data, what


class TooMuch(AssertionError):
    """An input that takes too much time or memory."""


def check(target: Target, data: bytes) -> Hashable:
    """Run a target on one input; its answer. Raises Found."""
    try:
        with _bounded():
            return target.run(data)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {str(error)[:200]}"
        raise Found(target.name, data, what, traceback.format_exc(limit=-6)) from None


def explore(target: Target, seed: int, *, seconds: float, inputs: int | None = None) -> int:
    """Run a target on new inputs, for so long or so many; how many there were. Raises Found, the input made small."""
    pool = [path.read_bytes() for path in target.corpus]
    seen = {check(target, data) for data in pool}
    mutator = Mutator(seed, pool, target.tokens, target.kind)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and count != inputs:
        data = mutator.next()
        count += 1
        try:
            answer = check(target, data)
        except Found as found:
            small = _small(target, found)
            small.add_note(f"seed {seed}, input {count}; keep it: tests/fuzz/corpus/{target.name}/")
            raise small from None
        if answer not in seen and len(pool) < _POOL:
            seen.add(answer)
            pool.append(data)
    return count


def _small(target: Target, found: Found) -> Found:
    """The same with a smaller input, as far as leaving parts out brings it."""
    if found.what.startswith(TooMuch.__name__):
        return found  # each try would take as long
    tries, size = 0, max(len(found.data) // 2, 1)
    while tries < _SHRINK_TRIES:
        before = found
        for start in range(0, len(found.data), size):
            tries += 1
            data = found.data[:start] + found.data[start + size :]
            try:
                check(target, data)
            except Found as other:
                if other.what.partition(": ")[0] == found.what.partition(": ")[0]:
                    found = other
                    break
        if found is before:
            if size == 1:
                break
            size = max(size // 2, 1)
    return found


@contextmanager
def _bounded() -> Iterator[None]:
    """Raises TooMuch in what takes too much time or memory of its own."""

    def stop(*_: object) -> None:
        raise TooMuch(f"it takes more than {_HANG_SECONDS} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _HANG_SECONDS)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the highest is the present again
    start, highest = time.thread_time(), _highest()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    taken = time.thread_time() - start
    if taken > INPUT_SECONDS:
        raise TooMuch(f"it takes {taken:.1f} seconds")
    if _highest() - highest > INPUT_BYTES:
        raise TooMuch(f"it takes {(_highest() - highest) >> 20} MiB of memory")


def _highest() -> int:
    """The most memory that this process had since that was asked last, in bytes."""
    with open("/proc/self/status", "rb") as file:
        return int(file.read().partition(b"VmHWM:")[2].split()[0]) << 10


__all__ = ["CORPUS", "LARGEST", "Found", "Target", "TooMuch", "check", "explore"]
