"""A bare sandbox of bubblewrap's for tests of one layer: all unshared, `/usr` read-only, a filter or none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from typing import Any

from support.ordinary import as_ordinary

_SHAPE = """
--unshare-user --unshare-all --disable-userns --cap-drop ALL --new-session --die-with-parent --clearenv
--setenv PATH /usr/bin:/usr/local/go/bin --setenv HOME /tmp --proc /proc --dev /dev --tmpfs /tmp --chdir /tmp
--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64
"""
# where distributions keep what /usr/bin/cc and /usr/bin/java are links to, and the JVM its settings
_SETTINGS = ("/etc/alternatives", *sorted(glob("/etc/java*")))
OPTIONS = (*_SHAPE.split(), *(part for path in _SETTINGS for part in ("--ro-bind-try", path, path)))


def in_sandbox(argv: Sequence[str], seccomp: bytes | None, **kwargs: Any) -> subprocess.CompletedProcess[Any]:
    """Run `argv` in the sandbox as an ordinary user, under `seccomp` unless that is None."""
    if seccomp is None:
        return as_ordinary(["bwrap", *OPTIONS, "--", *argv], **kwargs)
    with readable(seccomp) as descriptor:
        command = ["bwrap", *OPTIONS, "--seccomp", str(descriptor), "--", *argv]
        return as_ordinary(command, pass_fds=(descriptor,), **kwargs)


@contextmanager
def readable(content: bytes) -> Iterator[int]:
    """A descriptor from which `content` can be read once."""
    descriptor = os.memfd_create("content")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
