"""Whatever moment an export or an import is killed at, nothing is half there, and it can be repeated."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.registries.interface import Document
from support import forged
from support.cache import Cache
from support.homes import MAIN, Home, home_in


def _noise(number: int, size: int) -> bytes:
    """The same bytes each time."""
    return random.Random(number).randbytes(size)  # noqa: S311


def _filled(home: Home, number: int, size: int) -> None:
    """Fill a cache of PyPI's with noise."""
    cache = Cache(home.folder)
    for count in range(number):
        line = forged.artifact_line(f"demo{count}", _noise(count, size))
        descriptor, path = cache.files.incoming()
        os.write(descriptor, _noise(count, size))
        cache.files.commit(descriptor, path, line.sha256)
        os.close(descriptor)
        cache.store.keep_artifact(line.key, line.artifact)
        page = forged.document_line(f"demo{count}", _noise(-count, 100_000))
        body = _noise(-count, 100_000)
        cache.store.keep_document(page.key, Document(page.url, 200, "text/html", "", forged.THEN, body))
    cache.store.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose cache takes a while to export, with keys `k`, and a bundle of all of it, `b.tar`."""
    folder = tmp_path_factory.mktemp("large")
    home = home_in(folder / "home", forged.side(folder).policy)
    _filled(home, 40, 1 << 20)
    assert home.run("keygen", str(home.folder / "k")).code == 0
    done = home.run("export", str(home.folder / "b.tar"), "--key", str(home.folder / "k.key"))
    assert done.code == 0, done.said
    return home


def _killed_at_random(start: Any, whole: float, times: int) -> Iterator[None]:
    """Start something and kill it, sooner or later; `whole` is about how long it takes, in seconds."""
    chance = random.Random(7)  # noqa: S311
    for _ in range(times):
        process = start()
        time.sleep(chance.uniform(0.2, 1.05) * whole)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        yield


def test_an_import_is_killed_at_any_moment(large: Home, tmp_path: Path) -> None:
    policy = forged.side(tmp_path).policy
    words = ("import", str(large.folder / "b.tar"), "--key", str(large.folder / "k.pub"))
    began = time.monotonic()
    assert home_in(tmp_path / "timed", policy).run(*words).code == 0
    whole = time.monotonic() - began
    home = home_in(tmp_path / "home", policy)
    rows = set()
    for _ in _killed_at_random(lambda: home.start(*words), whole, 7):
        with home.side(policy).opened() as (store, files):
            artifacts, documents = list(store.artifacts()), list(store.documents())
            assert (len(artifacts), len(documents)) in ((0, 0), (40, 40))
            assert all(files.verify(one.sha256) for _, one in artifacts)
            rows.add(len(artifacts))
    done = home.run(*words)
    assert done.code == 0
    assert not os.listdir(home.folder / "cache" / "incoming")
    assert home.run("verify").code == 0
    ours, timed = home.side(policy).state(), Home(tmp_path / "timed").side(policy).state()
    named = {name for name in ours if not name.endswith(".val") and name != "imported"}
    assert {name: ours[name] for name in named} == {name: timed[name] for name in named}
    assert rows


@pytest.mark.parametrize("volumes", [(), ("--volume-size", "4MiB")], ids=["one file", "volumes"])
def test_an_export_is_killed_at_any_moment(large: Home, tmp_path: Path, volumes: tuple[str, ...]) -> None:
    file = str(tmp_path / "out.tar")
    words = ("export", file, "--key", str(large.folder / "k.key"), *volumes)
    began = time.monotonic()
    assert large.run("export", str(tmp_path / "timed"), *words[2:]).code == 0
    whole = time.monotonic() - began
    sound = (large.folder / "b.tar").read_bytes()
    for _ in _killed_at_random(lambda: large.start(*words), whole, 5):
        written = sorted(tmp_path.glob("out.tar*"))
        if written and written[0].name in ("out.tar", "out.tar.001"):
            assert b"".join(one.read_bytes() for one in written) == sound
            for one in written:
                one.unlink()
    assert large.run(*words).code == 0
    assert b"".join(one.read_bytes() for one in sorted(tmp_path.glob("out.tar*"))) == sound
    assert not list(tmp_path.glob(".*"))
    assert not os.listdir(large.folder / "cache" / "incoming")


def _with_blocks(blocks: int, home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where a file may have so many blocks of 512 bytes: a write beyond that fails, as on a full disk."""
    script = f'ulimit -f {blocks}; exec "$@"'
    argv = ["/bin/sh", "-c", script, "sh", sys.executable, "-P", "-c", MAIN, "cache", *words]
    return subprocess.run(argv, env=home.env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("blocks", [100, 30_000])
def test_an_export_that_finds_no_room_leaves_nothing(large: Home, tmp_path: Path, blocks: int) -> None:
    done = _with_blocks(blocks, large, "export", str(tmp_path / "b"), "--key", str(large.folder / "k.key"))
    assert done.returncode == 125
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
    assert not os.listdir(large.folder / "cache" / "incoming")


def test_an_import_that_finds_no_room_changes_nothing(large: Home, tmp_path: Path) -> None:
    policy = forged.side(tmp_path).policy
    home = home_in(tmp_path / "home", policy)
    words = ("import", str(large.folder / "b.tar"), "--key", str(large.folder / "k.pub"))
    done = _with_blocks(1500, home, *words)
    assert done.returncode == 125
    assert "nothing half-done was kept" in done.stderr
    assert "Traceback" not in done.stderr
    with home.side(policy).opened() as (store, files):
        assert not [*store.artifacts(), *store.documents(), *files.walk()]
    assert not os.listdir(home.folder / "cache" / "incoming")
    assert home.run(*words).code == 0


def test_interrupted_it_says_nothing_and_leaves_nothing(large: Home, tmp_path: Path) -> None:
    for _ in range(10):
        process = large.start("export", str(tmp_path / "b"), "--key", str(large.folder / "k.key"))
        while not list(tmp_path.glob(".b.exporting/b")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        if process.returncode not in (0, -signal.SIGINT):
            break
        (tmp_path / "b").unlink()  # it was faster than we
    assert process.returncode == 130
    assert not list(tmp_path.iterdir())
    assert not os.listdir(large.folder / "cache" / "incoming")
