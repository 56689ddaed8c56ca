"""A manifest can be written in one way, and whatever else is in one is refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from jhansi_runner.proxy.bundle.manifest import (
    LONGEST,
    ArtifactLine,
    DocumentLine,
    Header,
    Line,
    Origin,
    Reader,
    parse_header,
    parse_line,
    render_header,
    render_line,
)
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.cache.store import Artifact

ONE, OTHER = "a" * 64, "b" * 64
ARTIFACT = ArtifactLine(
    "pypi /files/f.test/demo-1.0-py3-none-any.whl",
    Artifact(
        "pkg:pypi/demo@1.0",
        "demo-1.0-py3-none-any.whl",
        ONE,
        10,
        1000.5,
        published=900.0,
        identity=f"sha256:{ONE}",
        licence="MIT",
        dated_as="demo-1.0-py3-none-any.whl",
        inspected=True,
        digests={"sha256": ONE, "sha1": "00"},
    ),
    carried=True,
    seen=(950.0, "sha256:x"),
)
DOCUMENT = DocumentLine("pypi demo", "https://i.test/demo/", "text/html", '"e"', "", 1000.25, OTHER, 7, carried=False)
HEADER = Header(1, 1, 17, 1, 10, 1001, "ann@desk", "0.1.0", "c" * 64, "", (Origin("pypi", "https://i.test/"),), ("x",))


def manifest(*lines: Line, header: Header = HEADER) -> io.BytesIO:
    """A manifest with these lines."""
    return io.BytesIO(render_header(header) + b"".join(map(render_line, lines)))


def test_what_is_written_is_read() -> None:
    found = Reader(manifest(ARTIFACT, DOCUMENT))
    assert found.header == HEADER
    assert list(found.lines()) == [(ARTIFACT, True), (DOCUMENT, False)]
    assert list(found.lines()) == [(ARTIFACT, True), (DOCUMENT, False)]


def test_a_content_that_two_lines_carry_is_one_member() -> None:
    second = replace(ARTIFACT, key="pypi /files/g.test/demo-1.0-py3-none-any.whl")
    header = replace(HEADER, artifacts=2, documents=0, size=20)
    assert [comes for _, comes in Reader(manifest(ARTIFACT, second, header=header)).lines()] == [True, False]


@pytest.mark.parametrize(
    "lines",
    [
        (DOCUMENT, ARTIFACT),
        (ARTIFACT, ARTIFACT, DOCUMENT),
        (ARTIFACT,),
        (ARTIFACT, replace(DOCUMENT, size=8)),
        (ARTIFACT, replace(DOCUMENT, carried=True)),
        (replace(ARTIFACT, carried=False), DOCUMENT),
    ],
)
def test_lines_in_another_order_or_number_are_refused(lines: tuple[Line, ...]) -> None:
    reader = Reader(manifest(*lines))
    with pytest.raises(BadManifest):
        list(reader.lines())


WRONG: list[tuple[str, Any]] = [
    ("kind", "seen"), ("key", 1), ("key", None), ("sha256", ONE.upper()), ("sha256", ONE[:-1]), ("sha256", "../" + ONE),
    ("size", -1), ("size", 1.0), ("size", True), ("size", 1 << 51), ("carried", 1), ("carried", None),
    ("seen", [1.0]), ("seen", [1, "x"]), ("seen", {}), ("purl", "pkg:pypi/demo"), ("purl", "pkg:pypi/Demo@1.0"),
    ("purl", "pkg:cargo/demo@1.0"), ("purl", "x"), ("filename", None), ("stored", 1000), ("stored", "1"),
    ("stored", 1e300), ("published", False), ("licence", 1), ("runs", None), ("inspected", 0), ("digests", []),
    ("digests", {"sha256": OTHER}), ("digests", {"sha256": 1}), ("digests", {"../x": "y"}), ("filename", "\ud800"),
    ("more", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_field_of_another_kind_is_refused(name: str, value: object) -> None:
    fields = json.loads(render_line(ARTIFACT))
    line = json.dumps({**fields, name: value}, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(BadManifest):
        parse_line(line)


@pytest.mark.parametrize("name", sorted(json.loads(render_line(ARTIFACT))))
def test_a_missing_field_is_refused(name: str) -> None:
    fields = json.loads(render_line(ARTIFACT))
    del fields[name]
    with pytest.raises(BadManifest):
        parse_line(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n")


@pytest.mark.parametrize("name", sorted(json.loads(render_header(HEADER))))
@pytest.mark.parametrize("value", [None, -1, {"x": 1}, [1], "\ud800", 1.5])
def test_a_header_of_another_kind_is_refused(name: str, value: object) -> None:
    fields = {**json.loads(render_header(HEADER)), name: value}
    with pytest.raises(BadManifest):
        parse_header(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n")


LINE = render_line(ARTIFACT)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        LINE[:-1],
        LINE + b"\n",
        b" " + LINE,
        LINE.replace(b'"size":10', b'"size":10,"size":10'),
        LINE.replace(b'"size":10', b'"size": 10'),
        LINE.replace(b'"size":10', b'"size":010'),
        LINE.replace(b"1000.5", b"1.0005e3"),
        LINE.replace(b"1000.5", b"NaN"),
        LINE.replace(b"1000.5", b"Infinity"),
        LINE.replace(b"1000.5", b"1e999"),
        LINE.replace(b'"size":10', b'"size":' + b"9" * 5000),
        LINE.replace(b'"MIT"', b'"M\\u0049T"'),
        LINE.replace(b'"MIT"', '"MÏT"'.encode()),
        LINE.replace(b'"MIT"', b'"\xff"'),
        LINE.decode().encode("utf-16"),
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
        b"[]\n",
        LINE.replace(b"MIT", b"x" * LONGEST),
    ],
)
def test_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(BadManifest):
        parse_line(data)


def test_what_could_not_be_read_again_is_not_written() -> None:
    for line in (
        replace(ARTIFACT, artifact=replace(ARTIFACT.artifact, stored=float("nan"))),
        replace(ARTIFACT, artifact=replace(ARTIFACT.artifact, licence="x" * LONGEST)),
        replace(ARTIFACT, artifact=replace(ARTIFACT.artifact, purl="pkg:pypi/demo")),
        replace(DOCUMENT, url="\ud800"),
    ):
        with pytest.raises(BadManifest):
            render_line(line)


def test_what_is_no_manifest_is_refused() -> None:
    for data in (b"", b"\n", b"{}\n", b"x" * 100, render_line(ARTIFACT)):
        with pytest.raises(BadManifest):
            Reader(io.BytesIO(data))
