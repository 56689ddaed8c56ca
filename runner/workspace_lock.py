"""Who runs where: lets a run into its workspace only while nobody else can change what the workspace's path means.

bubblewrap mounts by path. A program could swap a name that it may write to for a link between our look and that mount;
nothing of that may happen while a run starts:

- Names of the workspace that are mounted read-only, and the folders on the way to them: the list is made by whoever
  finds the workspace idle, and those who join use the same. What is mounted on cannot be moved from inside. A name that
  somebody replaced on the host since is left out: that has undone the mounts on it, and it can be moved.
- The workspace itself, when it lies in another workspace: a run is refused while a program runs in an enclosing
  workspace, and one in the enclosing workspace while a program runs in the nested one. Siblings, and runs in the same
  workspace, go on side by side.

One file, `running`, carries byte locks: for each folder one that its runs share, and one that runs in folders below it
share, placed by the digest of the folder's path. The very first byte is held while a run is let in: so what was looked
at is still so when the run's own locks are set, and of two that exclude each other one gets in. The locks belong to the
descriptor: they end with the process, however that ends. `workspace-*` files carry the list of names, and make a
workspace known: a program has been there, its links are not to be trusted. Light: a warm `exec` imports this module.

Source: fcntl(2), "Open file description locks".
"""

from __future__ import annotations

import fcntl
import os
import struct

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.journal import wait_for
from jhansi_runner.runner.obeyed import look_up, protected, survey
from jhansi_runner.runner.workspace import enclosing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jhansi_runner.proxy.paths import Paths
    from jhansi_runner.runner.obeyed import Survey
    from jhansi_runner.runner.workspace import Workspace

_DOOR = 0
_KNOWN = "workspace-"
_MAX_LIST = 1 << 18


def hold(folders: Paths, workspace: Workspace, shown: Sequence[str] = ()) -> tuple[int, list[str], Survey]:
    """Join a workspace: a descriptor to be closed at the end of the run, the names to protect, and all that were found.

    `shown` are true paths elsewhere that the program is to see. Raises RunnerError while a program runs in a workspace
    that encloses this one, one of them, or lies in this one; and when a path leads elsewhere than it did.
    """
    path, file = workspace.path, _file(folders)
    lock = _opened(file)
    try:
        wait_for(lock, _DOOR, file)
        for folder in enclosing(path):
            if _held(lock, _runs_in(folder)):
                raise _busy(path, folder, "encloses it")
        if _held(lock, _runs_below(path)):
            raise _busy(path, _nested(folders, lock, path), "lies in it")
        others = {folder for place in shown for folder in (place, *enclosing(place))}
        others -= {path, *enclosing(path)}
        for folder in others:
            if _held(lock, _runs_in(folder)):
                raise _busy(path, folder, "could change what --read shows")
        _require_unmoved(workspace, shown)
        found = survey(workspace.descriptor)
        names = _names(folders, workspace, found, idle=not _held(lock, _runs_in(path)))
        _lock(lock, fcntl.F_OFD_SETLK, fcntl.F_RDLCK, _runs_in(path))
        for folder in (*enclosing(path), *others):
            _lock(lock, fcntl.F_OFD_SETLK, fcntl.F_RDLCK, _runs_below(folder))
        _lock(lock, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, _DOOR)
    except BaseException:
        os.close(lock)
        raise
    return lock, names, found


def while_idle(folders: Paths, path: str, act: Callable[[], bool]) -> bool:
    """What `act` says, called while nobody gets into any workspace; False where a program runs in the one at `path`.

    That a program was ever run there stays known (`is_known`): a folder that comes back is as little to be trusted as
    when it went. Raises OSError.
    """
    file = _file(folders)
    lock = _opened(file)
    try:
        wait_for(lock, _DOOR, file)
        return not _held(lock, _runs_in(path)) and act()
    finally:
        os.close(lock)


def is_known(folders: Paths, path: str) -> bool:
    """Whether a program was ever run in the workspace with this true path."""
    return os.path.exists(_list_file(folders, path))


def forget_workspace(folders: Paths, path: str) -> None:
    """Know nothing of a workspace any more, whose path nothing will ever have again. Raises OSError."""
    try:
        os.unlink(_list_file(folders, path))
    except FileNotFoundError:
        pass


def _file(folders: Paths) -> str:
    os.makedirs(folders.locks, mode=0o700, exist_ok=True)
    return f"{folders.locks}/running"


def _opened(file: str) -> int:
    return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _names(folders: Paths, workspace: Workspace, found: Survey, *, idle: bool) -> list[str]:
    """The names to protect: found now in an idle workspace, else those that were found when it was."""
    file = os.open(_list_file(folders, workspace.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        data = os.pread(file, _MAX_LIST, 0)
        listed = _listed(data)
        if not idle:
            return [path for path, identity in listed if _is_still(workspace, path, identity)]
        found.recall(workspace.descriptor, [path for path, _ in listed])
        names = protected(found.names)
        made = "\0".join([workspace.path, *(_identity(found.names[name].identity) + name for name in names)])
        if os.fsencode(made) != data:
            os.ftruncate(file, 0)
            os.pwrite(file, os.fsencode(made), 0)
        return names
    finally:
        os.close(file)


def _identity(identity: tuple[int, int]) -> str:
    return f"{identity[0]}:{identity[1]}:"


def _listed(data: bytes) -> list[tuple[str, str]]:
    """The paths in a list, each with its identity when the list was made. The workspace's own path comes first."""
    rows = [row.split(":", 2) for row in os.fsdecode(data).split("\0")[1:]]
    return [(row[2], f"{row[0]}:{row[1]}:") for row in rows if len(row) == 3]


def _is_still(workspace: Workspace, path: str, identity: str) -> bool:
    name = look_up(workspace.descriptor, path)
    return name is not None and name.mountable and _identity(name.identity) == identity


def _require_unmoved(workspace: Workspace, shown: Sequence[str]) -> None:
    """A program that has ended since the workspace was opened may have put a link in its place, or another folder."""
    path = next((place for place in shown if os.path.realpath(place) != place), workspace.path)
    if os.path.realpath(path) == path:
        opened = os.fstat(workspace.descriptor)
        try:
            found = os.stat(path)
        except OSError:
            found = None
        if found is not None and (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino):
            return
    raise RunnerError(
        f"{path} was moved or replaced while the run started, so nothing is run",
        lines=(f"look at what is there now: ls -ld {path}",),
    )


def _busy(path: str, other: str, how: str) -> RunnerError:
    return RunnerError(
        f"a program runs in {other or 'another workspace'}, which {how}: nothing is run in {path} meanwhile",
        lines=("one of them could change what the other is shown; wait for the program, or stop it",),
    )


def _nested(folders: Paths, lock: int, path: str) -> str:
    """The workspace below a folder in which a program runs, "" when it cannot be told."""
    for name in os.listdir(folders.locks):
        if name.startswith(_KNOWN):
            with open(f"{folders.locks}/{name}", "rb") as file:
                found = os.fsdecode(file.read(_MAX_LIST).partition(b"\0")[0])
            if found.startswith(path + "/") and _held(lock, _runs_in(found)):
                return found
    return ""


def _list_file(folders: Paths, path: str) -> str:
    return f"{folders.locks}/{_KNOWN}{sha256(os.fsencode(path)).hexdigest()[:32]}"


def _runs_in(path: str) -> int:
    return 2 + 2 * int.from_bytes(sha256(os.fsencode(path)).digest()[:7], "big")


def _runs_below(path: str) -> int:
    return _runs_in(path) + 1


def _lock(lock: int, command: int, kind: int, byte: int) -> bytes:
    return fcntl.fcntl(lock, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))


def _held(lock: int, byte: int) -> bool:
    """Whether anybody else holds a byte."""
    answer: int = struct.unpack_from("h", _lock(lock, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, byte))[0]
    return answer != fcntl.F_UNLCK
