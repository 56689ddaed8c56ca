"""The cell that the gate lives in: Python, its libraries, the CA, and no network but the mirror's doorway.

It reads what hostile programs send, so it is under the filter of their sandboxes.
"""

from __future__ import annotations

import os
import socket
import sys

import jhansi_runner.proxy
from jhansi_runner.proxy.cell import seccomp
from jhansi_runner.proxy.cell.devices import devices
from jhansi_runner.proxy.cell.doorway import CellGone, DoorwayFailed, open_doorway
from jhansi_runner.proxy.cell.process import Cell, NoHandle, killed_by, start
from jhansi_runner.proxy.paths import AUTHORITY_FILE

MIRROR_PORT = 3129
_READY_SECONDS, _DYING_SECONDS = 15.0, 5.0
"""Together less than a runner waits for the proxy, so that it hears why there is none."""
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/lib32", "/libx32", "/etc/ld.so.cache", "/etc/alternatives")
_HEAP = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 20)}
"""Has the gate keep a little memory from piece to piece of a stream, in bytes. Given back and taken again for each, it
can cost as much as all else, by how the heap happens to lie. Source: mallopt(3)."""

_OF_ITS_OWN = frozenset(("/", "/tmp", "/proc", "/dev", "/authority"))  # noqa: S108


class GateFailed(Exception):
    """The gate could not be started."""


def read_only(paths: list[str]) -> list[str]:
    """bubblewrap arguments that show paths where they are, links as links; what is inside another is left out."""
    arguments: list[str] = []
    shown: list[str] = []
    for path in sorted({os.path.abspath(path) for path in paths if os.path.lexists(path)}):
        if any(path == other or path.startswith(other + "/") for other in shown):
            continue
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind", path, path]
            shown.append(path)
    return arguments


def arguments(authority: str) -> list[str]:
    """The arguments of the gate's cell, apart from its command."""
    packages = [os.path.realpath(path) for path in jhansi_runner.proxy.__path__]
    # A caller's script may lie in `/tmp`, which the cell has of its own.
    libraries = [path for path in sys.path if os.path.isdir(path) and os.path.realpath(path) not in _OF_ITS_OWN]
    return [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "gate", "--clearenv"),
        *("--proc", "/proc", "--size", "4096", "--perms", "0555", "--tmpfs", "/proc/1", "--remount-ro", "/proc/1"),
        *("--remount-ro", "/proc", "--dev", "/dev", *devices(os.path.dirname(authority))),
        *("--size", str(32 << 20), "--perms", "0700", "--tmpfs", "/tmp"),  # noqa: S108
        *read_only([*_SYSTEM, sys.prefix, sys.base_prefix, *libraries, *packages]),
        *("--ro-bind", os.path.join(authority, AUTHORITY_FILE), "/authority/" + AUTHORITY_FILE, "--remount-ro", "/"),
        *("--setenv", "PYTHONPATH", os.pathsep.join(libraries), "--setenv", "PATH", "/usr/bin:/bin"),
        *("--setenv", "LANG", "C.UTF-8", "--chdir", "/"),
        *(word for name, value in _HEAP.items() for word in ("--setenv", name, value)),
    ]


def start_gate(bwrap: str, authority: str, log: int) -> tuple[Cell, socket.socket, int]:
    """Start the gate; its cell, our end of its control socket, and the mirror's listener in its namespace.

    Raises GateFailed, OSError; then nothing runs, and nothing is open.
    """
    try:
        calls = seccomp.program(os.uname().machine)
    except seccomp.UnsupportedMachine as error:
        raise GateFailed(str(error)) from None
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        cell = _started(bwrap, authority, calls, theirs.fileno(), log)
        try:
            return cell, ours, _let_go(cell)
        except CellGone:
            raise GateFailed(_not_made(cell)) from None
        except DoorwayFailed as error:
            _end(cell)
            raise GateFailed(f"no listener could be put into the gate's cell: {error}") from error
        except NoHandle as error:
            _end(cell)
            raise GateFailed(f"the gate's cell could not be ended: {error}") from None
        except BaseException:
            _end(cell)
            raise
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()


def _started(bwrap: str, authority: str, calls: bytes, control: int, log: int) -> Cell:
    command = [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.gate.main", "/authority", str(control)]
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        return start(bwrap, arguments(authority), command, (null, log, log), seccomp=calls, inherited=(control,))
    finally:
        os.close(null)


def _let_go(cell: Cell) -> int:
    """Let the gate begin; the mirror's listener in its namespace. Raises CellGone, NoHandle, DoorwayFailed, OSError."""
    if not cell.wait_ready(_READY_SECONDS):
        raise CellGone
    listener = open_doorway(cell.init, MIRROR_PORT)
    if not cell.release():
        os.close(listener)
        raise CellGone
    return listener


def _not_made(cell: Cell) -> str:
    """Why there is no cell, once what there is of it has ended."""
    by_itself = cell.wait_end(_DYING_SECONDS)
    number = killed_by(_end(cell))
    told = f"it was killed by signal {number}" if number else "its words are in the proxy's log"
    return f"bubblewrap could not make the gate's cell; {told if by_itself else 'it neither answered nor ended'}"


def _end(cell: Cell) -> int:
    """End a cell; how bubblewrap ended, as waitpid tells it."""
    cell.kill()
    _, status = os.waitpid(cell.pid, 0)
    cell.close()
    return status
