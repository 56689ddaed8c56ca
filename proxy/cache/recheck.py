"""Looks after artifacts that are used: notes the use, and now and then compares the bytes with their hash.

The use is a file's time, and costs one system call. Hashes are compared in a thread of their own, at a rate that leaves
the processor to the clients: once a day for what is used, and at once where somebody else wrote to the file.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles, Held
from jhansi_runner.proxy.cache.removal import quarantine
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.memory import Memory

CHECK_SECONDS = 86400.0
_REMEMBERED = 20_000
_WAITING = 1000
"""What is used while so many wait is looked at when it is used again."""
_BLOCK = 1 << 20
_PAUSE_SECONDS = 1 / 64
"""After each block: at most 64 MiB are read in a second."""
_CLOSE_SECONDS = 5.0


class Rechecks:
    """The artifacts that one process uses. `say` hears of damage, from a thread."""

    def __init__(
        self, store: Store, files: ArtifactFiles, clock: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._store, self._files, self._clock, self._say = store, files, clock, say
        self._checked: Memory[str, float] = Memory(_REMEMBERED)
        self._waiting: queue.SimpleQueue[Artifact | None] = queue.SimpleQueue()
        self._pending: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def use(self, artifact: Artifact) -> None:
        """Note that an artifact is used, and have it compared if it is due. Never waits."""
        held = self._files.held(artifact.sha256)
        if held is None:
            return
        now = self._clock()
        if not held.written:  # else its time goes on telling so, until it was compared
            self._files.touch(artifact.sha256, now)
        checked = self._checked.get(artifact.sha256)
        due = held.written or checked is None or now - checked > CHECK_SECONDS
        if due and artifact.sha256 not in self._pending and len(self._pending) < _WAITING:
            self._pending.add(artifact.sha256)
            self._waiting.put(artifact)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop comparing."""
        self._stop.set()
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_CLOSE_SECONDS)

    def _work(self) -> None:
        while (artifact := self._waiting.get()) is not None and not self._stop.is_set():
            try:
                self._check(artifact)
            except Exception as error:  # the disk or the database; the next use tries again
                self._say(f"{artifact.filename} in the cache could not be compared with its hash: {error}")
            self._pending.discard(artifact.sha256)

    def _check(self, artifact: Artifact) -> None:
        held = self._files.held(artifact.sha256)
        if held is None:
            return
        now = self._clock()
        checked = max(artifact.stored, self._store.checked(artifact.sha256))
        if held.written or not 0 <= now - checked <= CHECK_SECONDS:
            sound = self._is_sound(held)
            if sound is None:
                return
            if not sound:
                place = quarantine(self._store, self._files, artifact.sha256, now)
                if place:
                    self._say(f"{artifact.filename} in the cache was damaged: it is in {place}, and is fetched again")
                return
            self._store.keep_checked(artifact.sha256, now)
            self._files.touch(artifact.sha256, now)
            checked = now
        self._checked.keep(artifact.sha256, checked)

    def _is_sound(self, held: Held) -> bool | None:
        """Whether the bytes of a file are what its name says; None when there was no time to look at all of them."""
        digest = hashlib.sha256()
        with open(self._files.path(held.sha256), "rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                if self._stop.wait(_PAUSE_SECONDS):
                    return None
        return digest.hexdigest() == held.sha256
