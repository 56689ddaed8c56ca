"""Index pages in both formats, from upstreams of every kind and of bad will."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.pypi_index import (
    HTML_TYPE,
    JSON_TYPE,
    ProjectIndex,
    accepts_json,
    parse,
    render_html,
    render_json,
)

BASE = "https://mirror.test/root/simple/demo/"
SHA = "a1" * 32
WHEEL = "demo-1.0-py3-none-any.whl"


def _entry(**more: Any) -> dict[str, Any]:
    return {"filename": WHEEL, "url": f"https://files.test/ab/{WHEEL}", "hashes": {"sha256": SHA}, **more}


def _json(*entries: object, **more: Any) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "demo", "files": entries, **more}).encode()


def _parsed(*entries: object) -> ProjectIndex:
    return parse(_json(*entries), JSON_TYPE, BASE, "demo")


FULL = [
    _entry(size=10, yanked="a < b", **{"core-metadata": {"sha256": "b2" * 32}, "requires-python": ">=3.8"}),
    _entry(filename="demo-1.1.tar.gz", url="https://files.test/demo-1.1.tar.gz", yanked=True),
    _entry(filename="demo-2.0.zip", url="https://files.test/d%2B/demo-2.0.zip", **{"core-metadata": True}),
]


def test_json_comes_back_as_it_went() -> None:
    index = _parsed(*FULL)
    again = parse(render_json(index, lambda file: file.url), JSON_TYPE, BASE, "demo")
    assert again == index


def test_html_comes_back_as_it_went_but_for_what_html_cannot_say() -> None:
    index = _parsed(*[{**entry, "size": None} for entry in FULL])
    again = parse(render_html(index, lambda file: file.url), "text/html; charset=utf-8", BASE, "demo")
    assert again == index


def test_relative_urls_are_relative_to_the_page() -> None:
    index = _parsed(
        _entry(url=f"../../files/x/{WHEEL}"), _entry(url=f"/pkgs/{WHEEL}"), _entry(url=f"//cdn.test/{WHEEL}")
    )
    assert [(file.host, file.path) for file in index.files] == [
        ("mirror.test", f"root/files/x/{WHEEL}"),
        ("mirror.test", f"pkgs/{WHEEL}"),
        ("cdn.test", WHEEL),
    ]


@pytest.mark.parametrize(
    "hashes", [None, {}, {"md5": "0" * 32}, {"sha256": "xyz"}, {"sha256": 5}, {"sha256": "A1"}, []]
)
def test_a_missing_or_broken_hash_is_no_hash(hashes: object) -> None:
    assert _parsed(_entry(hashes=hashes)).files[0].sha256 == ""


def test_a_hash_in_upper_case_is_the_same_hash() -> None:
    assert _parsed(_entry(hashes={"sha256": SHA.upper()})).files[0].sha256 == SHA


@pytest.mark.parametrize(
    ("keys", "metadata"),
    [
        ({}, None),
        ({"core-metadata": False}, None),
        ({"core-metadata": True}, ""),
        ({"core-metadata": {}}, ""),
        ({"core-metadata": {"sha256": SHA}}, SHA),
        ({"dist-info-metadata": {"sha256": SHA}}, SHA),
        ({"core-metadata": False, "dist-info-metadata": {"sha256": SHA}}, None),
        ({"core-metadata": "yes"}, None),
    ],
)
def test_the_metadata_mark_is_read_in_each_of_its_forms(keys: dict[str, object], metadata: str | None) -> None:
    assert _parsed(_entry(**keys)).files[0].metadata_sha256 == metadata


@pytest.mark.parametrize(
    ("attribute", "metadata"),
    [
        ("", None),
        ('data-core-metadata="false"', None),
        ('data-core-metadata="true"', ""),
        (f'data-core-metadata="sha256={SHA}"', SHA),
        (f'data-dist-info-metadata="sha256={SHA}"', SHA),
    ],
)
def test_anchors_carry_the_metadata_mark(attribute: str, metadata: str | None) -> None:
    page = f'<a href="x/{WHEEL}#sha256={SHA}" {attribute}>{WHEEL}</a>'
    (file,) = parse(page.encode(), HTML_TYPE, BASE, "demo").files
    assert (file.metadata_sha256, file.sha256) == (metadata, SHA)


@pytest.mark.parametrize(
    ("mark", "read"), [(False, False), (True, True), ("why", "why"), ("", ""), (None, True), (5, True)]
)
def test_a_mark_that_is_no_clear_no_is_a_yank(mark: object, read: bool | str) -> None:
    assert _parsed(_entry(yanked=mark)).files[0].yanked == read


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        (WHEEL, "1.0"),
        ("demo-1.0-1-py3-none-any.whl", "1.0"),
        ("demo-1.0.whl", None),
        ("demo-1.0.tar.gz", "1.0"),
        ("De.Mo-1.0.tar.gz", None),
        ("DEMO-1.0-beta.zip", "1.0-beta"),
        ("demo.tar.gz", None),
        ("demo-1.0.exe", None),
    ],
)
def test_the_version_is_what_the_file_name_says(filename: str, version: str | None) -> None:
    assert _parsed(_entry(filename=filename)).files[0].version == version


@pytest.mark.parametrize(
    "entry",
    [
        _entry(url="https://user@files.test/" + WHEEL),
        _entry(url="https://f\u00efles.test/" + WHEEL),
        _entry(filename="d\u00e9mo-1.0-py3-none-any.whl"),
        _entry(url="https://files.test/\ud800.whl"),
    ],
)
def test_a_place_that_no_client_could_ask_for_is_left_out(entry: dict[str, Any]) -> None:
    assert [file.filename for file in _parsed(entry, _entry()).files] == [WHEEL]


def test_half_a_character_does_not_break_the_page() -> None:
    index = _parsed(_entry(yanked="\ud800", **{"requires-python": "\udfff"}))
    assert b"?" in render_html(index, lambda file: file.url)
    assert parse(render_json(index, lambda file: file.url), JSON_TYPE, BASE, "demo") == index


def test_markup_in_names_and_reasons_stays_text() -> None:
    evil = '"><script>'
    page = render_html(_parsed(_entry(filename=evil, yanked=evil)), lambda file: file.url)
    assert b"<script>" not in page


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"{}",
    b"\xff\xfe",
    b"[" * 200_000,
    b'{"meta":' * 200_000,
    b"1" * 100_000,
    _json(meta={}),
    _json(meta=None),
    _json(meta={"api-version": "2.0"}),
    _json(meta={"api-version": None}),
    _json(files={}),
    _json(files=None),
    _json(files=[1]),
    _json({}),
    _json(_entry(filename=None)),
    _json(_entry(url=["x"])),
    _json(_entry(url="https://[::1")),
    _json(_entry(url="https://files.test:port]/" + WHEEL)),
    _json(_entry(url="http://[::1/x.whl")),
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_page_is_malformed_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body, JSON_TYPE, BASE, "demo")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/octet-stream", "application/vnd.pypi.simple.v2+json"])
def test_another_type_is_no_index(kind: str) -> None:
    with pytest.raises(Malformed):
        parse(_json(_entry()), kind, BASE, "demo")


def test_a_character_by_a_number_beyond_all_is_malformed() -> None:
    with pytest.raises(Malformed, match="not an index in HTML"):
        parse(b"<a href='x'>&#" + b"1" * 5000 + b";</a>", HTML_TYPE, BASE, "demo")


@pytest.mark.parametrize(
    ("size", "read"),
    [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, None), pytest.param(10**400, None, id="huge"), (-1, None), (True, None)],
)
def test_a_size_that_no_file_has_is_unknown(size: int, read: int | None) -> None:
    assert [file.size for file in _parsed(_entry(size=size)).files] == [read]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["filename", "url", "hashes", "size", "yanked", "core-metadata"]), values))
def test_any_entry_is_read_or_refused_whole(fields: dict[str, Any]) -> None:
    try:
        index = _parsed({**_entry(), **fields})
    except Malformed:
        return
    for file in index.files:
        assert isinstance(file.host + file.path, str)
    render_html(index, lambda file: file.url)
    render_json(index, lambda file: file.url)


@given(st.binary(max_size=300))
def test_any_html_is_read_or_refused(body: bytes) -> None:
    try:
        parse(b'<a href="' + body, HTML_TYPE, BASE, "demo")
    except Malformed:
        return


@pytest.mark.parametrize(
    ("accept", "json_"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", False),
        (JSON_TYPE, True),
        ("application/vnd.pypi.simple.latest+json", True),
        (f"{JSON_TYPE}, {HTML_TYPE}; q=0.2, text/html; q=0.01", True),
        (f"{JSON_TYPE};q=0.1, text/html", False),
        (f"{JSON_TYPE};q=0", False),
        (f"{JSON_TYPE};q=x", False),
        (f"text/html;q=0.5, {JSON_TYPE};q=0.5", True),
        (JSON_TYPE.upper(), True),
        ("application/json", False),
    ],
)
def test_the_client_chooses_the_format(accept: str, json_: bool) -> None:
    assert accepts_json(accept) is json_
