"""Whatever a program left in a folder, it can be removed: within a time, at last all of it, and nothing outside."""

from __future__ import annotations

import contextlib
import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner.removal import removed
from support.odd_trees import OddTree, as_ordinary_user, chain
from support.ordinary import ordinary_home
from support.scale import sized

SECONDS = 120.0
DEEP, COUNT = 10_000, sized(2_000, 1_000_000)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of the ordinary user's, with something outside of what is removed."""
    with ordinary_home("/dev/shm") as path:

        def prepare() -> None:
            os.makedirs(f"{path}/outside/inner")
            for name in ("file", "inner/file"):
                Path(path, "outside", name).write_text("kept")
            os.mkdir(f"{path}/all")

        as_ordinary_user(prepare)
        yield Path(path)


def opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def assert_untouched(home: Path) -> None:
    outside = home / "outside"
    assert sorted(os.listdir(outside)) == ["file", "inner"]
    assert [(outside / name).read_text() for name in ("file", "inner/file")] == ["kept", "kept"]
    assert [oct((outside / name).stat().st_mode & 0o777) for name in (".", "inner")] == ["0o755", "0o755"]


@pytest.mark.parametrize("seed", range(sized(12, 2000)))
def test_a_tree_of_whatever_kind_is_removed_and_nothing_that_it_leads_to(home: Path, seed: int) -> None:
    def act() -> None:
        top = opened(home / "all")
        OddTree(seed, str(home / "outside")).grow(top, 120)
        assert removed(str(home), "all", SECONDS)

    as_ordinary_user(act)
    assert os.listdir(home) == ["outside"]
    assert_untouched(home)


def test_folders_deeper_than_any_path_are_removed_with_few_descriptors(home: Path) -> None:
    def act() -> None:
        top = opened(home / "all")
        chain(top, DEEP)
        chain(top, 100, "x" * 255)
        os.close(top)
        os.closerange(3, 4096)  # those that came along
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        assert removed(str(home), "all", SECONDS)

    as_ordinary_user(act)
    assert os.listdir(home) == ["outside"]


def test_what_takes_too_long_is_gone_on_with(home: Path) -> None:
    def act() -> None:
        for name in range(COUNT):
            os.close(os.open(home / f"all/{name}", os.O_WRONLY | os.O_CREAT, 0o600))
        looks = iter(range(10**9))  # a clock that goes on by one with each look at it
        calls, left = 1, COUNT
        while not removed(str(home), "all", COUNT // 4, lambda: float(next(looks))):
            calls, before, left = calls + 1, left, len(os.listdir(home / "all"))
            assert left < before
        assert calls == 5

    as_ordinary_user(act)
    assert os.listdir(home) == ["outside"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
def test_what_is_somebody_elses_stays_and_the_rest_goes(home: Path) -> None:
    (home / "all/theirs").mkdir()
    (home / "all/theirs/file").write_text("x")

    def act() -> None:
        (home / "all/mine").write_text("x")
        assert not removed(str(home), "all", SECONDS)

    as_ordinary_user(act)
    assert os.listdir(home / "all") == ["theirs"]
    assert removed(str(home), "all", SECONDS)


@pytest.mark.parametrize("kind", ["link to a folder", "link to nowhere", "file", "nothing"])
def test_the_name_itself_may_be_anything(home: Path, kind: str) -> None:
    def act() -> None:
        os.rmdir(home / "all")
        if kind.startswith("link"):
            os.symlink(home / "outside" if kind.endswith("folder") else "nowhere", home / "all")
        elif kind == "file":
            (home / "all").write_text("x")
        assert removed(str(home), "all", SECONDS)

    as_ordinary_user(act)
    assert os.listdir(home) == ["outside"]
    assert_untouched(home)


def test_folders_that_are_swapped_for_links_meanwhile_lead_nowhere(home: Path) -> None:
    def act() -> None:
        top, stop = home / "all", threading.Event()
        thread = threading.Thread(target=swap_until, args=(stop, top, home / "outside/inner"))
        thread.start()
        try:
            for _ in range(sized(50, 20_000)):
                with contextlib.suppress(OSError):
                    os.makedirs(top / "tree/inner")
                removed(str(top), "tree", 0.05)
        finally:
            stop.set()
            thread.join()

    as_ordinary_user(act)
    assert_untouched(home)


def swap_until(stop: threading.Event, top: Path, outside: Path) -> None:
    """Put a link in a folder's place and the folder back, as fast as can be."""
    tree = top / "tree"
    while not stop.is_set():
        with contextlib.suppress(OSError):
            os.rename(tree / "inner", top / "away")
            os.symlink(outside, tree / "inner")
        with contextlib.suppress(OSError):
            os.unlink(tree / "inner")
        with contextlib.suppress(OSError):
            os.rename(top / "away", tree / "inner")
