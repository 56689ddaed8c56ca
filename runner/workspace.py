"""The workspace: a folder of the user's that hostile programs may have written to.

It is opened once and read through that descriptor; no link in it is ever followed. Light: a warm `exec` imports this
module.
"""

from __future__ import annotations

import errno
import os

from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.obeyed import PROTECTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PEOPLE = (1000, 60000)
"""The user numbers that people have. Source: login.defs(5), UID_MIN and UID_MAX."""

_KIND, _FILE, _LINK = 0o170000, 0o100000, 0o120000
_MANIFESTS = frozenset({"package.json", "pom.xml", "requirements.txt"})
_WRITTEN = (
    " avi bin bmp bz2 csv dat db docx gif gz html jpeg jpg json jsonl log md mp3 mp4 npy npz parquet pdf pickle pkl png"
    " pptx sqlite sqlite3 svg tar tiff tmp tsv txt wav webp xlsx xml zip "
)
"""Endings of what programs leave behind. No plan depends on whether such a file is there, but for the manifests."""
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_FILE = 8 << 20
_MAX_LINKS = 40
MAX_NAMES = 20_000


class Unreadable(Exception):
    """A path of the workspace that will not be read: a link, not a regular file, too large, or not permitted."""


class Workspace:
    """An open workspace. `path` is its true path; `descriptor` is where every access begins."""

    __slots__ = ("descriptor", "path", "writable")

    def __init__(self, path: str, descriptor: int) -> None:
        self.path, self.descriptor = path, descriptor
        self.writable = os.access(path, os.W_OK)

    def read(self, path: str) -> bytes | None:
        """A file of the workspace, at most 8 MiB; None when it is not there. Raises Unreadable."""
        try:
            descriptor = self._open(path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        try:
            found = os.fstat(descriptor)
            if found.st_mode & _KIND != _FILE:
                raise Unreadable("not a regular file")
            if found.st_size > _MAX_FILE:
                raise Unreadable(f"larger than {_MAX_FILE >> 20} MiB")
            parts = []
            left = _MAX_FILE + 1
            while left > 0 and (part := os.read(descriptor, left)):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
        finally:
            os.close(descriptor)

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder, in order, folders with a slash; empty when there is none. Links count as files."""
        try:
            descriptor = self._open(folder, os.O_RDONLY | os.O_DIRECTORY) if folder else os.dup(self.descriptor)
        except FileNotFoundError:
            return ()
        try:
            return tuple(sorted(_bounded(descriptor)))
        finally:
            os.close(descriptor)

    def telling(self, folder: str) -> tuple[str, ...]:
        """The names in a folder less what programs leave behind: nothing is decided anew because a program was run."""
        return tuple(name for name in self.names(folder) if tells(name))

    def _open(self, path: str, flags: int) -> int:
        """Open below the workspace, one component at a time, following no link."""
        *folders, last = path.split("/")
        at = self.descriptor
        try:
            for part in folders:
                below = os.open(part, _OPEN_FOLDER, dir_fd=at)
                if at != self.descriptor:
                    os.close(at)
                at = below
            return os.open(last, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        except NotADirectoryError:
            if _is_link(at, folders[-1] if folders else last):
                raise Unreadable("leads through a link") from None
            raise FileNotFoundError(path) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise Unreadable("is a link") from None
            if error.errno == errno.ENOENT:
                raise
            raise Unreadable(str(error.strerror)) from None
        finally:
            if at != self.descriptor:
                os.close(at)


def tells(name: str) -> bool:
    """Whether a plan may depend on a name being there."""
    return name != "__pycache__/" and (f" {name.rpartition('.')[2]} " not in _WRITTEN or name in _MANIFESTS)


def _is_link(folder: int, name: str) -> bool:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode & _KIND == _LINK
    except OSError:
        return False


def _bounded(descriptor: int) -> Iterator[str]:
    with os.scandir(descriptor) as entries:
        for count, entry in enumerate(entries):
            if count >= MAX_NAMES:
                raise Unreadable(f"holds more than {MAX_NAMES} names")
            yield entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name


def enclosing(path: str) -> Iterator[str]:
    """The folders that hold a true path, the nearest first, without the root."""
    while path := path.rpartition("/")[0]:
        yield path


def true_path(way: str, is_known: Callable[[str], bool]) -> str:
    """Where an absolute path leads, each of its names looked at once.

    Raises RunnerError when a link on the way lies in a known workspace and leads out of it: a program may have planted
    it there, to be shown what it leads to.
    """
    path, names, crossed = "", way.split("/")[::-1], []
    while names:
        name = names.pop()
        if name in ("", "."):
            continue
        if name == "..":
            path = path[: path.rfind("/")] if path else ""
            continue
        try:
            leads = os.readlink(f"{path}/{name}")
        except OSError:
            path = f"{path}/{name}"
            continue
        crossed.append((path, name))
        if len(crossed) > _MAX_LINKS:
            raise RunnerError(f"{way} leads through more than {_MAX_LINKS} links")
        path = "" if leads.startswith("/") else path
        names += leads.split("/")[::-1]
    for folder, name in crossed:
        inner = next((each for each in (folder, *enclosing(folder)) if is_known(each)), None)
        if inner is not None and path != inner and not path.startswith(inner + "/"):
            raise RunnerError(
                f"{folder}/{name} is a link out of the workspace {inner}, and a program there may have made it",
                lines=(f"it leads to {path}: if that is the folder you mean, name it with --workspace",),
            )
    return path or "/"


def open_workspace(path: str, home: str, ours: Sequence[str], program: Sequence[str], *, own: str = "") -> Workspace:
    """Open a workspace by its true path. Raises RunnerError for one that would show or risk more than a project.

    `home` is the user's; `ours` are the folders of our state, `program` those that our own code is run from: neither
    may lie inside, where a program could change them, nor the workspace inside our state, unless it is `own`: the
    workspace of a sandbox that was reached by its id.
    """
    try:
        descriptor = os.open(path, _OPEN_FOLDER)
    except FileNotFoundError:
        raise RunnerError(
            f"there is no folder {path}: name the workspace with --workspace", code=NOTHING_TO_RUN
        ) from None
    except OSError as error:
        raise RunnerError(f"the workspace {path} cannot be opened: {error.strerror}") from None
    states = [os.path.realpath(p) for p in ours]
    states = [p for p in states if path != own or not path.startswith(p + "/")]
    reason = _unfit(path, os.path.realpath(home), states, program)
    if reason:
        os.close(descriptor)
        raise RunnerError(
            f"{path} cannot be a workspace: {reason}",
            lines=("make a folder for the project, and name it with --workspace",),
        )
    return Workspace(path, descriptor)


_SYSTEM = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/var/run")
"""The host's own, with all that is below: other processes, devices, settings, the sockets of services."""
SHARED = (
    "/dev/shm", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/bin", "/usr/lib",
    "/var", "/var/tmp",
)  # fmt: skip
"""Shared by all programs and users of the host; a folder of one's own below is a workspace like any other."""


def _unfit(path: str, home: str, ours: Sequence[str], program: Sequence[str]) -> str:
    if path == "/":
        return "it is the whole host"
    if path == home or home.startswith(path + "/"):
        return "it holds your home folder, with its keys and passwords"
    if path in SHARED:
        return "all of this host shares it"
    if any(path == top or path.startswith(top + "/") for top in _SYSTEM) and not path.startswith("/dev/shm/"):
        return "it belongs to the host itself"
    for state in ours:
        if path == state or state.startswith(path + "/") or path.startswith(state + "/"):
            return f"jhansi-runner keeps its own state in {state}"
    for place in program:
        below = os.path.realpath(place)
        if path == below or path.startswith(below + "/"):
            return f"jhansi-runner itself is run from {below}"
        if below.startswith(path + "/") and below.removeprefix(path + "/").split("/", 1)[0] not in PROTECTED:
            return f"jhansi-runner itself is run from {below}, which the program could change"
    return ""
