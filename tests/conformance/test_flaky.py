"""An upstream that fails for a moment: neither absence nor prohibition nor being offline comes of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.mirror import Got
from support.pair import Pair, Start
from support.registry import Fault

RULES = "default: allow\nminimum_age: {pypi: 3 days, npm: 3 days, maven: 3 days}\n"


def _file(pair: Pair) -> Got:
    return pair.file(pair.case.versions[0])


def _listing(pair: Pair) -> Got:
    return pair.listing()


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.no_answer(), Fault.short(1)], ids=["503", "none", "cut"])
@pytest.mark.parametrize("ask", [_file, _listing], ids=["file", "listing"])
def test_each_document_may_fail_for_a_moment(start: Start, ask: Callable[[Pair], Got], fault: Fault) -> None:
    """Every request that the mirror makes for a file or a listing fails in its turn."""
    sound = start(RULES, folder="sound")
    expected = ask(sound)
    assert expected.status == 200
    failed = 0
    for number, path in enumerate(dict.fromkeys(request.path for request in sound.case.server.requests)):
        pair = start(RULES, folder=str(number))
        pair.case.server.fault(path, fault)
        got = ask(pair)
        if got.status != 200:  # nobody needs a checksum database, or the dates of a listing's POMs
            failed += 1
            assert got.status == 502, path
            assert "offline" not in pair.case.reason(got.body)
            assert pair.mirror.ledger()[-1]["verdict"] == "fault"
        pair.case.server.heal()
        again = ask(pair)
        assert again.status == 200, path
        if ask is _file:
            assert again.body == expected.body
        else:
            assert pair.case.listed(again.body) == list(pair.case.versions)
    assert failed


def test_a_kept_file_needs_no_upstream(start: Start) -> None:
    pair = start(RULES)
    whole = _file(pair).body
    pair.case.server.fault(lambda _: True, Fault.status(500))
    pair.mirror.ahead = 86400.0
    got = _file(pair)
    assert (got.status, got.body) == (200, whole)
