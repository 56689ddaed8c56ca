"""What a process holds without a name is found by its descriptors, and what has none is known to be hidden."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jhansi_runner.runner.limits import held
from jhansi_runner.runner.limits.held import Held
from jhansi_runner.runner.limits.proc import Processes

MIB = 1 << 20
BEGIN = "import mmap, os, socket, sys\n"
FILES = {
    "nothing": "",
    "open": "file = os.memfd_create('x'); os.write(file, bytes(1 << 20))",
    "open and mapped": "file = os.memfd_create('x'); os.write(file, bytes(1 << 20)); area = mmap.mmap(file, 4096)",
    "open in a thread": """
import ctypes, threading
ready = threading.Event()
def alone():
    assert ctypes.CDLL(None).unshare(0x400) == 0
    os.write(os.memfd_create('x'), bytes(1 << 20))
    ready.set()
    threading.Event().wait()
threading.Thread(target=alone, daemon=True).start()
ready.wait()
""",
    "mapped": "area = mmap.mmap(-1, 1 << 20)",
    "on its way": """
pair = socket.socketpair()
file = os.memfd_create('x')
socket.send_fds(pair[0], [b'x'], [file])
os.close(file)
""",
    "on disk, open": """
file = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)
os.write(file, bytes(1 << 20))
os.unlink(sys.argv[1])
""",
    "on disk, mapped": """
with open(sys.argv[1], 'w+b') as file:
    file.write(bytes(1 << 20))
    file.flush()
    area = mmap.mmap(file.fileno(), 4096)
os.unlink(sys.argv[1])
os.closerange(3, 100)
""",
}


class One(Processes):
    """One process of this host."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self._pid, self._proc = str(pid), os.open("/proc", os.O_RDONLY)

    def find(self) -> None:
        self.pids = [self._pid]


def look(what: str, place: Path, *, mapped: bool | None, threads: bool = False) -> Held:
    """What a program is found to hold: in memory, or, with `mapped`, in the file system of `place`."""
    argv = [sys.executable, "-c", f"{BEGIN}{FILES[what]}\nprint(flush=True)\nsys.stdin.read()", str(place / "file")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None and program.stdout.readline() == b"\n"
        found = One(program.pid)
        try:
            devices = {held.memory_device()}
            steps = (
                held.in_memory(found, threads=threads)
                if mapped is None
                else held.without_names(found, {place.stat().st_dev}, devices, mapped=mapped)
            )
            while True:
                next(steps)
        except StopIteration as end:
            answer: Held = end.value
            return answer
        finally:
            found.close()
            program.kill()


@pytest.mark.parametrize(
    ("what", "size", "hidden"),
    [
        ("nothing", 0, False),
        ("open", MIB, False),
        ("open and mapped", MIB, False),
        ("mapped", 0, True),
        ("on its way", 0, True),
        ("on disk, open", 0, False),
        ("on disk, mapped", 0, False),
    ],
)
def test_memory(what: str, size: int, hidden: bool, tmp_path: Path) -> None:
    found = look(what, tmp_path, mapped=None)
    assert (sum(found.sizes.values()), found.hidden, found.settled) == (size, hidden, True)


@pytest.mark.parametrize("threads", [False, True])
def test_what_a_thread_alone_has_open(threads: bool, tmp_path: Path) -> None:
    found = look("open in a thread", tmp_path, mapped=None, threads=threads)
    assert (sum(found.sizes.values()), found.hidden) == (MIB if threads else 0, False)


@pytest.mark.parametrize(
    ("what", "mapped", "size", "hidden"),
    [
        ("nothing", True, 0, False),
        ("open and mapped", True, 0, False),
        ("mapped", True, 0, False),
        ("on disk, open", False, MIB, False),
        ("on disk, open", True, MIB, False),
        ("on disk, mapped", False, 0, False),
        ("on disk, mapped", True, 0, True),
    ],
)
def test_disk(what: str, mapped: bool, size: int, hidden: bool, tmp_path: Path) -> None:
    found = look(what, tmp_path, mapped=mapped)
    assert (sum(found.sizes.values()), found.hidden) == (size, hidden)


@pytest.mark.parametrize("most", ["_MOST_OPEN", "_MOST_READS"])
def test_what_is_too_much_to_read_is_hidden(most: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, most, 1)
    assert look("open", tmp_path, mapped=None).hidden


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("7f5c0000-7f5d0000 rw-s 00000000 00:01 2056                       /dev/zero (deleted)", (0, 1, 2056)),
        ("7f5c0000-7f5d0000 r--s 00000000 fd:1a 77                         /a b\\012 (deleted)", (0xFD, 0x1A, 77)),
        ("7f5c0000-7f5d0000 rw-s 00000000 00:01 2056                       [anon_shmem:x]", (0, 1, 2056)),
        ("7f5c0000-7f5d0000 rw-s 00000000 00:01 2056                       [anon_shmem:a /b]", (0, 1, 2056)),
        ("7f5c0000-7f5d0000 rw-p 00000000 00:00 0                          [anon:x (deleted)]", None),
        ("7f5c0000-7f5d0000 rw-p 00000000 00:00 0 ", None),
        ("7f5c0000-7f5d0000 r--p 00000000 fd:00 9                          /a [anon_shmem:x]", None),
    ],
)
def test_the_file_of_a_mapping(line: str, key: tuple[int, int, int] | None) -> None:
    expected = None if key is None else (os.makedev(*key[:2]), key[2])
    assert held._key(line.encode() + b"\n") == expected
