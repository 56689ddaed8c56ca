"""Artifacts appear whole or not at all, and what killed mirrors leave is swept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.flights import Flight

DATA = b"some bytes" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def files(tmp_path: Path) -> ArtifactFiles:
    return ArtifactFiles(str(tmp_path))


def _committed(files: ArtifactFiles) -> str:
    descriptor, path = files.incoming()
    os.write(descriptor, DATA)
    final = files.commit(descriptor, path, SHA)
    os.close(descriptor)
    return final


def test_a_commit_makes_a_file_that_nobody_writes(files: ArtifactFiles) -> None:
    assert not files.has(SHA)
    final = _committed(files)
    assert final == files.path(SHA)
    assert Path(final).read_bytes() == DATA
    assert stat.S_IMODE(os.stat(final).st_mode) == 0o400
    assert files.has(SHA, len(DATA))
    assert not files.has(SHA, len(DATA) - 1)
    assert files.verify(SHA)


def test_a_commit_over_the_same_file_is_fine(files: ArtifactFiles) -> None:
    assert _committed(files) == _committed(files)
    assert files.verify(SHA)


def test_a_discarded_download_leaves_nothing(files: ArtifactFiles, tmp_path: Path) -> None:
    descriptor, path = files.incoming()
    files.discard(path)
    files.discard(path)
    os.close(descriptor)
    assert os.listdir(tmp_path / "incoming") == []


@pytest.mark.parametrize("damage", [b"", b"cut", DATA[:-1] + b"?", DATA + b"?"])
def test_damage_is_found(files: ArtifactFiles, damage: bytes) -> None:
    path = Path(_committed(files))
    path.chmod(0o600)
    path.write_bytes(damage)
    assert not files.verify(SHA)


def test_what_is_not_there_does_not_verify(files: ArtifactFiles) -> None:
    assert not files.verify(SHA)


_WRITER = """
import os, sys
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
descriptor, path = ArtifactFiles(sys.argv[1]).incoming()
os.write(descriptor, b"half a file")
print(path, flush=True)
sys.stdin.read()
"""


def test_a_killed_writers_file_is_swept_and_a_living_ones_is_not(files: ArtifactFiles, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        dead, living = (writer.stdout.readline().strip() for writer in writers if writer.stdout)
        writers[0].send_signal(signal.SIGKILL)
        writers[0].wait()
        assert files.sweep() == 1
        assert (os.path.exists(dead), os.path.exists(living)) == (False, True)
        assert files.sweep() == 0
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert files.sweep() == 1


def test_a_sweep_leaves_what_somebody_follows(files: ArtifactFiles) -> None:
    writer, path = files.incoming()
    found = files.arriving(os.path.basename(path))
    assert found is not None
    os.write(writer, b"half")
    os.close(writer)
    assert files.sweep() == 0
    assert os.pread(found[0], 10, 0) == b"half"
    os.close(found[0])
    assert files.sweep() == 1
    assert files.arriving(os.path.basename(path)) is None


def test_a_flight_without_a_leader_is_swept_and_one_with_is_not(files: ArtifactFiles) -> None:
    left, led = files.flight("left"), Flight(files.flight("led"))
    Path(left).touch()
    assert files.sweep() == 0
    assert (os.path.exists(left), os.path.exists(files.flight("led"))) == (False, True)
    led.leave(alone=True)


def test_the_name_of_an_arriving_file_leads_nowhere_else(files: ArtifactFiles, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    assert files.arriving("../secret") is None


def test_its_time_is_that_of_the_last_use_and_tells_a_foreign_write(files: ArtifactFiles) -> None:
    path = Path(_committed(files))
    new = files.held(SHA)
    assert new is not None
    assert (new.size, new.written, new.going) == (len(DATA), False, False)
    files.touch(SHA, 1234.5678)
    used = files.held(SHA)
    assert used is not None
    assert (used.used, used.written) == (1234.567, False)
    path.chmod(0o600)
    path.write_bytes(DATA)
    written = files.held(SHA)
    assert written is not None
    assert written.written
    assert list(files.walk()) == [written]


def test_what_has_no_hash_for_a_name_is_not_walked(files: ArtifactFiles, tmp_path: Path) -> None:
    _committed(files)
    (tmp_path / "sha256" / SHA[:2] / "notes.txt").touch()
    (tmp_path / "sha256" / "stray").touch()
    assert [held.sha256 for held in files.walk()] == [SHA]


def test_a_sweep_follows_no_link(files: ArtifactFiles, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "incoming" / "link").symlink_to(victim)
    files.sweep()
    assert victim.read_text() == "precious"


def test_a_download_that_a_sweep_took_before_its_lock_begins_anew(
    files: ArtifactFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    swept: list[int] = []

    def late(descriptor: int, how: int) -> None:
        if not swept:
            swept.append(0)
            swept.append(files.sweep())
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    descriptor, path = files.incoming()
    assert swept == [0, 1]
    assert os.path.samestat(os.fstat(descriptor), os.stat(path))
    os.close(descriptor)
