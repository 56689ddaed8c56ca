"""A cache with a limit stays within it, whatever number of processes add to it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache import removal, upkeep
from jhansi_runner.proxy.cache.checkup import check_all
from jhansi_runner.proxy.cache.removal import GRACE_SECONDS
from jhansi_runner.proxy.cache.upkeep import LOCK, BadLimit, Upkeep, limit_of
from jhansi_runner.proxy.registries.interface import Document
from support.cache import NOW, Cache

PAGE = Document("https://mirror.test/simple/demo/", 200, "text/html", "", NOW, b"x" * 1000)


def _upkeep(cache: Cache, limit: int, now: float = NOW) -> tuple[Upkeep, list[str]]:
    said: list[str] = []
    return Upkeep(cache.store, cache.files, cache.state, limit, said.append, lambda: now), said


def _pin(cache: Cache, *hashes: str) -> None:
    os.makedirs(f"{cache.state}/pins", exist_ok=True)
    Path(cache.state, "pins", "bundle").write_text("\n".join(hashes))


def test_room_is_made_to_a_sixteenth_below_the_limit(cache: Cache) -> None:
    for number in range(6):
        cache.add(f"p{number}", used=NOW - 1000 + number)
    work, said = _upkeep(cache, 4200)
    assert work.once() == 3
    assert (cache.names(), said) == ({"p3", "p4", "p5"}, [])
    assert len(list(cache.files.walk())) == 6, "they wait for their time"


def test_within_the_limit_nothing_goes(cache: Cache) -> None:
    cache.add("one", used=0.0)
    work, _ = _upkeep(cache, 1000)
    assert work.once() == 0
    assert cache.names() == {"one"}


def test_what_was_not_used_for_longest_goes(cache: Cache) -> None:
    for name, used in (("a", 40), ("b", 10), ("c", 30), ("d", 20)):
        cache.add(name, used=NOW - 1000 + used)
    work, _ = _upkeep(cache, 2500)
    work.once()
    assert cache.names() == {"a", "c"}


def test_what_is_marked_goes_for_good_a_little_later_also_after_a_kill(cache: Cache) -> None:
    cache.add("one")
    first, _ = _upkeep(cache, 100)
    assert first.once() == 1
    later, _ = _upkeep(cache, 0, time.time() + GRACE_SECONDS + 1)
    assert later.once() == 0
    assert list(cache.files.walk()) == []


def test_what_is_pinned_stays_and_that_is_said_once(cache: Cache) -> None:
    one, _ = cache.add("one"), cache.add("other")
    _pin(cache, one.sha256)
    work, said = _upkeep(cache, 500)
    work.once()
    work.once()
    assert cache.names() == {"one"}
    (line,) = said
    assert "more than its limit of 500 bytes: 1000 bytes of it are pinned" in line


def test_pins_that_cannot_be_read_keep_everything(cache: Cache) -> None:
    cache.add("one")
    os.makedirs(f"{cache.state}/pins/folder")
    work, said = _upkeep(cache, 500)
    assert work._once() == 0
    assert cache.names() == {"one"}
    assert "no room can be made" in said[0]


def test_documents_count_and_go_too(cache: Cache) -> None:
    cache.store.keep_document("pypi simple/demo", PAGE)
    cache.store.keep_document("pypi simple/large", Document("u", 200, "", "", NOW, b"y" * 100_000))
    work, _ = _upkeep(cache, 50_000, time.time())
    work.once()
    assert [key for key, _ in cache.store.documents()] == []
    cache.store.keep_document("pypi simple/demo", PAGE)
    work.once()
    assert [key for key, _ in cache.store.documents()] == ["pypi simple/demo"]


def test_what_is_quarantined_goes_first_and_after_a_month(cache: Cache) -> None:
    cache.add("one", used=NOW - 10**6)
    apart = cache.folder / "quarantine"
    apart.mkdir()
    (apart / "bad").write_bytes(b"x" * 1000)
    os.utime(apart / "bad", (NOW, NOW))
    work, _ = _upkeep(cache, 1999)
    work.once()
    assert (cache.names(), cache.quarantined()) == ({"one"}, [])
    for age, stays in ((29, ["bad"]), (31, [])):
        (apart / "bad").write_bytes(b"x")
        os.utime(apart / "bad", (NOW - age * 86400,) * 2)
        _upkeep(cache, 0)[0].once()
        assert cache.quarantined() == stays


def test_two_do_not_make_room_at_once(cache: Cache) -> None:
    cache.add("one")
    work, _ = _upkeep(cache, 100)
    with cache.files.lock(fcntl.LOCK_EX, LOCK):
        assert work.once() is None
    assert cache.names() == {"one"}
    assert work.once() == 1


def test_it_runs_when_something_was_added(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "RECENT_SECONDS", 0.0)
    monkeypatch.setattr(removal, "GRACE_SECONDS", 0.1)
    for name in ("GRACE_SECONDS", "_LOOK_SECONDS", "_SHORTEST_REST"):
        monkeypatch.setattr(upkeep, name, 0.1)

    async def scenario() -> None:
        work = Upkeep(cache.store, cache.files, cache.state, 2500)
        task = asyncio.create_task(work.run())
        async with asyncio.timeout(120):
            for number in range(6):
                cache.add(f"p{number}", used=time.time())
                await asyncio.sleep(0.3)
                while len(list(cache.files.walk())) > 3:
                    await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(scenario())
    assert cache.names() >= {"p5"}


_ADDER = """
import asyncio, sys, time
from pathlib import Path
from jhansi_runner.proxy.cache import removal, upkeep
from jhansi_runner.proxy.cache.upkeep import Upkeep
from support.cache import Cache
removal.RECENT_SECONDS = removal.GRACE_SECONDS = upkeep.GRACE_SECONDS = 0.1
upkeep._LOOK_SECONDS = upkeep._SHORTEST_REST = 0.05
cache = Cache(Path(sys.argv[1]))
async def work():
    task = asyncio.create_task(Upkeep(cache.store, cache.files, cache.state, 100_000).run())
    for number in range(40):
        cache.add(f"{sys.argv[2]}{number}", 10_000, used=time.time())
        await asyncio.sleep(0.02)
    for _ in range(200):
        await asyncio.sleep(0.1)
        if sum(held.size for held in cache.files.walk()) <= 100_000:
            break
    task.cancel()
asyncio.run(work())
"""


def test_three_processes_keep_one_limit(cache: Cache, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    adders = [subprocess.Popen([sys.executable, "-c", _ADDER, str(tmp_path), name], env=env) for name in "abc"]
    assert [adder.wait(60) for adder in adders] == [0, 0, 0]
    report = check_all(cache.store, cache.files, time.time(), keep=True)
    assert report.faults == ()
    assert 0 < sum(held.size for held in cache.files.walk()) <= 100_000


def test_the_environment_sets_the_limit() -> None:
    assert [limit_of({}), limit_of({upkeep.LIMIT: "0"}), limit_of({upkeep.LIMIT: " "})] == [0, 0, 0]
    assert limit_of({upkeep.LIMIT: "20GiB"}) == 20 << 30
    with pytest.raises(BadLimit, match="JHANSI_CACHE_LIMIT: 'much' is no size"):
        limit_of({upkeep.LIMIT: "much"})
