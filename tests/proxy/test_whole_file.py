"""A file appears whole or not at all, and nothing is left of one that does not."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.whole_file import write
from support.user import wait_for

WRITES = """
import sys
from jhansi_runner.proxy.whole_file import write
while True:
    for byte in b"ab":
        write(sys.argv[1], bytes([byte]) * 4_000_000)
"""


@pytest.mark.parametrize("lasting", [True, False])
def test_a_file_is_replaced_and_its_owners_alone(tmp_path: Path, *, lasting: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"longer than what follows")
    path.chmod(0o644)
    write(str(path), b"new", lasting=lasting)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert os.listdir(tmp_path) == ["file"]


def test_others_may_read_one_that_is_for_them(tmp_path: Path) -> None:
    path, beside = tmp_path / "file", tmp_path / "beside"
    write(str(path), b"new", mode=0o666)
    beside.touch()
    assert path.stat().st_mode == beside.stat().st_mode, "as the umask says"


def test_a_link_with_its_name_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"kept")
    (tmp_path / "file").symlink_to(other)
    write(str(tmp_path / "file"), b"new")
    assert (other.read_bytes(), (tmp_path / "file").read_bytes()) == (b"kept", b"new")
    assert not (tmp_path / "file").is_symlink()


def test_who_reads_meanwhile_finds_one_whole_file(tmp_path: Path) -> None:
    """Also when the writer is killed."""
    path = tmp_path / "file"
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(path)])
        try:
            wait_for(path.exists)
            for _ in range(20):
                found = path.read_bytes()
                assert len(found) == 4_000_000
                assert found.strip(found[:1]) == b""
                time.sleep(0.002)
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
        assert len(path.read_bytes()) == 4_000_000


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    path = tmp_path / "file"
    path.write_bytes(b"old")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with pytest.raises(OSError, match="too large"):
            write(str(path), bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (os.listdir(tmp_path), path.read_bytes()) == (["file"], b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write(str(tmp_path / "folder"), b"new")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
