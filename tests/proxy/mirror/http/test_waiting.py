"""Whoever is waited for longest is given up first."""

from __future__ import annotations

from jhansi_runner.proxy.mirror.http.waiting import Waiting


def test_time_is_up_in_the_order_in_which_it_began() -> None:
    waiting: Waiting[str] = Waiting(10)
    for now, name in enumerate("abc"):
        waiting.begin(name, now)
    waiting.begin("a", 5)
    waiting.end("c")
    waiting.end("never")
    assert waiting.longest() == "b"
    assert list(waiting.overdue(10)) == []
    assert list(waiting.overdue(11)) == ["b"]
    assert list(waiting.overdue(99)) == ["a"]
    assert waiting.longest() is None
