"""Logs of runs: numbered events, a bound, an outcome that is always kept, and readers at their own pace."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.runner.engine import follow
from jhansi_runner.runner.engine.log import Log, path
from jhansi_runner.runner.record import as_line
from jhansi_runner.runner.sandboxes.model import Event

RUN = "run_0123456789abcdef"
OUTCOME = {"exit_code": 0, "state": "done"}


def _output(text: str, stream: str = "stdout") -> bytes:
    return as_line({"event": "output", "seq": 77, "stream": stream, "text": text})


def _log(tmp_path: Path, most: int = 1 << 20) -> Log:
    return Log(str(tmp_path), RUN, most)


def _lines(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path(str(tmp_path), RUN)).read_bytes().splitlines()]


async def _all(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]


def _read(tmp_path: Path, after: int = 0) -> list[Event]:
    return asyncio.run(_all(follow.events(path(str(tmp_path), RUN), after, None, lambda: False, asyncio.Semaphore())))


def test_events_are_numbered_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    log = _log(tmp_path)
    assert log.add(_output("one"))
    assert log.message(b"jhansi-runner: resolving")
    assert log.add(_output("two"))
    log.close(OUTCOME)
    found = _lines(tmp_path)
    assert [(one["event"], one["seq"]) for one in found] == [
        ("output", 1), ("message", 2), ("output", 3), ("done", 4)
    ]  # fmt: skip
    assert found[1]["text"] == "resolving"
    assert [event.number for event in _read(tmp_path)] == [1, 2, 3, 4]


def test_a_log_is_its_owners_alone_and_never_anothers(tmp_path: Path) -> None:
    _log(tmp_path).close(OUTCOME)
    assert os.stat(path(str(tmp_path), RUN)).st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        _log(tmp_path)


def test_what_is_beyond_the_bound_is_counted_and_the_outcome_is_kept(tmp_path: Path) -> None:
    log = _log(tmp_path, 1000)
    kept = [log.add(_output("x" * 300)) for _ in range(10)]
    assert kept == [True, True] + [False] * 8
    assert not log.add(_output("y"))  # it would fit, and would hide the gap before it
    assert log.add(as_line({"event": "refused", "seq": 1, "code": "JR-DENY"}))
    log.close({**OUTCOME, "stdout": "x" * 3000})
    found = _lines(tmp_path)
    assert [one["event"] for one in found] == ["output", "output", "refused", "truncated", "done"]
    assert (found[-2]["events"], found[-2]["kept"]) == (9, 1000)
    assert len(found[-1]["stdout"]) == 3000


def test_endless_events_that_are_no_output_have_a_bound_too(tmp_path: Path) -> None:
    log = _log(tmp_path, 1000)
    line = as_line({"event": "refused", "seq": 1, "reason": "x" * 100_000})
    for _ in range(50):
        log.add(line)
    log.close(OUTCOME)
    assert os.stat(path(str(tmp_path), RUN)).st_size < 1_200_000
    assert _lines(tmp_path)[-2]["events"] == 40


@pytest.mark.parametrize(
    "line", [b"", b"\n", b'{"event": "output"}\n', b'{"seq": 1, "event": "x", "a": 1}\n', b"\xff\n"]
)
def test_what_is_no_event_is_not_kept(tmp_path: Path, line: bytes) -> None:
    log = _log(tmp_path)
    assert not log.add(line)
    log.close(OUTCOME)
    assert [one["event"] for one in _lines(tmp_path)] == ["done"]


def test_control_characters_of_a_message_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.message("jhansi-runner: \x1b]0;title\x07 \N{RIGHT-TO-LEFT OVERRIDE}".encode() + b"\xff")
    log.close(OUTCOME)
    text = _lines(tmp_path)[0]["text"]
    assert text.isprintable()
    assert "\\x1b]0;title" in text


@pytest.mark.parametrize("after", [0, 1, 2, 3, 99])
def test_a_reader_goes_on_where_it_was(tmp_path: Path, after: int) -> None:
    log = _log(tmp_path)
    for text in ("one", "two"):
        log.add(_output(text))
    log.close(OUTCOME)
    assert [event.number for event in _read(tmp_path, after)] == [1, 2, 3][after:]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_that_was_torn_is_no_event(tmp_path: Path, cut: int) -> None:
    log = _log(tmp_path)
    log.add(_output("whole"))
    log.add(_output("torn"))
    file = path(str(tmp_path), RUN)
    os.truncate(file, os.stat(file).st_size - cut)
    assert [event.data["text"] for event in _read(tmp_path)] == ["whole"]


def test_damage_in_a_log_costs_the_line_and_no_more(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.add(_output("one"))
    file = Path(path(str(tmp_path), RUN))
    file.write_bytes(b"\0\0\0garbage\n[1]\n" + file.read_bytes())
    log.close(OUTCOME)
    assert [(event.number, event.name) for event in _read(tmp_path)] == [(3, "output"), (4, "done")]


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(_output("secret"))
    os.symlink(secret, path(str(tmp_path), RUN))
    with pytest.raises(OSError, match="symbolic links"):
        _read(tmp_path)
    with pytest.raises(FileExistsError):
        _log(tmp_path)


def test_a_log_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _read(tmp_path)


def test_readers_get_what_comes_as_it_comes(tmp_path: Path) -> None:
    async def both() -> list[Event]:
        bell = follow.Bell()
        reading = asyncio.create_task(
            _all(follow.events(path(str(tmp_path), RUN), 0, bell, lambda: False, asyncio.Semaphore()))
        )
        await asyncio.sleep(0)
        log = _log(tmp_path)
        for text in ("one", "two"):
            log.add(_output(text))
            bell.ring()
            await asyncio.sleep(0.01)
        log.close(OUTCOME)
        bell.ring(over=True)
        return await asyncio.wait_for(reading, 60)

    assert [event.name for event in asyncio.run(both())] == ["output", "output", "done"]


def test_a_reader_of_another_process_log_looks_while_that_lives(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.add(_output("one"))
    lives = True

    async def both() -> list[Event]:
        nonlocal lives
        reading = asyncio.create_task(
            _all(follow.events(path(str(tmp_path), RUN), 0, None, lambda: lives, asyncio.Semaphore()))
        )
        await asyncio.sleep(0.05)
        log.add(_output("two"))  # and then it is killed
        lives = False
        return await asyncio.wait_for(reading, 60)

    assert [event.data["text"] for event in asyncio.run(both())] == ["one", "two"]


def test_a_reader_that_goes_away_leaves_nothing_open(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.add(_output("one"))

    async def look() -> None:
        bell = follow.Bell()
        events = follow.events(path(str(tmp_path), RUN), 0, bell, lambda: False, asyncio.Semaphore())
        async for _ in events:
            break
        await events.aclose()

    def held() -> list[str]:
        leads = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
        return [os.readlink(each) for each in leads if os.path.realpath(each).startswith(str(tmp_path))]

    assert len(held()) == 1
    asyncio.run(look())
    assert len(held()) == 1
    log.close(OUTCOME)
    assert held() == []


@pytest.mark.attack
def test_long_events_are_with_few_at_once(tmp_path: Path) -> None:
    log = _log(tmp_path)
    log.add(_output("one"))
    log.close({**OUTCOME, "stdout": "x" * 1_000_000})

    async def look() -> list[str]:
        large = asyncio.Semaphore(1)
        first, second = (follow.events(path(str(tmp_path), RUN), 0, None, lambda: False, large) for _ in range(2))
        for one in (first, second):
            assert (await anext(one)).name == "output"  # short ones are nobody's to wait for
        done, waits = await anext(first), asyncio.create_task(anext(second))
        await asyncio.sleep(0.05)
        assert not waits.done()
        await first.aclose()
        return [done.name, (await waits).name]

    assert asyncio.run(look()) == ["done", "done"]


def test_what_was_written_is_had_by_stream_or_in_its_order(tmp_path: Path) -> None:
    log = _log(tmp_path)
    for text, stream in (("a", "stdout"), ("ü", "stderr"), ("b", "stdout")):
        log.add(_output(text, stream))
    log.close(OUTCOME)

    def had(stream: str) -> bytes:
        events = follow.events(path(str(tmp_path), RUN), 0, None, lambda: False, asyncio.Semaphore())

        async def collect() -> bytes:
            return b"".join([part async for part in follow.output(events, stream)])

        return asyncio.run(collect())

    assert (had("stdout"), had("stderr"), had("")) == (b"ab", "ü".encode(), "aüb".encode())
