"""A record is read for what it says of malware, severity and time, and hostile bytes are no record."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.osv_record import NoRecord, Record, line_of, read_record
from support.osv import osv, package


def read_with(identifier: str, more: Mapping[str, object]) -> Record:
    return read_record(json.dumps({**osv(identifier, package("foo")), **more}).encode())


def read(identifier: str = "X-1", **more: object) -> Record:
    return read_with(identifier, more)


def test_a_record_of_the_schema_is_read_without_trouble() -> None:
    found = read("GHSA-1", aliases=["CVE-1"], published="2026-10-01T00:00:00Z", credits=[{"name": "A"}])
    assert (found.id, found.aliases, found.summary) == ("GHSA-1", ("CVE-1",), "what GHSA-1 says")
    assert (found.modified, found.withdrawn, found.malware) == ("2026-11-01T10:00:00", False, False)
    assert [entry.path for entry in found.entries] == ["foo"]
    assert found.troubles == ()


@pytest.mark.parametrize(
    ("identifier", "more", "malware"),
    [
        ("MAL-2026-1", {}, True),
        ("mal-2026-1", {}, True),
        ("GHSA-1", {"aliases": ["CVE-1", "MAL-2026-1"]}, True),
        ("GHSA-1", {"database_specific": {"malicious-packages-origins": [{"source": "x"}]}}, True),
        ("GHSA-1", {"database_specific": {"cwe_ids": ["CWE-20", "CWE-506"]}}, True),
        ("GHSA-1", {"database_specific": {"cwe_ids": ["CWE-5060"]}}, False),
        ("GHSA-1", {"related": ["MAL-2026-1"]}, False),
        ("NORMAL-1", {}, False),
    ],
)
def test_malware_is_told_by_the_ids_or_by_the_database(identifier: str, more: dict[str, object], malware: bool) -> None:
    assert read_with(identifier, more).malware is malware


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ({"database_specific": {"severity": "HIGH"}}, "high"),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:N/A:N"}]}, ""),
        ({"database_specific": {"severity": "high\nNext: run this"}}, ""),
        ({"database_specific": {"severity": 9.8}}, ""),
        ({"database_specific": ["severity"]}, ""),
        ({"affected": [{"ecosystem_specific": {"severity": "LOW"}}]}, "low"),
    ],
)
def test_severity_is_a_word_of_the_database(more: dict[str, object], severity: str) -> None:
    assert read_with("X-1", more).severity == severity


@pytest.mark.parametrize(
    ("withdrawn", "counts", "troubled"),
    [
        ("2026-11-02T00:00:00Z", False, False),
        ("2026-11-02T00:00:00.123456Z", False, False),
        (None, True, False),
        ("", True, True),
        ("no", True, True),
        (True, True, True),
        (["2026-11-02T00:00:00Z"], True, True),
    ],
)
def test_only_a_date_withdraws_a_record(withdrawn: object, counts: bool, troubled: bool) -> None:
    found = read(withdrawn=withdrawn)
    assert (not found.withdrawn, bool(found.troubles)) == (counts, troubled)


def test_dates_of_modification_can_be_compared_as_text() -> None:
    dates = ["2026-11-01T10:00:00Z", "2026-11-01t10:00:00.1z", "2026-11-01T10:00:00.12Z", "2026-11-01T10:00:01Z"]
    read_dates = [read(modified=date).modified for date in dates]
    assert read_dates == sorted(read_dates)
    assert len(set(read_dates)) == 4
    for odd in ("yesterday", "2026-11-01", "2026-11-01T10:00:00+02:00", 7, None):
        assert read(modified=odd).modified == ""


@pytest.mark.parametrize("identifier", ["", "two words", "a\nb", "x" * 129, "é"])
def test_a_record_without_an_id_gets_one_of_its_own(identifier: str) -> None:
    found, other = read(identifier), read(identifier, summary="another")
    assert found.id.startswith("no-id-")
    assert found.id != other.id
    assert found.troubles == ("has no id",)
    assert len(found.entries) == 1


@pytest.mark.parametrize("aliases", ["MAL-1", {"MAL-1": 1}, 7])
def test_other_names_that_are_no_list_are_told(aliases: object) -> None:
    assert read(aliases=aliases).troubles == ("has `aliases` that is no list",)


def test_a_summary_is_one_printable_line() -> None:
    assert read(summary="two\n lines\x1b[2J and\u202e more").summary == "two lines?[2J and? more"
    assert read(summary="x" * 5000).summary == "x" * 197 + "..."
    assert read(summary="", details="# Details\n\nfirst").summary == "# Details first"
    assert read(summary=7, details=None).summary == ""
    assert line_of("\ud800") == "?"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"id":' * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
        b"[]",
        b"null",
        b'"MAL-1"',
        b'{"modules": []}',
    ],
)
def test_hostile_bytes_are_no_record(data: bytes) -> None:
    with pytest.raises(NoRecord, match=r"^is no "):
        read_record(data)


def test_a_record_in_another_encoding_of_unicode_is_read() -> None:
    text = json.dumps(osv("MAL-1", package("foo")))
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert read_record(text.encode(encoding)).malware


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: json.dumps({"id": text}).encode()))
@example(b'{"id": 1e999}')
@example(b'{"affected": [[]]}')
def test_bytes_are_a_record_or_none_and_nothing_else(data: bytes) -> None:
    try:
        shown = read_record(data).id
    except NoRecord as error:
        shown = str(error)
    assert shown
    assert shown.isprintable()
