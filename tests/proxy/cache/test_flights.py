"""Of all processes that want one artifact one leads, and whoever is left goes on when it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.flights import Flight, Told

_LEADER = """
import sys
from jhansi_runner.proxy.cache.flights import Flight, Told
flight = Flight(sys.argv[1])
flight.tell(Told("part", 10))
print(flight.leads, flush=True)
if sys.stdin.readline() == "end\\n":
    flight.end(Told("part", 10, kept=True))
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return ArtifactFiles(str(tmp_path)).flight("pypi /files/demo.whl")


@contextmanager
def _leader(path: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _LEADER, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_follows_what_the_first_tells(path: str) -> None:
    first, second = Flight(path), Flight(path)
    assert (first.leads, second.leads) == (True, False)
    assert second.told() == Told()
    first.tell(Told("part", 10))
    assert second.told() == Told("part", 10)
    assert not second.inherit()
    first.end(Told("part", 10, kept=True))
    assert second.told() == Told("part", 10, kept=True)
    assert not second.inherit()
    assert not os.path.exists(path)
    second.leave(alone=False)


def test_what_failed_is_told_in_full(path: str) -> None:
    first, second = Flight(path), Flight(path)
    first.end(Told(failure="upstream asks to slow down", status=429, retry_after="30"))
    assert second.told() == Told(failure="upstream asks to slow down", status=429, retry_after="30")
    second.leave(alone=False)


def test_whoever_comes_after_the_end_leads_a_flight_of_its_own(path: str) -> None:
    first = Flight(path)
    first.end(Told(kept=True))
    second = Flight(path)
    assert (second.leads, second.told()) == (True, Told())
    second.leave(alone=True)


def test_half_a_line_is_not_heard(path: str) -> None:
    first, second = Flight(path), Flight(path)
    first.tell(Told("part", 10))
    with open(path, "ab") as file:
        file.write(b'{"name": "part", "total": 10, "kept": tr')
    assert second.told() == Told("part", 10)
    first.leave(alone=True)
    second.leave(alone=True)


def test_one_follower_of_a_killed_leader_goes_on(path: str) -> None:
    with _leader(path) as leader:
        second, third = Flight(path), Flight(path)
        assert not second.inherit()
        leader.kill()
        leader.wait()
        assert second.inherit()
        assert (second.leads, second.told()) == (True, Told("part", 10))
        assert not third.inherit()
    second.leave(alone=True)
    third.leave(alone=True)


def test_a_leader_that_ends_well_is_not_inherited_from(path: str) -> None:
    with _leader(path) as leader:
        second = Flight(path)
        leader.communicate("end\n")
        assert not second.inherit()
        assert second.told().kept
    second.leave(alone=True)


def test_a_follower_of_one_that_went_in_peace_leads_anew(path: str) -> None:
    first, second, third = Flight(path), Flight(path), Flight(path)
    first.leave(alone=True)
    assert second.inherit()
    assert not third.inherit(), "it follows the new one"
    assert second.told() == Told()
    second.tell(Told("other", 5))
    assert third.told() == Told("other", 5)
    second.leave(alone=True)
    third.leave(alone=True)


def test_what_a_killed_leader_left_is_gone_on_with(path: str) -> None:
    with _leader(path) as leader:
        leader.kill()
    late = Flight(path)
    assert (late.leads, late.told()) == (True, Told("part", 10))
    late.leave(alone=True)


def test_a_link_in_the_place_of_a_flight_is_not_followed(path: str, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    os.symlink(tmp_path / "victim", path)
    with pytest.raises(OSError, match="symbolic"):
        Flight(path)
