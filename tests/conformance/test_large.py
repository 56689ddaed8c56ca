"""A file is passed on while it comes: clients give up on one of which nothing arrives until it is whole."""

from __future__ import annotations

import contextlib
import http.client

import aiohttp
import pytest

from jhansi_runner.proxy.mirror.answer import RUN_HEADER
from support import mirror
from support.pair import Start
from support.registry import Fault

MIB = 1 << 20


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upstream may be silent for longer than a client of the mirror waits."""
    monkeypatch.setattr(mirror, "TIMEOUT", aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=60))


def test_a_large_file_begins_before_the_upstream_has_sent_it_all(start: Start) -> None:
    pair = start()
    version = f"{pair.case.versions[-1][:-1]}9"
    whole = pair.case.add_large(version, 4 * MIB)
    hang = pair.case.server.fault(pair.case.upstream_file(version), Fault.hang(after=2 * MIB))
    with contextlib.closing(pair.mirror.connection()) as connection:
        connection.request("GET", pair.case.file(version), headers={RUN_HEADER: "run"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-length"]) == (200, str(len(whole)))
        first = answer.read(2 * MIB - 1)  # at most one byte of what has come is held back
        assert not hang.release.is_set()
        assert [name.split()[0] for name in pair.mirror.kept()][:1] == ["incoming"]
        hang.release.set()
        assert first + answer.read() == whole


@pytest.mark.parametrize("where", [0, 2 * MIB])
def test_a_large_file_that_is_not_what_was_promised_never_ends_cleanly(start: Start, where: int) -> None:
    pair = start()
    version = f"{pair.case.versions[-1][:-1]}9"
    whole = pair.case.add_large(version, 4 * MIB)
    pair.case.server.fault(pair.case.upstream_file(version), Fault.corrupt(where))
    with contextlib.closing(pair.mirror.connection()) as connection:
        connection.request("GET", pair.case.file(version), headers={RUN_HEADER: "run"})
        answer = connection.getresponse()
        with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
            assert len(answer.read()) < len(whole) or answer.status >= 400
    assert pair.mirror.kept() == []
