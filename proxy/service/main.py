"""The service's process: started by the first runner that needs it, gone when nobody has for a while.

Its arguments are a descriptor, on which it says `ready`, `taken` (another one serves already) or what went wrong, and
the bubblewrap that its starter uses: it looks for none itself, since PATH may lead into a workspace.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.gate_cell import GateFailed, start_gate
from jhansi_runner.proxy.service.socket_path import bound


def main() -> None:
    """Serve until idle."""
    ready = int(sys.argv[1])
    os.set_inheritable(ready, False)
    os.umask(0o077)
    try:
        _serve_one(paths.current(os.environ), ready, sys.argv[2])
    except (paths.UnsafeFolder, GateFailed, OSError) as error:
        os.write(ready, f"the proxy cannot start: {error}".encode("utf-8", "replace")[:4000])
        sys.exit(1)


def _serve_one(folders: paths.Paths, ready: int, bwrap: str) -> None:
    for folder in (folders.runtime, folders.cache, folders.state, folders.authority):
        paths.make(folder)
    lock = os.open(f"{folders.runtime}/{folders.service_key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.write(ready, b"taken")
        return
    from jhansi_runner.proxy.gate.authority import ensure_now

    ensure_now(folders.authority)
    # The gate comes first: its cell is made by fork, which must not meet the threads that come later, and mitmproxy
    # takes as long to import as everything else together.
    cell, gate, mirror_listener = start_gate(bwrap, folders.authority, sys.stderr.fileno())
    listener = bound(folders.runtime, folders.service_key)
    try:
        import asyncio

        from jhansi_runner.proxy.service.serving import serve

        asyncio.run(serve(folders, ready, gate, mirror_listener, listener))
    finally:
        os.kill(cell.pid, signal.SIGKILL)
        os.waitpid(cell.pid, 0)


if __name__ == "__main__":
    main()
