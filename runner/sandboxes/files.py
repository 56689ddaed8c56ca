"""Files of sandboxes, for whoever asks: bounded by what an operator lets them have.

Many may write to one sandbox at once. What each finds room for when it begins is not there any more when others were
faster, so what comes is counted together, and who was overtaken asks again before it is put in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakValueDictionary

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.sandboxes import tree, writing
from jhansi_runner.runner.sandboxes.archive import unpack
from jhansi_runner.runner.sandboxes.errors import too_large
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.packing import pack
from jhansi_runner.runner.sandboxes.places import Place
from jhansi_runner.runner.sandboxes.settings import Settings
from jhansi_runner.runner.sandboxes.threads import threaded

T = TypeVar("T")


@dataclass(slots=True, weakref_slot=True)
class _Writers:
    """Those who write to one sandbox. `coming` are the bytes that are not in place yet, `done` counts who was."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    coming: int = 0
    done: int = 0


class Files:
    """Looks at and changes the files of sandboxes, which are there. All raise SandboxError."""

    def __init__(self, folders: Paths, settings: Settings) -> None:
        self._folders, self._settings = folders, settings
        self._writers: WeakValueDictionary[str, _Writers] = WeakValueDictionary()

    async def entries(self, sandbox: str, path: str, *, deep: bool) -> list[Entry]:
        """What is in a folder."""
        return await self._looked(sandbox, lambda work: tree.entries(work, path, deep=deep))

    async def entry(self, sandbox: str, path: str) -> Entry:
        """What is at a path."""
        return await self._looked(sandbox, lambda work: tree.entry(work, path))

    async def read(self, sandbox: str, path: str) -> tuple[Entry, int]:
        """A file, and a descriptor to read it from."""
        return await self._looked(sandbox, lambda work: tree.open_file(work, path))

    async def write(self, sandbox: str, path: str, data: AsyncIterator[bytes], *, executable: bool) -> Entry:
        """Write a file, whole or not at all."""
        place, writers = self._place(sandbox), self._writers.setdefault(sandbox, _Writers())
        done, size = writers.done, 0
        room = await self._room(sandbox)
        most = min(room, self._settings.upload)
        file = await threaded(writing.Writing, place.folder, path, most=most, executable=executable)
        try:
            async for piece in data:
                size, writers.coming = size + len(piece), writers.coming + len(piece)
                if writers.coming > room:
                    raise _no_room()
                await threaded(file.add, piece)
            async with writers.lock:
                if writers.done != done and size > await self._room(sandbox):
                    raise _no_room()
                try:
                    return await threaded(file.commit)
                finally:
                    writers.done += 1
        finally:
            writers.coming -= size
            await threaded(file.abort)

    async def remove(self, sandbox: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        await threaded(writing.remove, self._place(sandbox).folder, path)

    async def unpack(self, sandbox: str, archive: int, folder: str) -> list[Entry]:
        """Put what is in an archive into a folder, all or nothing."""
        writers = self._writers.setdefault(sandbox, _Writers())
        async with writers.lock:
            most = min(await self._room(sandbox), self._settings.upload)
            try:
                return await threaded(unpack, self._place(sandbox).folder, archive, folder, most=most)
            finally:
                writers.done += 1

    async def pack(self, sandbox: str, path: str) -> AsyncGenerator[bytes, None]:
        """A folder as a tar archive."""
        with tree.opened(self._place(sandbox).work) as work:
            pieces = await threaded(pack, work, path, most=self._settings.sandbox)
            try:
                while piece := await threaded(next, pieces, b""):
                    yield piece
            finally:
                await threaded(_closed, pieces)

    async def _room(self, sandbox: str) -> int:
        """The bytes that may be added."""
        return await self._looked(sandbox, lambda work: tree.room(work, self._settings.sandbox))

    async def _looked(self, sandbox: str, look: Callable[[int], T]) -> T:
        def act() -> T:
            with tree.opened(self._place(sandbox).work) as work:
                return look(work)

        return await threaded(act)

    def _place(self, sandbox: str) -> Place:
        place = Place(self._folders, sandbox)
        place.mend()
        return place


def _no_room() -> Exception:
    return too_large("others filled the sandbox meanwhile", "remove files, or use another sandbox")


def _closed(pieces: Iterator[bytes]) -> None:
    """Let an iterator that nobody reads any more close what it holds, where it is a generator."""
    if isinstance(pieces, Generator):
        pieces.close()
