"""Nothing goes that is about to be sent, and whoever is killed at whatever moment leaves a cache that verifies."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache import removal
from jhansi_runner.proxy.cache.checkup import check_all
from jhansi_runner.proxy.cache.removal import mark, quarantine, remove
from jhansi_runner.proxy.cache.store import Artifact
from support.cache import NOW, Cache


def _mark(cache: Cache, artifact: Artifact, now: float = NOW) -> bool:
    held = cache.files.held(artifact.sha256)
    assert held is not None
    return mark(cache.store, cache.files, held, now)


def test_it_goes_in_two_steps_and_stays_open_for_its_readers(cache: Cache) -> None:
    one = cache.add("one")
    assert _mark(cache, one)
    marked = time.time()
    assert not cache.files.has(one.sha256)
    assert list(cache.store.artifacts()) == []
    with cache.path(one).open("rb") as late:  # whoever decided to send it before
        assert remove(cache.store, cache.files, one.sha256, marked + removal.GRACE_SECONDS - 0.5) == 0
        assert cache.path(one).exists()
        assert remove(cache.store, cache.files, one.sha256, marked + removal.GRACE_SECONDS + 0.5) == 1000
        assert not cache.path(one).exists()
        assert len(late.read()) == 1000


def test_what_was_used_just_now_or_since_it_was_looked_at_stays(cache: Cache) -> None:
    recent = cache.add("recent", used=NOW - 1)
    assert not _mark(cache, recent)
    one = cache.add("one", used=NOW - 100)
    held = cache.files.held(one.sha256)
    assert held is not None
    cache.files.touch(one.sha256, NOW - 50)
    assert not mark(cache.store, cache.files, held, NOW)
    assert cache.names() == {"recent", "one"}


def test_what_is_fetched_again_meanwhile_is_not_removed(cache: Cache) -> None:
    one = cache.add("one")
    assert _mark(cache, one)
    cache.add("one", used=NOW)
    assert remove(cache.store, cache.files, one.sha256, time.time() + 60) == 0
    assert cache.names() == {"one"}


def test_what_is_damaged_is_moved_aside_with_all_its_rows(cache: Cache) -> None:
    one = cache.add("one")
    cache.store.keep_artifact("pypi /other-name", one)
    cache.damage(one)
    place = quarantine(cache.store, cache.files, one.sha256, NOW)
    assert place == str(cache.folder / "quarantine" / f"{one.sha256}.{int(NOW)}")
    assert Path(place).stat().st_size == 1000
    assert list(cache.store.artifacts()) == []


def test_a_good_file_that_took_a_damaged_ones_place_stays(cache: Cache) -> None:
    one = cache.add("one")
    cache.damage(one)
    cache.add("one")
    assert quarantine(cache.store, cache.files, one.sha256, NOW) == ""
    assert (cache.names(), cache.quarantined()) == ({"one"}, [])


BAD = hashlib.sha256((b"bad" * 1000)[:1000]).hexdigest()
_CHURN = """
import os, sys, time
from pathlib import Path
from jhansi_runner.proxy.cache import removal
from jhansi_runner.proxy.cache.contents import mark_all, remove_marked, things
from support.cache import Cache
removal.GRACE_SECONDS = removal.RECENT_SECONDS = 0.0
cache = Cache(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for number in range(5):
        cache.add(f"p{number}", 20000)
    bad = cache.add("bad")
    cache.damage(bad)
    removal.quarantine(cache.store, cache.files, bad.sha256, time.time())
    mark_all(cache.store, cache.files, things(cache.store, cache.files, frozenset()), time.time() + 1e9)
    remove_marked(cache.store, cache.files, time.time() + 1e9)
"""


def test_a_kill_at_any_moment_leaves_a_cache_that_verifies(cache: Cache, tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": tests}
    seen = set()
    for _ in range(12):
        command = [sys.executable, "-c", _CHURN, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(random.uniform(0.0, 0.15))  # noqa: S311
            process.send_signal(signal.SIGKILL)
        report = check_all(cache.store, cache.files, time.time())
        assert all(fault.sha256 == BAD and fault.problem == "damaged" for fault in report.faults)
        assert check_all(cache.store, cache.files, time.time(), keep=True).faults == ()
        seen.add((report.artifacts, len(list(cache.files.walk()))))
    assert len(seen) > 1, "it was never killed in the middle"
    cache.files.sweep()
    assert os.listdir(cache.folder / "incoming") == []


@pytest.mark.parametrize("step", ["chmod", "unlink", "rename"])
def test_a_kill_right_before_a_step_leaves_no_row_without_a_file(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    one = cache.add("one")
    held = cache.files.held(one.sha256)
    assert held is not None
    if step == "unlink":
        assert _mark(cache, one)
    if step == "rename":
        cache.damage(one)
    monkeypatch.setattr(os, step, killed)
    with pytest.raises(Killed):
        if step == "chmod":
            mark(cache.store, cache.files, held, NOW)
        elif step == "unlink":
            remove(cache.store, cache.files, one.sha256, time.time() + 60)
        else:
            quarantine(cache.store, cache.files, one.sha256, NOW)
    monkeypatch.undo()
    faults = check_all(cache.store, cache.files, NOW).faults
    assert [(fault.problem, fault.purl) for fault in faults] == ([("damaged", "")] if step == "rename" else [])
