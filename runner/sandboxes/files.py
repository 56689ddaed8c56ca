"""Files of sandboxes, for whoever asks: bounded by what an operator lets them have."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import TypeVar

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.sandboxes import tree, writing
from jhansi_runner.runner.sandboxes.archive import unpack
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.packing import pack
from jhansi_runner.runner.sandboxes.places import Place
from jhansi_runner.runner.sandboxes.settings import Settings
from jhansi_runner.runner.sandboxes.threads import threaded

T = TypeVar("T")


class Files:
    """Looks at and changes the files of sandboxes, which are there. All raise SandboxError."""

    def __init__(self, folders: Paths, settings: Settings) -> None:
        self._folders, self._settings = folders, settings

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
        place = self._place(sandbox)
        most = await self._room(sandbox)
        file = await threaded(writing.Writing, place.folder, path, most=most, executable=executable)
        try:
            async for piece in data:
                await threaded(file.add, piece)
            return await threaded(file.commit)
        finally:
            await threaded(file.abort)

    async def remove(self, sandbox: str, path: str) -> None:
        """Remove a file, or a folder with all that is in it."""
        await threaded(writing.remove, self._place(sandbox).folder, path)

    async def unpack(self, sandbox: str, archive: int, folder: str) -> list[Entry]:
        """Put what is in an archive into a folder, all or nothing."""
        most = await self._room(sandbox)
        return await threaded(unpack, self._place(sandbox).folder, archive, folder, most=most)

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
        """The bytes that may be added at once."""
        room = await self._looked(sandbox, lambda work: tree.room(work, self._settings.sandbox))
        return min(room, self._settings.upload)

    async def _looked(self, sandbox: str, look: Callable[[int], T]) -> T:
        def act() -> T:
            with tree.opened(self._place(sandbox).work) as work:
                return look(work)

        return await threaded(act)

    def _place(self, sandbox: str) -> Place:
        place = Place(self._folders, sandbox)
        place.mend()
        return place


def _closed(pieces: Iterator[bytes]) -> None:
    """Let an iterator that nobody reads any more close what it holds, where it is a generator."""
    if isinstance(pieces, Generator):
        pieces.close()
