"""What `doctor` says of the folders of our state, of made-up file systems and of real ones."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.filesystem import options_of
from jhansi_runner.runner.doctor.facts import Place, read_place
from jhansi_runner.runner.doctor.findings import Finding, State
from jhansi_runner.runner.doctor.places import CACHE, RUNTIME, STATE, check_place

GOOD = Place("/h/x", "/h/x", True, True, 1000, True, False, "ext4", frozenset({"rw"}), 10 << 30, 10_000_000)


def check(code: str, **changed: object) -> Finding:
    return check_place(code, replace(GOOD, **changed), 1000, own_home=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [CACHE, STATE, RUNTIME])
def test_a_folder_of_ones_own_with_room_is_well(code: str) -> None:
    assert check(code).state is State.OK
    assert "made with the first run" in check(code, exists=False, nearest="/h").summary


# (code, what is wrong, state, what the summary names, what the remedy says)
WRONG: dict[str, tuple[str, dict[str, object], State, str, str]] = {
    "somebody else's": (STATE, {"owner": 1001}, State.FAULT, "user 1001", "sudo chown -R 1000 /h/x"),
    "a file": (STATE, {"is_folder": False}, State.FAULT, "not a folder", "mv /h/x"),
    "not to be written": (STATE, {"writable": False}, State.FAULT, "cannot be written", "chmod u+rwx /h/x"),
    "not to be made": (CACHE, {"writable": False, "exists": False, "nearest": "/h", "owner": 0}, State.FAULT,
                       "/h cannot be written", "XDG_CACHE_HOME"),
    "read-only": (RUNTIME, {"options": frozenset({"ro"})}, State.FAULT, "read-only", "XDG_RUNTIME_DIR"),
    "others write": (RUNTIME, {"shared": True}, State.WARNING, "others", "chmod 0700 /h/x"),
    "a cache on NFS": (CACHE, {"kind": "nfs4"}, State.FAULT, "nfs4", "XDG_CACHE_HOME"),
    "a cache on Lustre": (CACHE, {"kind": "lustre"}, State.FAULT, "lustre", "disk of this host"),
    "a socket on NFS": (RUNTIME, {"kind": "nfs"}, State.WARNING, "nfs", "XDG_RUNTIME_DIR"),
    "noexec": (STATE, {"options": frozenset({"rw", "noexec"})}, State.FAULT, "noexec", "JHANSI_HOME"),
    "full": (STATE, {"free": 5 << 20}, State.FAULT, "has room for only 5 MiB", "Make room"),
    "no more files": (STATE, {"files": 10}, State.FAULT, "10 files", "Make room"),
    "small": (CACHE, {"free": 1 << 30}, State.WARNING, "has room for only 1.0 GiB", "cache prune --to-size"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_what_mends_it(name: str) -> None:
    code, changed, state, summary, remedy = WRONG[name]
    found = check(code, **changed)
    assert (found.state, summary in found.summary, remedy in "\n".join(found.remedy)) == (state, True, True), found


def test_little_room_means_no_more_than_that() -> None:
    assert check(CACHE, free=1 << 29).meaning == "what is installed may not fit"
    assert check(CACHE, free=1 << 20).meaning == "", "that of the topic: nothing can be installed"


def test_what_does_not_matter_to_a_folder_is_no_fault() -> None:
    assert check(STATE, kind="nfs4").state is State.OK, "homes may be on NFS"
    assert check(CACHE, options=frozenset({"rw", "noexec", "nosuid"})).state is State.OK
    assert check(RUNTIME, free=0, files=0).state is State.OK, "on a tmpfs that is full a socket still has room"
    assert check(STATE, files=None).state is State.OK, "btrfs counts no files"


def test_the_variable_is_the_one_that_says_where_the_folder_is() -> None:
    found = check_place(CACHE, replace(GOOD, kind="nfs"), 1000, own_home=True)
    assert "JHANSI_HOME" in "\n".join(found.remedy)


def test_real_folders(tmp_path: Path) -> None:
    there = read_place(str(tmp_path))
    assert (there.exists, there.is_folder, there.owner, there.writable) == (True, True, os.getuid(), True)
    assert there.free > 0
    to_be = read_place(str(tmp_path / "a" / "b"))
    assert (to_be.exists, to_be.nearest) == (False, str(tmp_path))
    (tmp_path / "file").write_text("")
    assert not read_place(str(tmp_path / "file")).is_folder


MOUNTS = """22 1 0:1 / / rw,relatime - ext4 /dev/a rw
23 22 0:2 / /home rw,nosuid,noexec - nfs4 server:/x rw
24 23 0:3 / /home/u rw - ext4 /dev/b rw
"""


def test_the_innermost_mount_counts(tmp_path: Path) -> None:
    assert options_of("/home/v/x", MOUNTS) == {"rw", "nosuid", "noexec"}
    assert options_of("/home/u/x", MOUNTS) == {"rw"}
    assert options_of("/homes", MOUNTS) == {"rw", "relatime"}
    assert options_of("/home", "") == frozenset()
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(f"22 1 0:1 / {tmp_path} ro,noexec - lustre x rw\n")
    found = read_place(str(tmp_path), root=str(tmp_path))
    assert found.kind == "lustre"
    assert found.options == {"ro", "noexec"}
