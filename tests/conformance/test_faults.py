"""Whatever an upstream sends in place of a file, nothing of it is kept, and nothing wrong ends cleanly."""

from __future__ import annotations

import http.client
from dataclasses import replace

import pytest

from support.cases import PypiCase, sha256
from support.pair import Start
from support.registry import Fault
from support.registry.reply import Reply


@pytest.mark.parametrize("name", ["corrupt", "short", "cut", "long", "empty", "swap", "500", "reset", "endless"])
def test_a_wrong_file_is_reported_and_not_kept(start: Start, name: str) -> None:
    pair = start("default: allow\nmax_size: 1 MiB\n")
    version = pair.case.versions[0]
    size = len(pair.content[version])
    fault = {
        "corrupt": Fault.corrupt(size // 2),
        "short": Fault.short(size // 2),
        "cut": Fault.short(size // 2, framing="close"),
        "long": Fault.long(10),
        "empty": Fault.empty(),
        "swap": Fault.swap(b"PK\x05\x06" + bytes(18)),
        "500": Fault.status(500),
        "reset": Fault.disconnect(size // 2),
        "endless": Fault.endless(),
    }[name]
    pair.case.server.fault(pair.case.upstream_file(version), fault)
    try:
        got = pair.file(version)
        assert got.status >= 400
        assert pair.case.reason(got.body)
    except http.client.HTTPException:
        pass  # it broke off
    assert pair.mirror.kept() == []
    pair.case.server.heal()
    assert pair.file(version).body == pair.content[version]
    assert pair.mirror.kept() == [sha256(pair.content[version])]


@pytest.mark.parametrize("start", [PypiCase], indirect=True, ids=lambda case: case.type)
def test_fewer_bytes_than_were_promised_are_refused_though_the_hash_fits(start: Start) -> None:
    """Only PyPI promises sizes. Nothing on the wire tells the length here."""
    pair = start()
    version = pair.case.versions[0]
    size = len(pair.content[version])

    def larger(reply: Reply) -> Reply:
        page = b"".join(reply.body).replace(b'"size": %d' % size, b'"size": %d' % (size + 1))
        assert page.count(b'"size": %d' % (size + 1))
        return replace(reply, body=[page], length=len(page))

    pair.case.server.fault(pair.case.upstream_listing, Fault(larger))
    pair.case.server.fault(pair.case.upstream_file(version), Fault(lambda reply: replace(reply, framing="chunked")))
    got = pair.file(version)
    assert (got.status, pair.mirror.kept()) == (502, [])
    assert f"{size} of {size + 1} bytes" in pair.case.reason(got.body)


def test_a_file_of_an_upstream_that_is_slow_begins_before_it_is_whole(start: Start) -> None:
    """Large files are tested with PyPI's, where one can be made; here: what stalls is given up, and tells why."""
    pair = start()
    version = pair.case.versions[0]
    pair.case.server.fault(pair.case.upstream_file(version), Fault.hang(after=10))
    got = pair.file(version)
    assert got.status == 502
    assert pair.mirror.kept() == []
