"""A folder is packed as it is, without what it leads to."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from jhansi_runner.runner.sandboxes.archive import unpack
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.packing import pack
from jhansi_runner.runner.sandboxes.tree import opened
from support.archives import descriptor
from support.descriptors import descriptors
from support.sandbox_homes import new_home, told

MOST = 1 << 20


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path)


def packed(home: Path, path: str = "", most: int = MOST) -> bytes:
    before = descriptors()
    with opened(str(home / "work")) as work:
        data = b"".join(pack(work, path, most=most))
    assert descriptors() <= before
    return data


def test_what_is_packed_can_be_unpacked_and_is_the_same(home: Path) -> None:
    work = home / "work"
    long = "é" * 100
    (work / "a" / long / "empty").mkdir(parents=True)
    (work / "a" / long / "run").write_bytes(b"#!/bin/sh\n" * 100)
    (work / "a" / long / "run").chmod(0o4755)
    (work / "a/link").symlink_to("../../../outside/secret")
    (work / "top").write_bytes(bytes(512))
    os.mkfifo(work / "pipe")
    data = packed(home)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = {info.name: (info.isdir(), info.size, info.mode) for info in archive}
    assert names == {
        "a": (True, 0, 0o755),
        f"a/{long}": (True, 0, 0o755),
        f"a/{long}/empty": (True, 0, 0o755),
        f"a/{long}/run": (False, 1000, 0o755),
        "top": (False, 512, 0o644),
    }
    with descriptor(data) as file:
        unpack(str(home), file, "again", most=MOST)
    assert (work / "again/a" / long / "run").read_bytes() == b"#!/bin/sh\n" * 100
    with tarfile.open(fileobj=io.BytesIO(packed(home, f"a/{long}"))) as archive:
        assert sorted(archive.getnames()) == ["empty", "run"]


def test_a_name_that_is_no_text_comes_along(home: Path) -> None:
    Path(os.fsdecode(os.fsencode(home / "work") + b"/\xff")).write_text("odd")
    with tarfile.open(fileobj=io.BytesIO(packed(home))) as archive:
        assert archive.getnames() == ["\udcff"]


def test_too_much_is_said_before_the_first_byte(home: Path) -> None:
    (home / "work/a").write_bytes(bytes(1000))
    assert packed(home, most=1000)
    with opened(str(home / "work")) as work, pytest.raises(SandboxError) as error:
        pack(work, most=999)
    assert told(error.value) == (413, "too_large")


@pytest.mark.parametrize(("path", "status"), [("none", 404), ("file", 409), ("link", 409), ("..", 400)])
def test_nothing_but_a_folder_is_packed(home: Path, path: str, status: int) -> None:
    (home / "work/file").write_text("")
    (home / "work/link").symlink_to("../../outside")
    with opened(str(home / "work")) as work, pytest.raises(SandboxError) as error:
        pack(work, path, most=MOST)
    assert error.value.status == status


def test_a_file_that_becomes_shorter_ends_it(home: Path) -> None:
    (home / "work/a").write_bytes(bytes(1 << 19))
    with opened(str(home / "work")) as work:
        pieces = pack(work, most=MOST)
        next(pieces)
        (home / "work/a").write_bytes(b"")
        with pytest.raises(SandboxError) as error:
            list(pieces)
    assert told(error.value) == (409, "changed_meanwhile")
