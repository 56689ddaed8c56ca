"""A bundle that is damaged, or that means ill, is refused whole, and nothing in the cache changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.bundle import tar
from jhansi_runner.proxy.bundle.importing import Import
from jhansi_runner.proxy.bundle.manifest import Line, render_header, render_line
from jhansi_runner.proxy.bundle.reading import BadBundle
from support import forged
from support.bundles import KEY, Side, new_key
from support.forged import CONTENT, PAGE, artifact_line, document_line, header_block, manifest, member, pieces, write

FOREIGN = new_key()
LINES = (artifact_line(), document_line())
CONTENTS = [("artifacts", CONTENT), ("documents", PAGE)]
SMALL = forged.small()
WHOLE = b"".join(SMALL)


@pytest.fixture
def here(tmp_path: Path) -> Side:
    return forged.side(tmp_path / "here")


def refused(here: Side, parts: Sequence[bytes]) -> str:
    """Import something that has to be refused without a trace; what is said of it."""
    with here.opened():
        pass
    before = here.state()
    file = write(here.folder.parent / "bundle.tar", parts)
    with pytest.raises(BadBundle) as error:
        here.import_(file)
    assert here.state() == before
    return str(error.value)


def test_the_small_one_is_sound(here: Side, tmp_path: Path) -> None:
    done = here.import_(write(tmp_path / "b", SMALL))
    assert (done.artifacts, done.documents) == (1, 1)


def test_every_byte_counts(here: Side, tmp_path: Path) -> None:
    """Every single one, one bit at a time: which bit goes with the place."""
    file = tmp_path / "bundle.tar"
    with here.opened() as (store, files):
        before = here.state()
        judging = here.judging()
        passed = []
        for place in range(len(WHOLE)):
            damaged = bytearray(WHOLE)
            damaged[place] ^= 1 << place % 8
            file.write_bytes(damaged)
            try:
                Import(store, files, judging).run(str(file), (KEY.public,))
                passed.append(place)
            except BadBundle:
                pass
        assert not passed
        assert here.state() == before


def test_a_cut_is_refused_wherever_it_is(here: Side) -> None:
    ends = [end + more for end in forged.boundaries(SMALL) for more in (-513, -512, -511, -1, 0, 1)]
    for end in {0, 1, 511, 512, 513, *(end for end in ends if end < len(WHOLE))}:
        assert "cut" in refused(here, [WHOLE[:end]]) or end < 1024


@pytest.mark.parametrize("more", [b"\0", b"x", bytes(512), bytes(10240), WHOLE], ids=len)
def test_nothing_may_follow(here: Side, more: bytes) -> None:
    assert "after" in refused(here, [WHOLE, more])


def test_pieces_in_another_order_or_number(here: Side) -> None:
    first, signature, artifact, document, end = SMALL
    for parts in (
        [signature, first, artifact, document, end],
        [first, signature, document, artifact, end],
        [first, signature, artifact, end],
        [first, signature, document, end],
        [first, signature, artifact, artifact, document, end],
        [first, signature, artifact, document, member("artifacts/" + "0" * 64, b""), end],
        [first, artifact, document, end],
        [first, signature, end],
        [artifact, *SMALL],
        [end],
        [],
    ):
        refused(here, parts)


def test_only_our_keys_count(here: Side) -> None:
    data = manifest(LINES)
    says = refused(here, pieces(data, CONTENTS, forged.signature(data, FOREIGN)))
    assert FOREIGN.public.id in says
    sound = forged.signature(data)
    other = forged.signature(manifest(LINES, by="eve@desk"))
    for signed in (
        b"",
        b"\n" * 4,
        other,
        forged.signature(data, comment="jhansi-bundle of another name"),
        sound[:-1],
        sound + b"\n",
        sound.replace(b"\n", b"\r\n"),
        b"x" * 5000,
        sound.replace(KEY.public.id.encode(), FOREIGN.public.id.encode()),
        b"\n".join([*sound.split(b"\n")[:3], other.split(b"\n")[3], b""]),
        sound.replace(b"untrusted comment: ", b"untrusted comment: and "),
    ):
        refused(here, pieces(data, CONTENTS, signed))


def test_a_key_of_the_same_number_is_another_key(here: Side) -> None:
    """Numbers can be chosen: it is the key that counts."""
    forger = new_key()
    public = replace(
        forger.public, id=KEY.public.id, data=forger.public.data[:2] + KEY.public.data[2:10] + forger.public.data[10:]
    )
    file = write(here.folder.parent / "bundle.tar", SMALL)
    with pytest.raises(BadBundle, match="changed, or somebody forged"):
        here.import_(file, (public,))
    assert here.import_(file, (public, KEY.public)).artifacts == 1


ARTIFACT = f"jhansi-bundle/artifacts/{LINES[0].sha256}".encode()


@pytest.mark.parametrize(
    "block",
    [
        header_block(b"../../../etc/passwd", len(CONTENT)),
        header_block(b"/etc/passwd", len(CONTENT)),
        header_block(b"jhansi-bundle/artifacts/../../x", len(CONTENT)),
        header_block(ARTIFACT + b"\0x", len(CONTENT)),
        header_block(ARTIFACT.upper(), len(CONTENT)),
        *[header_block(ARTIFACT, len(CONTENT), kind) for kind in b"1 2 3 4 5 6 7 S L K x g A \0".split(b" ")],
        header_block(ARTIFACT, len(CONTENT), b"2", b"/etc/passwd"),
        header_block(ARTIFACT, len(CONTENT), b"0", b"/etc/passwd"),
        header_block(ARTIFACT, len(CONTENT) - 1),
        header_block(ARTIFACT, len(CONTENT) + 1),
        header_block(ARTIFACT, 0),
        header_block(ARTIFACT, 8**11 - 1),
        header_block(b"jhansi-bundle/pax", 23, b"x")
        + b"23 path=jhansi-bundle/x\n".ljust(512, b"\0")
        + header_block(ARTIFACT, len(CONTENT)),
        header_block(b"././@LongLink", 120, b"L") + b"x" * 119 + bytes(393) + header_block(ARTIFACT, len(CONTENT)),
        header_block(ARTIFACT, len(CONTENT)).replace(b"ustar\x0000", b"ustar  \0"),
        bytes(512),
    ],
)
def test_a_member_has_one_header(here: Side, block: bytes) -> None:
    first, signature, artifact, document, end = SMALL
    assert "where it belongs" in refused(here, [first, signature, block, artifact[512:], document, end])


def test_a_size_in_another_base_is_no_size(here: Side) -> None:
    first = bytearray(SMALL[0])
    for size in (b"\x80" + bytes(7) + b"\0\0\x04\x00", b"-0000000001\0", b"           1\0"[:12], b"0x000000010\0"):
        first[124:136] = size
        first[148:156] = b" " * 8
        first[148:156] = b"%06o\0 " % sum(first[:512])
        refused(here, [bytes(first), *SMALL[1:]])


def test_a_manifest_larger_than_the_bundle_is_not_waited_for(here: Side) -> None:
    assert "bytes, more than" in refused(here, [tar.header(tar.MANIFEST, 3 << 30), *SMALL])


BAD_NAMES: list[Callable[[], Line]] = [
    lambda: replace(LINES[0], key="pypi@0123456789abcdef /files/../../x"),
    lambda: replace(LINES[0], key=forged.key_of("other-1.0-py3-none-any.whl")),
    lambda: replace(LINES[0], key=forged.key_of("demo-2.0-py3-none-any.whl")),
    lambda: replace(LINES[0], key=forged.key_of("x/../demo-1.0-py3-none-any.whl")),
    lambda: replace(LINES[0], key=forged.key_of("demo-1.0-py3-none-any.whl").replace("pypi", "npm")),
    lambda: replace(LINES[0], key="demo"),
    lambda: replace(LINES[0], key=""),
    lambda: replace(LINES[0], key="pypi"),
    lambda: replace(LINES[0], key=forged.key_of("demo-1.0-py3-none-any.whl").replace(" /", " ")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, filename="other.whl")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, filename="../demo-1.0-py3-none-any.whl")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, dated_as="other.whl")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, purl="pkg:npm/demo@1.0")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, purl="pkg:pypi/other@1.0")),
    lambda: replace(LINES[0], artifact=replace(artifact_line().artifact, purl="pkg:pypi/demo@2.0")),
    *(
        lambda key=key, purl=purl, name=name: replace(
            LINES[0], key=key, artifact=replace(artifact_line().artifact, purl=purl, filename=name, dated_as="")
        )
        for key, purl, name in (
            ("npm /demo/-/demo-1.0.0.tgz", "pkg:npm/other@1.0.0", "demo-1.0.0.tgz"),
            ("npm /@a/demo/-/demo-1.0.0.tgz", "pkg:npm/demo@1.0.0", "demo-1.0.0.tgz"),
            ("npm /demo/-/demo-1.0.0.tgz", "pkg:npm/demo@1.0.1", "demo-1.0.0.tgz"),
            ("maven /org/test/demo/1.0/demo-1.0.jar", "pkg:maven/org.other/demo@1.0", "demo-1.0.jar"),
            ("maven /org/test/demo/1.0/demo-1.0.jar", "pkg:maven/org.test/demo@1.1", "demo-1.0.jar"),
            ("golang /example.test/demo/@v/v1.0.0.zip", "pkg:golang/example.test/other@v1.0.0", "v1.0.0.zip"),
            ("golang /example.test/demo/@v/v1.0.0.zip", "pkg:golang/example.test/demo@v1.0.1", "v1.0.1.zip"),
        )
    ),
    lambda: replace(LINES[1], key="pypi ../demo"),
    lambda: replace(LINES[1], key="pypi Demo"),
    lambda: replace(LINES[1], key="cargo demo"),
    lambda: replace(LINES[1], key="npm demo"),
    lambda: replace(LINES[1], key="npm demo whole"),
    lambda: replace(LINES[1], key="maven /org/test/demo/1.0/demo-1.0.jar"),
    lambda: replace(LINES[1], key="golang /example.test/demo/@v/v1.0.0.zip"),
    lambda: replace(LINES[1], key=""),
]


@pytest.mark.parametrize("make", BAD_NAMES)
def test_names_that_do_not_agree(here: Side, make: Callable[[], Line]) -> None:
    bad = make()
    contents = [CONTENTS[0]] if bad.sha256 == LINES[0].sha256 else [CONTENTS[1]]
    says = refused(here, pieces(manifest([bad]), contents))
    assert any(words in says for words in ("names no file", "another package", "names no document"))


HEADER_LIES: list[dict[str, object]] = [
    {"artifacts": 2}, {"artifacts": 0}, {"documents": 0}, {"size": 1}, {"members": 1}, {"members": 3},
    {"members_size": 1},
]  # fmt: skip


@pytest.mark.parametrize("lie", HEADER_LIES)
def test_a_header_that_lies(here: Side, lie: dict[str, object]) -> None:
    refused(here, pieces(manifest(LINES, **lie), CONTENTS))


def test_a_line_that_lies_about_its_content(here: Side) -> None:
    one = artifact_line()
    for changed in (
        replace(one, artifact=replace(one.artifact, size=one.size + 1)),
        replace(one, artifact=replace(one.artifact, size=one.size - 1)),
        replace(one, artifact=replace(one.artifact, sha256="0" * 64, digests={})),
        replace(one, carried=False),
    ):
        refused(here, pieces(manifest([changed]), [CONTENTS[0]]))
        named = member(f"artifacts/{changed.sha256}", CONTENT)
        refused(here, [*pieces(manifest([changed]), [])[:2], named, tar.END])


def _line(line: Line, **more: object) -> bytes:
    fields = {**json.loads(render_line(line)), **more}
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_document_that_is_not_there_cannot_cross(here: Side) -> None:
    head = render_header(forged.header_for([LINES[1]]))
    refused(here, pieces(head + _line(LINES[1], status=404), [CONTENTS[1]]))


def test_lines_that_nobody_would_write(here: Side) -> None:
    head, line = render_header(forged.header_for([LINES[0]])), render_line(LINES[0])
    for data in (
        b"",
        head,
        line,
        head + line + line,
        head + line[:-1],
        head + b"[" * 1_000_000 + b"\n",
        head + b'{"a":' * 200_000 + b"\n",
        head + b"x" * 20_000_000,
        head + line.replace(b'"size":17', b'"size":17,"size":17'),
        head + line.replace(b'"size":17', b'"size":' + b"1" * 10_000),
        head + line.replace(b'"size":17', b'"size":NaN'),
        head + line + b"\n",
        head + b"\n" + line,
        head.replace(b'"format":1', b'"format":2') + line,
    ):
        refused(here, pieces(data, [CONTENTS[0]]))


def test_another_content_of_the_same_name_stops_it(here: Side, tmp_path: Path) -> None:
    here.import_(write(tmp_path / "b", SMALL))
    other = artifact_line(content=b"another one")
    says = refused(here, pieces(manifest([other]), [("artifacts", b"another one")]))
    assert "another content" in says
    assert LINES[0].sha256 in says
