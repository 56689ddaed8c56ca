"""Files that a sandbox shares with its host: `/usr`, what `--read` shows, the workspace. What can be done to them.

The user owns what `--read` shows and could write to it: that the mount is read-only is all that protects it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from support.hostile import in_run
from support.ordinary import PYTHON, ordinary_argv
from support.user import User, type_in
from support.weakened import FILTER, weakened

pytestmark = pytest.mark.attack


@pytest.fixture
def data(user: User) -> Path:
    """A data set of the user's, outside of the workspace."""
    return user.write(user.folder(user.root / "data") / "set.csv", "original\n" * 1000).parent


WRITE = """
import ctypes, fcntl, mmap, os, struct
FILE, FOLDER = {file!r}, {folder!r}
libc = ctypes.CDLL(None, use_errno=True)
RESULT = []
def attempt(name, action):
    try: action(); RESULT.append(name)
    except (OSError, ValueError): pass
def spliced():
    ours, theirs = os.pipe()
    os.write(theirs, b'spliced')
    target = os.open(FILE, os.O_WRONLY)
    os.splice(ours, target, 7)
def mapped():
    with mmap.mmap(os.open(FILE, os.O_RDWR), 4096) as pages: pages[:6] = b'mapped'
shown = os.open(FILE, os.O_RDONLY)
attempt('open', lambda: open(FILE, 'r+'))
attempt('append', lambda: open(FILE, 'a'))
attempt('open again', lambda: os.open(f'/proc/self/fd/{{shown}}', os.O_RDWR))
attempt('splice', spliced)
attempt('map', mapped)
attempt('map a reader', lambda: mmap.mmap(shown, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE))
attempt('allocate', lambda: os.posix_fallocate(os.open(FILE, os.O_WRONLY), 0, 1))
attempt('clone into', lambda: fcntl.ioctl(os.open(FILE, os.O_WRONLY), 0x40049409, os.open('/usr/bin/env', os.O_RDONLY)))
attempt('change the mode', lambda: os.chmod(FILE, 0o777))
attempt('change the mode of a reader', lambda: os.fchmod(shown, 0o777))
attempt('change the owner', lambda: os.chown(FILE, os.getuid(), os.getgid()))
attempt('change the times', lambda: os.utime(FILE))
attempt('add an attribute', lambda: os.setxattr(FILE, 'user.canary', b'x'))
attempt('set a flag', lambda: fcntl.ioctl(shown, 0x40086602, struct.pack('l', 0x40)))
attempt('truncate', lambda: os.truncate(FILE, 0))
attempt('remove', lambda: os.unlink(FILE))
attempt('move', lambda: os.rename(FILE, FILE + '.moved'))
attempt('move out', lambda: os.rename(FILE, '/sandbox/moved'))
attempt('link out', lambda: os.link(FILE, '/sandbox/linked'))
attempt('link by descriptor', lambda: os.link(f'/proc/self/fd/{{shown}}', '/sandbox/linked', follow_symlinks=True))
attempt('add a file', lambda: open(FOLDER + '/new', 'w'))
attempt('add an unnamed file', lambda: os.open(FOLDER, os.O_TMPFILE | os.O_RDWR))
attempt('add a folder', lambda: os.mkdir(FOLDER + '/folder'))
attempt('add a link', lambda: os.symlink('/etc', FOLDER + '/symlink'))
attempt('add a pipe', lambda: os.mkfifo(FOLDER + '/fifo'))
"""
FIRST = {
    "open",
    "append",
    "truncate",
    "open again",
    "splice",
    "map",
    "change the mode",
    "change the times",
    "add a file",
}


def test_what_read_shows_cannot_be_changed_in_any_way(user: User, data: Path) -> None:
    before = {path: path.read_bytes() for path in data.iterdir()}
    attack = WRITE.format(file=f"{data}/set.csv", folder=str(data))
    with weakened(user, add=("--bind", str(data), str(data))):
        assert set(in_run(user, attack)) >= FIRST, "this shows nothing"
    for path in data.iterdir():
        path.unlink() if path.is_file() or path.is_fifo() or path.is_symlink() else path.rmdir()
    for path, content in before.items():
        user.write(path, content)
    status = (data / "set.csv").stat()
    assert in_run(user, attack, "--read", str(data)) == []
    after = (data / "set.csv").stat()
    assert {path: path.read_bytes() for path in data.iterdir()} == before
    assert (status.st_mode, status.st_ctime_ns, status.st_nlink) == (after.st_mode, after.st_ctime_ns, after.st_nlink)


def test_nor_can_the_programs_of_the_host(user: User) -> None:
    assert in_run(user, WRITE.format(file="/usr/bin/env", folder="/usr/bin")) == []


def test_nor_can_what_is_mounted_over_the_workspace(user: User) -> None:
    """A protected name is the same file as in the workspace, where it could be written but for its own mount."""
    user.write(".envrc", "original")
    user.write(".git/config", "original")
    for file in (".envrc", ".git/config"):
        attack = WRITE.format(file=f"/sandbox/{file}", folder="/sandbox/.git")
        assert in_run(user, attack) == []
        assert (user.work / file).read_text() == "original"


LEASE = """
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)  # so asks the kernel to give it up
try:
    fcntl.fcntl(os.open({file!r}, os.O_RDONLY), 1024, fcntl.F_RDLCK)
    print('ready', flush=True)
except OSError: print('ready', flush=True)
sys.stdin.read()
"""


def opens(path: Path) -> bool:
    """Whether the user can open a file for writing at once. `O_NONBLOCK` says no where it would have to wait."""
    code = (
        f"import os\ntry: os.open({str(path)!r}, os.O_WRONLY | os.O_NONBLOCK)\nexcept BlockingIOError: print('waits')"
    )
    return subprocess.run(ordinary_argv([PYTHON, "-c", code]), capture_output=True, check=True).stdout == b""


def test_a_lease_does_not_keep_the_user_from_their_own_file(user: User, data: Path) -> None:
    user.write("main.py", LEASE.format(file=f"{data}/set.csv"))
    for control, expected in (((FILTER,), False), ((), True)):
        with weakened(user, *control):
            run = user.begun("--read", str(data), "main.py", stdin=subprocess.PIPE)
            assert opens(data / "set.csv") is expected
            type_in(run, b"x")
            run.communicate()


def test_known_limit_a_lock_can_be_taken_on_what_is_only_shown(user: User, data: Path) -> None:
    """flock(2) needs no right to write: it keeps others waiting who use it, and two sandboxes can signal with it.

    When this fails, the documentation is out of date.
    """
    file = data / "set.csv"
    user.write("main.py", f"import fcntl, sys\nf = open({str(file)!r})\nfcntl.flock(f, fcntl.LOCK_EX)\n"
               "print('ready', flush=True); sys.stdin.read()")  # fmt: skip
    run = user.begun("--read", str(data), "main.py", stdin=subprocess.PIPE)
    with file.open() as mine, pytest.raises(BlockingIOError):
        fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
    run.communicate()


def test_known_limit_a_pipe_or_socket_among_what_is_shown_takes_what_is_written(user: User, data: Path) -> None:
    """A read-only mount protects files and folders; pipes, sockets and devices are not part of it."""
    fifo = data / "pipe"
    os.mkfifo(fifo)
    fifo.chmod(0o666)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    user.exec("--read", str(data), "--", "sh", "-c", f"echo out > {fifo}")
    assert os.read(reader, 64) == b"out\n"
    os.close(reader)


def test_known_limit_a_program_can_tell_that_files_of_the_host_are_opened(user: User, data: Path) -> None:
    """inotify(7) watches inodes, whoever opens them: that of `/usr` tells which programs others start.

    Watchers of files in common libraries ask for the same events, so that the filter cannot refuse them.
    """
    watch = f"""
import ctypes, os
libc = ctypes.CDLL(None)
watcher = libc.inotify_init1(0)
libc.inotify_add_watch(watcher, {str(data)!r}.encode(), 0x20)  # IN_OPEN
print('ready', flush=True)
print(os.read(watcher, 4096)[16:].rstrip(b'\\0').decode(), flush=True)
"""
    user.write("main.py", watch)
    run = user.begun("--read", str(data), "main.py")
    (data / "set.csv").read_bytes()
    out, _ = run.communicate(timeout=30)
    assert b"set.csv" in out


def test_events_that_need_a_privilege_are_refused(user: User) -> None:
    """What fanotify tells is of whole file systems: refused by the filter, and by the kernel for want of a right."""
    look = "import ctypes\nRESULT = [ctypes.CDLL(None).fanotify_init(flags, 0) for flags in (0, 0x200, 0x600)]"
    assert in_run(user, look) == [-1, -1, -1]


def test_known_limit_a_hard_link_that_the_user_made_is_the_file(user: User) -> None:
    """Two names of one file: a program that may write the one in the workspace writes both."""
    outside = user.write(user.home / "notes", "original")
    os.link(outside, user.work / "notes")
    user.exec("--", "sh", "-c", "echo changed > notes")
    assert outside.read_text() == "changed\n"


def test_a_program_makes_no_hard_link_to_what_lies_outside(user: User, data: Path) -> None:
    link = f"""
import os
RESULT = []
for source in ('/usr/bin/env', '/etc/passwd', {str(data / "set.csv")!r}, '/proc/self/exe', '/proc/1/root/usr/bin/env'):
    for how in (dict(), dict(follow_symlinks=False)):
        try: os.link(source, '/sandbox/linked', **how); RESULT.append(source); os.unlink('/sandbox/linked')
        except OSError: pass
"""
    assert in_run(user, link, "--read", str(data)) == []


PERSISTENT = """
import fcntl, os, struct
open('file', 'w').close(); os.makedirs('folder', exist_ok=True)
RESULT = []
def attempt(name, action):
    try: action(); RESULT.append(name)
    except OSError: pass
CAPABILITY = struct.pack('<IIIII', 0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0)
attempt('capability', lambda: os.setxattr('file', 'security.capability', CAPABILITY))
attempt('trusted', lambda: os.setxattr('file', 'trusted.canary', b'x'))
attempt('immutable', lambda: fcntl.ioctl(os.open('file', os.O_RDONLY), 0x40086602, struct.pack('l', 0x10)))
attempt('append only', lambda: fcntl.ioctl(os.open('file', os.O_RDONLY), 0x40086602, struct.pack('l', 0x20)))
attempt('no dump', lambda: fcntl.ioctl(os.open('file', os.O_RDONLY), 0x40086602, struct.pack('l', 0x40)))
attempt('project', lambda: fcntl.ioctl(os.open('file', os.O_RDONLY), 0x401C5820, struct.pack('5I8x', 0, 0, 0, 7, 0)))
attempt('case', lambda: fcntl.ioctl(os.open('folder', os.O_RDONLY), 0x40086602, struct.pack('l', 0x40000000)))
attempt('device', lambda: os.mknod('device', 0o20666, os.makedev(1, 1)))
attempt('disk', lambda: os.mknod('disk', 0o60666, os.makedev(8, 0)))
attempt('owner', lambda: os.chown('file', 0, 0))
attempt('group', lambda: os.chown('file', -1, 4))
"""


def test_no_flag_label_capability_or_device_stays_in_the_workspace(user: User) -> None:
    with weakened(user, FILTER):
        assert in_run(user, PERSISTENT) == ["no dump"], "this shows nothing"
    user.shell("rm -rf file folder")
    assert in_run(user, PERSISTENT) == []
    assert os.listxattr(user.work / "file") == []


def test_a_program_can_open_its_workspace_to_others_and_no_more(user: User) -> None:
    """It is the user's own folder: who may pass through the folders above decides. Ours are closed."""
    closed = {path: path.stat().st_mode for path in (user.root, user.home, user.state / "state")}
    user.exec("--", "sh", "-c", "chmod 777 . .. / /deps /proc/self/root")
    assert user.work.stat().st_mode & 0o777 == 0o777
    assert {path: path.stat().st_mode for path in closed} == closed
