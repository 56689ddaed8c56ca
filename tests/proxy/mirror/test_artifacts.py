"""Two mirrors with one cache, step by step: who fetches, who follows, and who finds that it is done."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.mirror.artifacts import Artifacts
from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries.interface import Promise
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure
from support.cache import Cache

DATA = b"0123456789" * 1000
SHA256, SHA1 = hashlib.sha256(DATA).hexdigest(), hashlib.sha1(DATA, usedforsecurity=False).hexdigest()
KEY = "maven /demo/demo-1.0.jar"
RELEASE = Release(Coordinate.parse("pkg:maven/demo/demo@1.0"), None)
PROMISE = Promise(RELEASE, "demo-1.0.jar", "https://mirror.test/demo-1.0.jar", {"sha1": SHA1})


class Wire:
    """An upstream that sends one piece after the other, each when it is let to."""

    def __init__(self) -> None:
        self.asked = 0
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.content_length = len(DATA)
        self.content = self

    @asynccontextmanager
    async def file(self, *_: object) -> AsyncIterator[Wire]:
        self.asked += 1
        yield self

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        del size
        while piece := await self.pieces.get():
            yield piece

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)


def _may_dial(scheme: str, netloc: str) -> bool:
    return bool(scheme and netloc)


Scenario = Callable[[Artifacts, Artifacts, Wire], Awaitable[None]]


@pytest.fixture
def play(cache: Cache) -> Callable[[Scenario], None]:
    async def played(scenario: Scenario) -> None:
        wire: Any = Wire()
        one, other = (Artifacts(cache.store, ArtifactFiles(str(cache.folder)), wire) for _ in range(2))
        async with asyncio.timeout(60):
            await scenario(one, other, wire)
        for mirror in (one, other):
            await mirror.close()
        assert os.listdir(cache.folder / "incoming") == []

    return lambda scenario: asyncio.run(played(scenario))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    opened = Cache(tmp_path)
    yield opened
    opened.store.close()


def test_the_second_gets_what_the_first_has_so_far(play: Callable[[Scenario], None]) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        led = one.download(KEY, PROMISE, _may_dial)
        wire.send(DATA[:4000])
        await led.started()
        followed = other.download(KEY, PROMISE, _may_dial)
        await followed.started()
        assert followed.total == len(DATA)
        assert await followed.available(0) == 3999
        reader = followed.reader()
        assert os.pread(reader, 20_000, 0) == DATA[:4000]
        wire.send(DATA[4000:], b"")
        await followed.finished()
        assert os.pread(reader, 20_000, 0) == DATA
        os.close(reader)
        assert (led.verified, dict(followed.digests), wire.asked) == (True, {"sha256": SHA256, "sha1": SHA1}, 1)
        kept = other.kept(KEY)
        assert kept is not None
        assert kept.sha256 == SHA256

    play(scenario)


def test_who_decided_to_fetch_before_the_end_and_leads_after_it_asks_nobody(
    play: Callable[[Scenario], None],
) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        assert other.kept(KEY) is None
        wire.send(DATA, b"")
        await one.download(KEY, PROMISE, _may_dial).finished()
        late = other.download(KEY, PROMISE, _may_dial)
        await late.finished()
        assert (late.total, late.digests["sha256"], wire.asked) == (len(DATA), SHA256, 1)

    play(scenario)


def test_a_leader_that_is_given_up_leaves_its_bytes_to_its_follower(play: Callable[[Scenario], None]) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        led = one.download(KEY, PROMISE, _may_dial)
        wire.send(DATA[:4000])
        await led.started()
        followed = other.download(KEY, PROMISE, _may_dial)
        await followed.available(100)
        reader = followed.reader()
        await one.close()
        with pytest.raises(UpstreamFailure, match="given up"):
            await led.finished()
        wire.send(DATA, b"")
        await followed.finished()
        assert os.pread(reader, 20_000, 0) == DATA
        os.close(reader)
        assert wire.asked == 2

    play(scenario)


def test_a_follower_whose_file_was_taken_away_with_the_lead_begins_anew_or_breaks_off(
    play: Callable[[Scenario], None], cache: Cache
) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        for read in (False, True):
            led = one.download(KEY, PROMISE, _may_dial)
            wire.send(DATA[:4000])
            await led.available(100)
            followed = other.download(KEY, PROMISE, _may_dial)
            await followed.available(100)
            reader = followed.reader() if read else -1
            Path(led.path).unlink()
            await one.close()
            if read:
                with pytest.raises(UpstreamFailure, match="interrupted") as caught:
                    await followed.finished()
                assert caught.value.status == 503
                os.close(reader)
            else:
                wire.send(DATA, b"")
                await followed.finished()
                assert cache.files.verify(SHA256)
                cache.store.forget_file(SHA256)

    play(scenario)


def test_what_a_kill_left_of_another_file_is_not_passed_on(play: Callable[[Scenario], None], cache: Cache) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        led = one.download(KEY, PROMISE, _may_dial)
        wire.send(b"x" * 4000)
        await led.available(100)
        followed = other.download(KEY, PROMISE, _may_dial)
        await followed.available(100)
        await one.close()
        wire.send(DATA, b"")
        with pytest.raises(UpstreamFailure, match=r"something else .* than at first"):
            await followed.finished()
        while not wire.pieces.empty():
            wire.pieces.get_nowait()
        wire.send(DATA, b"")
        await other.download(KEY, PROMISE, _may_dial).finished()
        assert cache.files.verify(SHA256)

    play(scenario)


def test_another_size_than_the_clients_were_told_is_not_gone_on_with(play: Callable[[Scenario], None]) -> None:
    async def scenario(one: Artifacts, other: Artifacts, wire: Wire) -> None:
        led = one.download(KEY, PROMISE, _may_dial)
        wire.send(DATA[:4000])
        await led.available(100)
        followed = other.download(KEY, PROMISE, _may_dial)
        await followed.available(100)
        wire.content_length = len(DATA) + 1
        await one.close()
        with pytest.raises(UpstreamFailure, match=r"something else .* than at first"):
            await followed.finished()

    play(scenario)


def test_a_use_is_noted_once_a_second(cache: Cache) -> None:
    async def scenario() -> None:
        wire: Any = Wire()
        artifacts = Artifacts(cache.store, cache.files, wire)
        one = cache.add("one", used=1000.0)
        artifacts.path(one)
        held = cache.files.held(one.sha256)
        assert held is not None
        assert held.used > 1000.0
        cache.files.touch(one.sha256, 1000.0)
        for _ in range(100):
            artifacts.path(one)
        held = cache.files.held(one.sha256)
        assert held is not None
        assert held.used == 1000.0
        await artifacts.close()

    asyncio.run(scenario())
