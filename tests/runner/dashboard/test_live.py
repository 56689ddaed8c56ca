"""The stream for a page: all of a small output, the end of a large one, from where a reader left off."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count

import httpx
import pytest

from jhansi_runner.runner.dashboard import live
from jhansi_runner.runner.dashboard.tail import Tail
from jhansi_runner.runner.sandboxes.model import RUNNING, Event
from support.dashboard import RUN, Shown, Site, output, run, site
from support.mirror import eventually

ALL = {"Authorization": "Bearer token-of-all"}


@pytest.fixture
def shown() -> Shown:
    return Shown(runs=[run(state=RUNNING, ended_at=None, exit_code=None, outcome={})])


@pytest.fixture
def here(shown: Shown) -> Iterator[Site]:
    with site(shown, os.environ) as found:
        yield found


def _end(shown: Shown) -> None:
    shown.runs[0] = replace(run(), exit_code=3)


def _messages(here: Site, **headers: str) -> Iterator[tuple[int, str, dict[str, object]]]:
    """Number, name and data of each message, until the stream ends."""
    url = f"{here.url}/runs/{RUN}/events"
    with httpx.stream("GET", url, headers={**ALL, **headers}, trust_env=False, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                found[name] = value
            elif "data" in found:
                yield int(found["id"]), found["event"], json.loads(found["data"])
                found = {}


def _text(data: dict[str, object]) -> str:
    pieces = data["pieces"]
    assert isinstance(pieces, list)
    return "".join(text for _, text in pieces)


def test_output_comes_as_it_is_written_and_the_end_is_told(here: Site, shown: Shown) -> None:
    shown.events.append(output(1, "one\n"))
    messages = _messages(here)
    assert next(messages) == (1, "more", {"pieces": [["stdout", "one\n"]], "cut": False, "packages": 0, "refused": 0})
    shown.events += [output(2, "two \x1b[1m\n", "stderr"), Event(3, "install", {}), Event(4, "refused", {})]
    _end(shown)
    rest = list(messages)
    assert _text(rest[0][2]) == "two \\x1b[1m\n" and (rest[0][2]["packages"], rest[0][2]["refused"]) == (1, 1)
    assert rest[-1] == (4, "done", {"outcome": "exit 3"})


def test_a_reader_that_comes_back_gets_what_it_has_not(here: Site, shown: Shown) -> None:
    shown.events += [output(number, f"{number}\n") for number in range(1, 6)]
    _end(shown)
    found = list(_messages(here, **{"Last-Event-ID": "3"}))
    assert _text(found[0][2]) == "4\n5\n"


def test_of_a_flood_only_the_end_comes(here: Site, shown: Shown) -> None:
    shown.events += [output(number, f"{number:06}" * 2000 + "\n") for number in range(1, 400)]
    _end(shown)
    found = list(_messages(here))
    assert sum(len(_text(data)) for _, name, data in found if name == "more") < 200_000
    assert _text(found[-2][2]).endswith("000399\n") and any(data.get("cut") for _, _, data in found)


def test_a_stream_ends_in_time_so_that_its_reader_has_to_be_let_in_again(
    here: Site, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_STREAM_SECONDS", 2.0)
    shown.events.append(output(1, "one\n"))
    assert [name for _, name, _ in _messages(here)] == ["more"]
    eventually(lambda: here.service.listening == 0)


def test_a_page_does_not_wait_for_a_program_that_always_prints() -> None:
    async def endless() -> AsyncIterator[Event]:
        for number in count(1):
            yield output(number, "more\n")
            await asyncio.sleep(0.01)

    async def look() -> tuple[Tail, int]:
        async with asyncio.timeout(60):
            return await live.so_far(endless(), ended=False)

    tail, number = asyncio.run(look())
    assert number > 1 and "".join(one.text for one in tail.pieces) == "more\n" * number


@pytest.mark.parametrize("number", ["x", "-1", "99999999999"])
def test_a_number_that_is_none_is_told_so(here: Site, number: str) -> None:
    answer = httpx.get(
        f"{here.url}/runs/{RUN}/events", headers={**ALL, "Last-Event-ID": number}, trust_env=False, timeout=60
    )
    assert answer.status_code == 400


def test_who_goes_away_is_forgotten_and_nobody_takes_all_places(here: Site, shown: Shown) -> None:
    shown.events.append(output(1, "one\n"))
    streams = [_messages(here) for _ in range(16)]
    for stream in streams:
        next(stream)
    assert here.service.listening == 16
    answer = httpx.get(f"{here.url}/runs/{RUN}/events", headers=ALL, trust_env=False, timeout=60)
    assert answer.status_code == 429
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]
    eventually(lambda: here.service.listening == 0)
    assert next(_messages(here))[0] == 1


def test_a_page_of_a_run_that_goes_on_does_not_wait_for_its_end(here: Site, shown: Shown) -> None:
    shown.events.append(output(1, "until now\n"))
    page = httpx.get(f"{here.url}/runs/{RUN}", headers=ALL, trust_env=False, timeout=60).text
    assert "until now\n" in page and 'data-after="1"' in page and "<noscript>" in page
    assert here.service.listening == 0
