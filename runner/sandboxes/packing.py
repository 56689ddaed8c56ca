"""A folder of a workspace as a tar archive, made while it is read: files and folders, nothing that they lead to.

Links, pipes, sockets and devices are left out, owners too; sparse files come with their zeros.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import suppress

from jhansi_runner.runner.sandboxes.errors import SandboxError, too_large
from jhansi_runner.runner.sandboxes.names import failed, folder_parts, told
from jhansi_runner.runner.sandboxes.opening import Gone, descend, readable
from jhansi_runner.runner.sandboxes.tree import MOST_KEPT, too_many, walk

_PIECE = 1 << 18


def pack(work: int, path: str = "", *, most: int) -> Iterator[bytes]:
    """The bytes of the archive; names in it are below the folder. The descriptor has to stay open until the last.

    Raises SandboxError: at once, before the first piece, for more than `most` bytes, more than MOST_KEPT entries, and
    what is no folder; and between pieces when a file becomes shorter while it is read, so that nothing false is sent.
    """
    names = folder_parts(path)
    try:
        folder = descend(work, names)
    except OSError as error:
        raise failed(error, path, "packed") from None
    try:
        _measure(folder, path, len(names), most)
    except BaseException:
        os.close(folder)
        raise
    return _packed(folder, path, len(names))


def _measure(folder: int, path: str, above: int, most: int) -> None:
    size = 0
    for count, (_, _, status) in enumerate(walk(folder, above=above)):
        size += status.st_size if stat.S_ISREG(status.st_mode) else 0
        if count == MOST_KEPT:
            raise too_many(MOST_KEPT)
        if size > most:
            raise too_large(
                f"{told(path) or 'the sandbox'} holds more than the {most} bytes that are packed",
                "take its folders or files one by one",
            )


def _packed(folder: int, path: str, above: int) -> Iterator[bytes]:
    try:
        for way, parent, status in walk(folder, above=above):
            if stat.S_ISDIR(status.st_mode):
                yield _header(b"/".join(way), status, 0)
            elif stat.S_ISREG(status.st_mode):
                yield from _file(b"/".join(way), way[-1], parent)
        yield bytes(2 * tarfile.BLOCKSIZE)
    except OSError as error:
        raise failed(error, path, "packed") from None
    finally:
        os.close(folder)


def _file(path: bytes, name: bytes, parent: int) -> Iterator[bytes]:
    with suppress(Gone), readable(parent, name) as (file, found):
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return
        yield _header(path, found, status.st_size)
        left = status.st_size
        while left:
            piece = os.read(file, min(_PIECE, left))
            if not piece:
                raise SandboxError(
                    409,
                    "changed_meanwhile",
                    f"{told(path.decode('utf-8', 'backslashreplace'))} became shorter while it was read",
                    "try again when nothing runs in the sandbox",
                )
            left -= len(piece)
            yield piece
        yield bytes(-status.st_size % tarfile.BLOCKSIZE)


def _header(path: bytes, status: os.stat_result, size: int) -> bytes:
    info = tarfile.TarInfo(path.decode("utf-8", "surrogateescape"))
    info.type = tarfile.DIRTYPE if stat.S_ISDIR(status.st_mode) else tarfile.REGTYPE
    info.size, info.mtime, info.mode = size, int(status.st_mtime), status.st_mode & 0o777
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
