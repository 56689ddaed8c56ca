"""A setuid copy of a shell in the workspace would make every other user of the host this one: none is left there."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from support.user import User

pytestmark = pytest.mark.attack

PREPARE = "umask 0; cp /bin/bash x; mkdir d; "


def python(code: str) -> str:
    return f"python3 -c {shlex.quote(code)}"


OPENAT2 = """
import ctypes, os, struct
how = struct.pack('QQQ', os.O_CREAT | os.O_WRONLY, 0o4755, 0)
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(ctypes.c_long(437), -100, b'made', how, ctypes.c_size_t(len(how))) < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""
UNNAMED = """
import os
made = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o4755)
os.link(f'/proc/self/fd/{made}', 'made', src_dir_fd=made, follow_symlinks=True)
"""
ARCHIVE = """
import io, tarfile
with tarfile.open('a.tar', 'w') as archive:
    member = tarfile.TarInfo('made')
    member.mode = 0o4755
    archive.addfile(member, io.BytesIO())
"""
ATTACKS = {
    "chmod": "chmod 4755 x",
    "chmod g+s": "chmod g+s x",
    "chmod of a folder": "chmod 2777 d",
    "python chmod": python("import os; os.chmod('x', 0o4755)"),
    "fchmod": python("import os; os.fchmod(os.open('x', os.O_RDONLY), 0o6755)"),
    "fchmodat": python("import os; os.chmod('x', 0o4755, dir_fd=os.open('.', os.O_RDONLY))"),
    "open": python("import os; os.open('made', os.O_CREAT | os.O_WRONLY, 0o4755)"),
    "open unnamed": python(UNNAMED),
    "openat2": python(OPENAT2),
    "mknod": python("import os; os.mknod('made', 0o104755)"),
    "install": "install -m 4755 x made",
    "tar": f"{python(ARCHIVE)}; tar -xpf a.tar",
}


def set_ids(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.lstat().st_mode & 0o6000)


@pytest.mark.parametrize("how", ATTACKS)
def test_no_file_of_the_workspace_becomes_setuid_or_setgid(user: User, how: str) -> None:
    line = f"{PREPARE}{ATTACKS[how]}"
    user.shell(line)
    assert len(set_ids(user.work)) == 1, "it does not work outside of the sandbox either: this shows nothing"
    for path in user.work.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = user.exec("--", "bash", "-c", line)
    assert (user.work / "x").exists(), done
    assert "not permitted" in done.stderr or "not implemented" in done.stderr, done
    assert set_ids(user.work) == []
