"""A bundle as one stream of bytes, whether it is one file or volumes: NAME.001, NAME.002, and so on."""

from __future__ import annotations

import errno
import os
import re
import stat
from types import TracebackType
from typing import Self

from jhansi_runner.proxy.bundle.tar import BadTar

_VOLUME = re.compile(r"(?P<base>.+)\.(?P<number>[0-9]{3,})", re.DOTALL)


class NoBundle(OSError):
    """There is no such file, or it cannot be read."""


def volume(base: str, number: int) -> str:
    """The path of a volume."""
    return f"{base}.{number:03}"


def is_volume(path: str) -> bool:
    """Whether a path is that of a volume."""
    return _VOLUME.fullmatch(path) is not None


def parts_of(path: str) -> tuple[str, ...]:
    """The files that a bundle is in, in their order; `path` is its own, or that of any of its volumes.

    Raises NoBundle when there is none, BadTar when a volume is missing or cut, as far as that can be seen.
    """
    found = _VOLUME.fullmatch(path)
    if found is None and os.path.lexists(path):
        if os.path.isdir(path):
            raise NoBundle(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return (path,)
    base = found["base"] if found is not None else path
    numbers = _numbers(base)
    if not numbers:
        raise NoBundle(errno.ENOENT, "there is no bundle of this name, nor a first volume of it", path)
    for number in range(1, max(numbers) + 1):
        if number not in numbers:
            raise BadTar(f"{volume(os.path.basename(base), number)} is missing: put it beside the others")
    parts = tuple(volume(base, number) for number in range(1, max(numbers) + 1))
    sizes = [_size(part) for part in parts]
    for part, size in zip(parts[:-1], sizes[:-1], strict=True):
        if size != max(sizes):
            raise BadTar(f"{os.path.basename(part)} is cut: it has {size} bytes, and others have {max(sizes)}")
    return parts


class Volumes:
    """Reads a bundle from its beginning to its end, once. `size` is in bytes."""

    def __init__(self, path: str) -> None:
        """Raises NoBundle, BadTar."""
        self.parts = parts_of(path)
        sizes = [_size(part) for part in self.parts]
        self.size, self._largest, self._last = sum(sizes), max(sizes), sizes[-1]
        self._number, self._descriptor = 0, _open(self.parts[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def take(self, into: memoryview) -> None:
        """Fill all of this. Raises BadTar where the bundle ends before, saying which volume is missing or cut."""
        at = 0
        while at < len(into):
            count = os.readv(self._descriptor, [into[at:]])
            at += count
            if not count and not self._next():
                raise BadTar(self._cut())

    def finish(self) -> None:
        """Make sure that nothing follows. Raises BadTar."""
        more = bytearray(1)
        while True:
            if os.readv(self._descriptor, [more]):
                raise BadTar(f"{os.path.basename(self.parts[self._number])} goes on after the end of the bundle")
            if not self._next():
                return

    def _next(self) -> bool:
        if self._number + 1 == len(self.parts):
            return False
        following = _open(self.parts[self._number + 1])
        os.close(self._descriptor)
        self._number, self._descriptor = self._number + 1, following
        return True

    def _cut(self) -> str:
        last = os.path.basename(self.parts[-1])
        found = _VOLUME.fullmatch(last)
        if found is None:
            return f"{last} is cut: it ends before the bundle does"
        following = volume(found["base"], int(found["number"]) + 1)
        if len(self.parts) > 1 and self._last < self._largest:
            return f"{last} is cut: it ends before the bundle does"
        return f"{following} is missing, or {last} is cut: the bundle goes on"


def _numbers(base: str) -> set[int]:
    folder, name = os.path.split(base)
    try:
        names = set(os.listdir(folder or "."))
    except OSError as error:
        raise NoBundle(error.errno, error.strerror, folder or ".") from None
    found = [_VOLUME.fullmatch(one) for one in names if one.startswith(f"{name}.")]
    numbers = {int(one["number"]) for one in found if one is not None and one["base"] == name}
    return {number for number in numbers if number and os.path.basename(volume(base, number)) in names}


def _size(part: str) -> int:
    try:
        return os.stat(part).st_size
    except OSError as error:
        raise NoBundle(error.errno, error.strerror, part) from None


def _open(part: str) -> int:
    """A file to read; not a pipe, which whoever fills a medium may leave there, and which nobody may ever write to."""
    try:
        descriptor = os.open(part, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NoBundle(error.errno, error.strerror, part) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoBundle(errno.EINVAL, "it is no regular file", part)
    return descriptor
