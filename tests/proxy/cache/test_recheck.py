"""What is used is compared with its hash now and then, away from whoever waits for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from jhansi_runner.proxy.cache import recheck
from jhansi_runner.proxy.cache.artifacts import Held
from jhansi_runner.proxy.cache.recheck import CHECK_SECONDS, Rechecks
from support.cache import NOW, Cache
from support.mirror import eventually


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@contextmanager
def _rechecks(cache: Cache, clock: Clock) -> Iterator[tuple[Rechecks, list[str]]]:
    said: list[str] = []
    rechecks = Rechecks(cache.store, cache.files, clock, said.append)
    try:
        yield rechecks, said
    finally:
        rechecks.close()


def _idle(rechecks: Rechecks) -> bool:
    return not rechecks._pending


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were compared."""
    found: list[str] = []
    real = Rechecks._is_sound

    def counted(self: Rechecks, held: Held) -> bool | None:
        found.append(held.sha256)
        return real(self, held)

    monkeypatch.setattr(Rechecks, "_is_sound", counted)
    return found


def test_a_use_is_noted_and_what_was_just_kept_is_not_compared(cache: Cache, clock: Clock, compared: list[str]) -> None:
    one = cache.add("one", stored=NOW - 10, used=NOW - 10)
    with _rechecks(cache, clock) as (rechecks, said):
        rechecks.use(one)
        eventually(partial(_idle, rechecks))
    held = cache.files.held(one.sha256)
    assert held is not None
    assert (held.used, compared, said) == (NOW, [], [])


def test_what_is_used_is_compared_once_a_day_across_restarts(cache: Cache, clock: Clock, compared: list[str]) -> None:
    one = cache.add("one", stored=NOW - 2 * CHECK_SECONDS)
    for _ in range(3):
        with _rechecks(cache, clock) as (rechecks, said):
            for _ in range(5):
                rechecks.use(one)
                eventually(partial(_idle, rechecks))
            assert said == []
        clock.now += CHECK_SECONDS / 4
    assert compared == [one.sha256]
    clock.now += CHECK_SECONDS
    with _rechecks(cache, clock) as (rechecks, _):
        rechecks.use(one)
        eventually(lambda: len(compared) == 2)


def test_damage_is_found_moved_aside_and_said(cache: Cache, clock: Clock) -> None:
    one, other = cache.add("one", stored=0.0), cache.add("other", stored=0.0)
    cache.damage(one)
    os.utime(cache.path(one), (NOW - 100, NOW - 100))  # as a disk does it: the time stays
    with _rechecks(cache, clock) as (rechecks, said):
        for artifact in (one, other):
            rechecks.use(artifact)
        eventually(partial(_idle, rechecks))
    assert cache.names() == {"other"}
    assert cache.quarantined() == [f"{one.sha256}.{int(NOW)}"]
    (line,) = said
    assert line.startswith("one-1.0.whl in the cache was damaged")


def test_a_file_that_somebody_wrote_to_is_compared_at_once(cache: Cache, clock: Clock, compared: list[str]) -> None:
    bad, touched = cache.add("bad", stored=NOW), cache.add("touched", stored=NOW)
    cache.damage(bad)
    os.utime(cache.path(touched))
    with _rechecks(cache, clock) as (rechecks, _):
        for artifact in (bad, touched):
            rechecks.use(artifact)
        eventually(partial(_idle, rechecks))
        assert compared == [bad.sha256, touched.sha256]
        rechecks.use(touched)
        eventually(partial(_idle, rechecks))
    assert compared == [bad.sha256, touched.sha256]
    assert cache.names() == {"touched"}


def test_a_disk_that_cannot_be_read_is_said_and_tried_again(
    cache: Cache, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = cache.add("one", stored=0.0)

    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(recheck, "open", broken, raising=False)
    with _rechecks(cache, clock) as (rechecks, said):
        rechecks.use(one)
        eventually(lambda: said)
        assert "Input/output error" in said[0]
        monkeypatch.undo()
        eventually(partial(_idle, rechecks))
        rechecks.use(one)
        eventually(lambda: cache.store.checked(one.sha256) == NOW)


def test_one_that_is_closed_in_the_middle_says_nothing(cache: Cache, clock: Clock) -> None:
    one = cache.add("one", 3 << 20, stored=0.0)
    cache.damage(one)
    rechecks = Rechecks(cache.store, cache.files, clock, pytest.fail)
    rechecks._stop.set()
    assert rechecks._is_sound(next(cache.files.walk())) is None
    rechecks.close()
