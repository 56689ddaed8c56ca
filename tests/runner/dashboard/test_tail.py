"""Only the end of an output is kept, whatever a program prints."""

from __future__ import annotations

from jhansi_runner.runner.dashboard.tail import ERR, NOTE, OUT, Keeper
from jhansi_runner.runner.sandboxes.model import Event
from support.dashboard import output


def _kept(keeper: Keeper) -> str:
    return "".join(one.text for one in keeper.take().pieces)


def test_streams_stay_apart_and_in_order() -> None:
    keeper = Keeper()
    for event in (output(1, "a\n"), output(2, "b\n"), output(3, "oh\n", "stderr"), output(4, "c\n")):
        keeper.add(event)
    found = keeper.take()
    assert [(one.stream, one.text) for one in found.pieces] == [(OUT, "a\nb\n"), (ERR, "oh\n"), (OUT, "c\n")]
    assert not found.cut


def test_of_many_lines_the_last_are_kept() -> None:
    keeper = Keeper(lines=10)
    for number in range(5000):
        keeper.add(output(number, f"line {number}\n", ("stdout", "stderr")[number % 2]))
    found = keeper.take()
    assert found.cut
    assert "".join(one.text for one in found.pieces) == "".join(f"line {number}\n" for number in range(4990, 5000))


def test_one_text_of_many_lines_is_cut_between_lines() -> None:
    keeper = Keeper(lines=2)
    keeper.put(OUT, "a\nb\nc\nd\n")
    assert _kept(keeper) == "c\nd\n"


def test_of_one_endless_line_the_end_is_kept() -> None:
    keeper = Keeper(characters=1000)
    keeper.put(OUT, "a" * 10_000_000)
    keeper.put(ERR, "b" * 999)
    found = keeper.take()
    assert found.cut and sum(len(one.text) for one in found.pieces) <= 1000
    assert found.pieces[-1].text == "b" * 999


def test_of_streams_that_change_with_each_character_the_last_pieces_are_kept() -> None:
    keeper = Keeper()
    for number in range(20_000):
        keeper.put((OUT, ERR)[number % 2], "x")
    found = keeper.take()
    assert found.cut and len(found.pieces) == 4000


def test_what_was_taken_is_not_told_again() -> None:
    keeper = Keeper(characters=4)
    keeper.put(OUT, "too long")
    assert keeper.take().cut
    keeper.put(OUT, "new")
    found = keeper.take()
    assert not found.cut and found.pieces[0].text == "new"


def test_that_the_program_is_run_again_is_a_note_of_ours() -> None:
    keeper = Keeper()
    keeper.add(Event(1, "again", {"event": "again"}))
    keeper.add(Event(2, "plan", {"event": "plan", "text": "no output"}))
    keeper.add(Event(3, "output", {"event": "output", "text": 5}))
    assert [one.stream for one in keeper.take().pieces] == [NOTE]
