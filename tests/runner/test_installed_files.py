"""What an installer left is walked without following a link, without end nowhere, and nothing but files is read."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path

import pytest

from jhansi_runner.runner import installed_files
from jhansi_runner.runner.installed_files import files, names, sha256_of
from jhansi_runner.runner.removal import removed
from support.descriptors import descriptors
from support.odd_trees import chain


@pytest.fixture
def site(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    made.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("x")
    return made


def refused(site: Path) -> str:
    with pytest.raises(OSError, match="no installation has so many") as caught:
        list(files(str(site)))
    assert (caught.value.errno, caught.value.filename) == (errno.E2BIG, str(site))
    return caught.value.strerror or ""


def test_links_pipes_and_names_that_are_no_text_are_named_and_not_followed(site: Path) -> None:
    odd = os.fsdecode(b"\xff\xfe\n")
    (site / "a/b").mkdir(parents=True)
    (site / "a/b" / odd).write_text("x")
    (site / "link").symlink_to(site.parent / "outside")
    (site / "loop").symlink_to(".")
    os.mkfifo(site / "pipe")
    assert dict(files(str(site))) == {f"a/b/{odd}": True, "link": False, "loop": False, "pipe": False}
    assert [sha256_of(f"{site}/{name}") for name in ("pipe", "link", "none")] == [None] * 3


def test_folders_without_end_are_refused(site: Path) -> None:
    descriptor = os.open(site, os.O_RDONLY)
    chain(descriptor, installed_files.MAX_DEPTH)
    os.close(descriptor)
    assert list(files(str(site))) == []
    descriptor = os.open(site, os.O_RDONLY)
    chain(descriptor, 5_000, "e")
    os.close(descriptor)
    refused(site)
    assert removed(str(site), "e", 60)  # pytest could not


def test_names_without_end_are_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed_files, "MAX_NAMES", 50)
    for number in range(50):
        (site / str(number)).touch()
    assert len(list(files(str(site)))) == len(names(str(site))) == 50
    (site / "one more").touch()
    refused(site)
    with pytest.raises(OSError, match="no installation has so many"):
        names(str(site))


def test_a_file_that_is_larger_than_it_should_be_is_not_read_to_its_end(site: Path) -> None:
    with open(site / "sparse", "wb") as file:
        file.truncate(1 << 42)
    assert sha256_of(f"{site}/sparse", 1 << 20) is None
    (site / "file").write_bytes(b"12345")
    assert sha256_of(f"{site}/file", 5) is not None
    assert sha256_of(f"{site}/file", 4) is None


def test_no_descriptor_is_left_open_whenever_the_walk_ends(site: Path) -> None:
    (site / "a/b/c").mkdir(parents=True)
    (site / "a/b/c/file").touch()
    before = descriptors()
    walk = files(str(site))
    assert next(walk) == ("a/b/c/file", True)
    walk.close()
    assert descriptors() <= before


def test_folders_that_are_swapped_for_links_meanwhile_lead_nowhere(site: Path) -> None:
    stop = threading.Event()
    (site / "inner").mkdir()

    def swap() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                os.rename(site / "inner", site / "away")
                os.symlink(site.parent / "outside", site / "inner")
                os.unlink(site / "inner")
                os.rename(site / "away", site / "inner")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(2000):
            with contextlib.suppress(OSError):
                assert not any(path.endswith("secret") for path, _ in files(str(site)))
    finally:
        stop.set()
        thread.join()
