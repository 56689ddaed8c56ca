"""Files of ours that appear whole or not at all: written under another name beside it, then renamed."""

from __future__ import annotations

import contextlib
import os


def write(path: str, data: bytes, *, lasting: bool = False, mode: int = 0o600) -> None:
    """Write a file in place of one that has its name, for its owner alone. Nothing is left where it fails.

    `mode` is for one that others may read, as far as the umask lets them. `lasting` is for what cannot be made
    again: it is on the disk before it has its name. Raises OSError.
    """
    folder, name = os.path.split(path)
    # Not the process id: it is the same in other namespaces, and on other hosts that share a home.
    partial = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(descriptor)
        os.rename(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
