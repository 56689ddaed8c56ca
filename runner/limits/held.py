"""What the processes of a sandbox hold and no folder shows: open files without a name, in small steps.

A file can also be kept by what cannot be measured from outside: a mapping without a descriptor, which keeps all of a
file however little of it is mapped; a descriptor on its way through a socket; a process that hides its files; more than
we are ready to read. Then there is something `hidden`, and the host's own figures have to tell.

Source: proc_pid_fd(5), proc_pid_maps(5), proc_pid_fdinfo(5); net/unix/af_unix.c for `scm_fds`; fs/seq_file.c, by which
a read of maps ends with a line.
"""

from __future__ import annotations

import os
from functools import partial

from jhansi_runner.runner.limits.proc import number
from jhansi_runner.runner.limits.sample import sampled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    from jhansi_runner.runner.limits.proc import Processes

    Key = tuple[int, int]
    """Device and inode."""

_BLOCK = 512
_DELETED, _CALLED = b" (deleted)\n", b"[anon_shmem:"
"""How a mapping ends whose file has no name, and how it begins when the program has called it something."""
_MOST_OPEN, _MOST_READS = 1 << 14, 1 << 12
"""How many descriptors are read in a look, and pages of lists of mappings."""


class Held:
    """`sizes` are bytes on disk or in memory, by device and inode; `hidden` tells that there is or may be more.

    `settled` is False where processes went away all the time, so that what they held was not read.
    """

    __slots__ = ("hidden", "settled", "sizes")

    def __init__(self, sizes: dict[Key, int], *, hidden: bool, settled: bool) -> None:
        self.sizes, self.hidden, self.settled = sizes, hidden, settled


def in_memory(processes: Processes, *, threads: bool) -> Generator[None, None, Held]:
    """Memory in files that are in no file system of the sandbox; with `threads`, also those that one alone has open."""
    device = memory_device()
    return _Search(processes, "/memfd:", "", lambda found: found == device, threads=threads).all()


def without_names(
    processes: Processes, devices: Collection[int], in_memory: Collection[int], *, mapped: bool
) -> Generator[None, None, Held]:
    """Files on file systems; with `mapped`, those that are mapped too, on whatever is not `in_memory`, or a thread's.

    Some file systems, such as Btrfs, have another device in a list of mappings than for everybody else.
    """
    kept = (lambda found: found not in in_memory) if mapped else None
    search = _Search(processes, "/", " (deleted)", kept, threads=mapped)
    held = yield from search.all()
    held.sizes = {key: size for key, size in held.sizes.items() if key[0] in devices}
    return held


def memory_device() -> int:
    """The device of all memory that is shared and in no file system."""
    file = os.memfd_create("device")
    try:
        return os.fstat(file).st_dev
    finally:
        os.close(file)


class _Search:
    __slots__ = ("_end", "_hidden", "_is_kept", "_open_left", "_processes", "_reads_left", "_start", "_threads")

    def __init__(
        self, processes: Processes, start: str, end: str, is_kept: Callable[[int], bool] | None, *, threads: bool
    ) -> None:
        self._processes, self._start, self._end, self._is_kept = processes, start, end, is_kept
        self._threads = threads
        self._open_left, self._reads_left = _MOST_OPEN, _MOST_READS
        self._hidden = False

    def all(self) -> Generator[None, None, Held]:
        rounds, settled = yield from sampled(self._processes, self._of)
        sizes: dict[Key, int] = {}
        mapped: set[Key] = set()
        for opened, kept in rounds[-1]:
            sizes.update(opened)
            mapped |= kept
        return Held(sizes, hidden=self._hidden or not mapped <= sizes.keys(), settled=settled)

    def _of(self, pid: str) -> Generator[None, None, tuple[dict[Key, int], set[Key]] | None]:
        """What one process has open and mapped, None when it has gone."""
        sizes: dict[Key, int] = {}
        mapped: set[Key] = set()
        try:
            yield from self._open_files(pid, sizes)
            for thread in self._processes.threads(pid) if self._threads else ():
                if thread != pid:
                    yield from self._open_files_of(f"{pid}/task/{thread}", sizes)
            if self._is_kept is not None:
                yield from self._mapped_files(pid, mapped)
        except PermissionError:
            self._hidden = self._hidden or b"\nRssAnon:" in self._processes.status(pid)  # what has ended has nothing
        except OSError:
            return None
        return sizes, mapped

    def _open_files_of(self, thread: str, sizes: dict[Key, int]) -> Generator[None, None, None]:
        """What a thread has open, which is what its process has, unless it was made or has become one with files alone.

        Source: unshare(2), CLONE_FILES.
        """
        try:
            yield from self._open_files(thread, sizes)
        except OSError:
            return  # it has ended

    def _open_files(self, process: str, sizes: dict[Key, int]) -> Generator[None, None, None]:
        folder = self._processes.path(f"{process}/fd")
        with os.scandir(folder) as entries:
            for entry in entries:
                self._open_left -= 1
                if self._open_left < 0:
                    self._hidden = True
                    return
                path = f"{folder}/{entry.name}"
                try:
                    target = os.readlink(path)
                    if target.startswith(self._start) and target.endswith(self._end):
                        found = os.stat(path)
                        sizes[found.st_dev, found.st_ino] = found.st_blocks * _BLOCK
                except OSError:
                    continue  # it is closed by now
                if target.startswith("socket:") and not self._hidden:
                    self._hidden = number(self._processes.read(f"{process}/fdinfo/{entry.name}"), b"\nscm_fds:") > 0
                yield

    def _mapped_files(self, pid: str, mapped: set[Key]) -> Generator[None, None, None]:
        assert self._is_kept is not None
        patience = self._processes.patience
        if patience.is_kept_by(pid):
            self._hidden = True
            return
        file = os.open(self._processes.path(f"{pid}/maps"), os.O_RDONLY | os.O_CLOEXEC)
        try:
            while text := (yield from patience.wait(pid, partial(_more, os.dup(file)))):
                self._reads_left -= 1
                if self._reads_left < 0:
                    self._hidden = True
                    return
                if _DELETED in text or _CALLED in text:
                    found = map(_key, text.splitlines(keepends=True))
                    mapped.update(key for key in found if key is not None and self._is_kept(key[0]))
                yield
            self._hidden = self._hidden or text is None
        finally:
            os.close(file)


def _more(file: int) -> bytes:
    """What is next; nothing at the end. The descriptor is closed: who waits for us may be gone by then."""
    try:
        return os.read(file, 1 << 16)
    except OSError:
        return b""
    finally:
        os.close(file)


def _key(line: bytes) -> Key | None:
    """The file of a mapping, where it has no name any more. Source: fs/proc/task_mmu.c, get_vma_name."""
    words = line.split(None, 5)
    if not line.endswith(_DELETED) and not (len(words) > 5 and words[5].startswith(_CALLED)):
        return None
    major, _, minor = words[3].partition(b":")
    return os.makedev(int(major, 16), int(minor, 16)), int(words[4])
