"""How often is looked: sooner than what is left can be filled, and neither all the time nor hardly ever."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.limits.weak import LONGEST_SECONDS, SHORTEST_SECONDS, pause


@pytest.mark.parametrize(
    ("room", "cpus", "seconds"),
    [
        (1 << 30, 1, 0.5),
        (1 << 30, 4, 0.125),
        (1 << 50, 1, LONGEST_SECONDS),
        (1 << 20, 1, SHORTEST_SECONDS),
        (0, 1, SHORTEST_SECONDS),
        (-5, 8, SHORTEST_SECONDS),
    ],
)
def test_the_next_look(room: int, cpus: int, seconds: float) -> None:
    assert pause(room, cpus) == seconds
