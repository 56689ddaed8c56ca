"""What goes is what was not used for longest, and never what is pinned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.cache.choice import DOCUMENT_SECONDS, Sort, Thing, aged, down_to, total

A, D, Q = Sort.ARTIFACT, Sort.DOCUMENT, Sort.QUARANTINED
OLD, PINNED, PAGE, NEW = (
    Thing(A, "old", 10, 1, 1),
    Thing(A, "pinned", 10, 2, 2, pinned=True),
    Thing(D, "page", 10, 3, 3),
    Thing(A, "new", 10, 1, 4),
)
BAD = Thing(Q, "bad", 10, 9, 9)
ALL = [NEW, PAGE, OLD, BAD, PINNED]

_things = st.lists(
    st.builds(
        Thing,
        st.sampled_from(list(Sort)),
        st.text("ab", max_size=3),
        st.integers(0, 100),
        st.floats(0, 10),
        st.floats(0, 10),
        st.booleans(),
    )
)


@pytest.mark.parametrize(
    ("size", "gone"),
    [
        (50, []),
        (49, [BAD]),
        (40, [BAD]),
        (39, [BAD, OLD]),
        (30, [BAD, OLD]),
        (20, [BAD, OLD, NEW]),
        (10, [BAD, OLD, NEW, PAGE]),
        (0, [BAD, OLD, NEW, PAGE]),
    ],
)
def test_down_to_a_size(size: int, gone: list[Thing]) -> None:
    assert down_to(size, ALL) == gone


def test_a_document_stays_a_week_longer() -> None:
    late = Thing(A, "late", 10, 1, PAGE.used + DOCUMENT_SECONDS + 1)
    assert down_to(10, [late, PAGE]) == [PAGE]


def test_what_is_old_by_either_time() -> None:
    assert aged(ALL) == []
    assert aged(ALL, stored=2) == [NEW, OLD]
    assert aged(ALL, used=4) == [PAGE, OLD]
    assert aged(ALL, stored=2, used=4) == [NEW, PAGE, OLD]
    assert PINNED not in aged(ALL, stored=100, used=100)


@given(_things, st.integers(0, 500))
def test_enough_goes_and_not_more(things: list[Thing], size: int) -> None:
    gone = down_to(size, things)
    assert not any(thing.pinned for thing in gone)
    stays = total(things) - total(gone)
    assert stays <= size or not [one for one in things if not one.pinned and one.size and one not in gone]
    if gone:
        assert stays + gone[-1].size > size
    used = [thing.used + (DOCUMENT_SECONDS if thing.sort is D else 0) for thing in gone if thing.sort is not Q]
    assert used == sorted(used)
