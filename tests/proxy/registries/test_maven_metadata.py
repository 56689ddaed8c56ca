"""Metadata and POMs are read as strangers' XML, and metadata is written again with what may be shown."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries import maven_pom
from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.maven_metadata import Metadata, Plugin, http_date, parse, render
from jhansi_runner.proxy.registries.maven_pom import Parent, Pom
from support.jars import make_pom

FULL = b"""<?xml version="1.0" encoding="UTF-8"?>
<metadata modelVersion="1.1.0">
  <groupId>org.demo</groupId><artifactId>tool</artifactId>
  <versioning>
    <latest> 2.0-rc1 </latest><release>1.10</release>
    <versions><version>1.9</version><version>1.10</version><version>1.9</version><version>2.0-rc1</version></versions>
    <lastUpdated>20240102030405</lastUpdated>
    <snapshot><timestamp>1</timestamp></snapshot>
  </versioning>
  <plugins>
    <plugin><name>Tool</name><prefix>tool</prefix><artifactId>tool-plugin</artifactId></plugin>
    <plugin><prefix>nameless</prefix></plugin>
  </plugins>
  <evil>anything</evil>
</metadata>
"""
READ = Metadata(("1.9", "1.10", "2.0-rc1"), "2.0-rc1", "1.10", "20240102030405", (Plugin("tool", "tool-plugin"),))


def test_what_is_read_of_metadata() -> None:
    assert parse(FULL) == READ
    assert READ.updated_at == 1704164645.0
    assert parse(b"<metadata/>") == Metadata()


def test_what_is_not_known_is_not_written() -> None:
    written = render("org.demo", "tool", READ)
    assert parse(written) == READ
    for word in (b"evil", b"snapshot", b"Tool", b"nameless", b"modelVersion"):
        assert word not in written


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(st.lists(texts, unique=True), st.lists(st.builds(Plugin, texts, texts)), texts)
def test_what_is_written_is_read_again(versions: list[str], plugins: list[Plugin], mark: str) -> None:
    metadata = Metadata(tuple(versions), mark if versions else "", "", "", tuple(plugins))
    assert parse(render("g<&>", "a", metadata)) == metadata


@pytest.mark.parametrize(
    ("shown", "latest", "release"),
    [
        (("1.9", "1.10", "2.0-rc1"), "2.0-rc1", "1.10"),
        (("1.9", "1.10"), "1.10", "1.10"),
        (("1.9", "2.0-rc1"), "2.0-rc1", "1.9"),
        (("2.0-rc1",), "2.0-rc1", "2.0-rc1"),
        (("1.9", "1.10-M1", "1.10-beta", "1.10.alpha-1", "1.10b2"), "1.10-M1", "1.9"),
    ],
)
def test_marks_of_what_is_hidden_fall_to_the_highest_that_is_shown(
    shown: tuple[str, ...], latest: str, release: str
) -> None:
    found = READ.only(shown)
    assert (found.versions, found.latest, found.release, found.updated) == (shown, latest, release, READ.updated)


def test_the_order_is_mavens_whatever_the_document_says() -> None:
    found = replace(READ, latest="9", release="9").only(("1.10", "1.9", "1.2"))
    assert (found.latest, found.release) == ("1.10", "1.10")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20240102030405", 1704164645.0),
        ("20080523.160212", 1211558532.0),
        ("", None),
        ("0", None),
        ("20241301000000", None),
        ("2024010203040", None),
        ("19700101000000", None),
        ("\u0662\u0660\u0662\u0664\u0660\u0661\u0660\u0662\u0660\u0663\u0660\u0664\u0660\u0665", None),
        ("2024-1-2 3:4:5", None),
    ],
)
def test_only_a_sound_date_is_one(text: str, moment: float | None) -> None:
    assert Metadata(updated=text).updated_at == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 02 Jan 2024 03:04:05 GMT", 1704164645.0),
        ("Tue, 02 Jan 2024 04:04:05 +0100", 1704164645.0),
        ("Tue, 02 Jan 2024 03:04:05 -0000", 1704164645.0),
        ("", None),
        ("yesterday", None),
        ("Thu, 01 Jan 1970 00:00:01 GMT", None),
        ("Tue, 01 Jan 1980 00:00:00 GMT", None),
        ("Tue, 32 Jan 2024 03:04:05 GMT", None),
        ("Tue, 02 Jan 99999 03:04:05 GMT", None),
        ("Tue, 02 Jan 2024 03:04:05 +9999999999", None),
    ],
)
def test_only_a_sound_header_is_a_date(text: str, moment: float | None) -> None:
    assert http_date(text) == moment


@given(st.text())
def test_no_header_breaks_the_reading(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment > 9e8


BOMB = b"<!DOCTYPE metadata [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><metadata><evil>&b;</evil></metadata>"
FILES = b"<!DOCTYPE metadata SYSTEM 'file:///etc/passwd'><metadata/>"
HOSTILE = {
    "an entity": BOMB,
    "a file": FILES,
    "another root": b"<html/>",
    "nothing": b"",
    "no XML": b"{}",
    "half": b"<metadata><versioning>",
    "two roots": b"<metadata/><metadata/>",
    "no such entity": b"<metadata>&eacute;</metadata>",
    "no such encoding": b"<?xml version='1.0' encoding='klingon'?><metadata/>",
    "an encoding of many bytes": b"<?xml version='1.0' encoding='shift_jis'?><metadata/>",
    "not in its encoding": b"<metadata>\xe9</metadata>",
    "a NUL": b"<metadata>\0</metadata>",
    "depth": b"<metadata>" + b"<a>" * 200 + b"</a>" * 200 + b"</metadata>",
    "breadth": b"<metadata>" + b"<a/>" * 300_000 + b"</metadata>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_is_malformed_and_a_hostile_pom_declares_nothing(name: str) -> None:
    with pytest.raises(Malformed):
        parse(HOSTILE[name])
    assert maven_pom.parse(HOSTILE[name].replace(b"metadata", b"project")) == Pom()


COSTLY = {
    "elements": b"<metadata>" + b"<versioning/>" * 300_000 + b"</metadata>",
    "text in pieces": b"<metadata><versioning><latest>" + b"x<!---->" * 500_000 + b"</latest></versioning></metadata>",
    "one text": b"<metadata><versioning><latest>" + b"x" * (4 << 20) + b"</latest></versioning></metadata>",
    "attributes": b"<metadata " + b"".join(b"a%d='' " % n for n in range(300_000)) + b"/>",
    "versions": b"<metadata><versioning><versions>"
    + b"<version>1</version>" * 190_000
    + b"</versions></versioning></metadata>",
}


@pytest.mark.parametrize("name", COSTLY)
def test_as_much_as_is_taken_of_it_costs_little(name: str) -> None:
    started = time.process_time()
    try:
        parse(COSTLY[name])
    except Malformed:
        pass
    assert time.process_time() - started < 3


@given(st.binary())
def test_no_bytes_break_the_reading(body: bytes) -> None:
    for text in (body, b"<metadata>" + body + b"</metadata>", b"<project>" + body + b"</project>"):
        try:
            parse(text)
        except Malformed:
            pass
        assert isinstance(maven_pom.parse(text), Pom)


def test_a_pom_with_several_licences_offers_a_choice() -> None:
    known = [
        ("Apache License, Version 2.0", "https://a.example/2"),
        ("", "https://b.example"),
        ("A OR B", ""),
        ("", ""),
    ]
    pom = make_pom("g:a:1", licences=known[:3])
    assert maven_pom.parse(pom).licence == "Apache License, Version 2.0 OR https://b.example OR (A OR B)"
    assert maven_pom.parse(make_pom("g:a:1", licences=[(" The \n MIT  License", "")])).licence == "The MIT License"
    assert maven_pom.parse(make_pom("g:a:1", licences=[("X" * 500, "")])).licence == "X" * 200
    assert maven_pom.parse(make_pom("g:a:1", parent="g:p:2")) == Pom("", Parent("g", "p", "2"))
    assert maven_pom.parse(make_pom("g:a:1")) == Pom()


def test_a_licence_of_a_dependency_is_not_the_poms_own() -> None:
    pom = b"<project><dependencies><dependency><licenses><license><name>MIT</name></license></licenses></dependency>"
    assert maven_pom.parse(pom + b"</dependencies></project>") == Pom()
