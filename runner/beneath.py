"""Paths below a folder in which programs worked: followed name by name, and never through a link."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def beneath(folder: str, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that holds `path`, and the last name. `make` makes the folders on the way.

    Raises OSError, also where a link is on the way.
    """
    *above, last = path.split("/")
    if {"", ".", ".."} & {*above, last}:
        raise OSError(errno.EINVAL, "not a path below a folder", path)
    here = os.open(folder, _FOLDER)
    try:
        for name in above:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=here)
            inner = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = inner
        yield here, last
    finally:
        os.close(here)
