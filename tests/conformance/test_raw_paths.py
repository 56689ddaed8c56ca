"""A path is decoded once, by the registry that it is for: mirror and gate read the same text the same way."""

from __future__ import annotations

import socket

import pytest

from jhansi_runner.proxy.mirror.answer import RUN_HEADER
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.upstreams import Upstream
from support.pair import Pair
from support.wire import Said, answers, heard


def _ask(pair: Pair, path: bytes) -> Said:
    """Ask with a path as it is; no client's library has a say."""
    with socket.create_connection(("127.0.0.1", pair.mirror.port), 10) as connection:
        lines = [b"GET " + path + b" HTTP/1.1", b"Host: mirror.test", b"Connection: close"]
        lines += [f"{RUN_HEADER}: run".encode(), f"Accept: {pair.case.accept}".encode(), b"", b""]
        connection.sendall(b"\r\n".join(lines))
        [said] = answers(heard(connection))
        return said


def _escaped(path: str, times: int = 1) -> str:
    """The last letter of a path as an escape, which was escaped so often."""
    at = max(index for index, letter in enumerate(path) if letter.isalpha())
    return f"{path[:at]}%{'25' * (times - 1)}{ord(path[at]):02x}{path[at + 1 :]}"


def test_an_escape_means_what_it_stands_for(pair: Pair) -> None:
    """But for names of projects on PyPI, which have one spelling: an escape in one is refused here and at the gate."""
    listings = [] if pair.case.type == "pypi" else [pair.case.listing]
    for path in (*listings, pair.case.file(pair.case.versions[0])):
        plain, escaped = _ask(pair, path.encode()), _ask(pair, _escaped(path).encode())
        assert (escaped.status, escaped.body) == (plain.status, plain.body) == (200, plain.body)


def test_an_escape_of_an_escape_is_not_decoded_twice(pair: Pair) -> None:
    for path in (pair.case.listing, pair.case.file(pair.case.versions[0])):
        assert _ask(pair, _escaped(path, 2).encode()).status == 403
        assert _ask(pair, _escaped(path, 3).encode()).status == 403


@pytest.mark.parametrize(
    "piece", ["%2e%2e", "..", "%2E%2e%2f", "%252e%252e", "%00", "%25", "%c3%a9", "%ff", "%", "%zz"]
)
def test_a_strange_piece_names_nothing(pair: Pair, piece: str) -> None:
    asked = len(pair.case.server.requests)
    for path in (pair.case.listing, pair.case.file(pair.case.versions[0])):
        head, _, tail = path.rstrip("/").rpartition("/")
        for strange in (f"{head}/{piece}/{tail}", f"{head}/{tail}/{piece}", f"/{piece}{path}"):
            assert _ask(pair, strange.encode()).status == 403, strange
    assert len(pair.case.server.requests) == asked


def test_an_escaped_slash_makes_no_segment(pair: Pair) -> None:
    """But for the one in the name of a scoped package of npm's, which has its own test."""
    for path in (pair.case.listing, pair.case.file(pair.case.versions[0])):
        for at in [index for index, letter in enumerate(path.rstrip("/")) if letter == "/"][1:]:
            for slash in ("%2f", "%2F", "%252f"):
                assert _ask(pair, f"{path[:at]}{slash}{path[at + 1 :]}".encode()).status == 403


def test_bytes_that_are_no_ascii_are_no_path(pair: Pair) -> None:
    said = _ask(pair, pair.case.listing.encode() + "\u00e9".encode())
    assert (said.status, "JR-HTTP" in said.line) == (400, True)


def test_gate_and_mirror_read_a_path_alike(pair: Pair) -> None:
    """What the gate makes of a client's path is what the mirror would have made of it."""
    case = pair.case
    registry = registries()[case.type]
    at = Upstream(case.type, "https://mirror.test/", "public.test")
    below = case.listing.removeprefix(f"/{case.type}")
    written = below.removeprefix("/simple") if case.type == "pypi" else below
    for escape in (str, _escaped, lambda path: _escaped(path, 2), lambda path: path + "%2f", lambda path: path + "%00"):
        through = registry.canonical("mirror.test", escape(written), at)
        assert (through is None) == (_ask(pair, f"/{case.type}{escape(below)}".encode()).status == 403)
        assert through == registry.route(escape(below))
