"""The runner's end of a doorway: what it keeps of what the gate tells is bounded, whatever a program asks for."""

from __future__ import annotations

from typing import cast

from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.runner.door import Door
from jhansi_runner.runner.job import Job

REQUESTS = 20_500


def test_a_flood_of_requests_is_heard_whole_and_kept_in_part() -> None:
    heard: list[Entry] = []
    door = Door(cast(Job, None), "run", heard.append)
    for number in range(REQUESTS):
        door._tell(Entry("gate", "deny", "CONNECT", f"host{number}.test:443"))
    assert len(heard) == REQUESTS
    assert len(door.entries) == 20_001
    last = door.entries[-1]
    assert (last.verdict, last.code) == ("fault", "JR-TOO-MANY") and "20000 requests" in last.reason
