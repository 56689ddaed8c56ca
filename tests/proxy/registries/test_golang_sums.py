"""A module zip is kept only if it is sound and, where the checksum database speaks of it, the one that it means."""

from __future__ import annotations

import io
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries import archives
from jhansi_runner.proxy.registries import golang_sums as sums
from jhansi_runner.proxy.registries.upstreams import upstream
from support.modules import h1, make_module, zipped

MODULE, VERSION = "golden.test/Mod/v2", "v2.0.1-Rc.1"
ROOT = f"{MODULE}@{VERSION}/"
FILES: Mapping[str, str | bytes] = {
    "a.go": "package a\n",
    "a-b.go": "package a\n",
    "a/b.go": "package b\n",
    "Z.txt": "z",
    "\u00e9t\u00e9.txt": "\u00e9",
    "a b.txt": "",
    "LICENSE": b"MIT\n",
    "x/y/z.bin": bytes(range(256)) * 64,
}
GOLDEN = "h1:PlpHKKmYHVxGicIn+Im9VQ6N6SmMLRFoYVYxOVavhu8="
"""What go 1.26.8 computed of a zip of these files."""


def _check(folder: Path, data: bytes, wanted: str = "") -> None:
    path = folder / "module.zip"
    path.write_bytes(data)
    sums.check_zip(str(path), MODULE, VERSION, wanted)


def test_a_sound_zip_hashes_to_what_go_computes(tmp_path: Path) -> None:
    built = make_module(MODULE, VERSION, FILES)
    assert h1(built.files) == GOLDEN
    _check(tmp_path, built.zip, GOLDEN)
    _check(tmp_path, zipped(built.files, zipfile.ZIP_STORED), GOLDEN)
    _check(tmp_path, zipped(dict(reversed(list(built.files.items())))), GOLDEN)


def test_another_content_is_not_what_the_database_says(tmp_path: Path) -> None:
    other = make_module(MODULE, VERSION, {**FILES, "a.go": "package b\n"})
    _check(tmp_path, other.zip)
    with pytest.raises(ValueError, match="the checksum database says h1:Plp"):
        _check(tmp_path, other.zip, GOLDEN)


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}\.go)?", fullmatch=True), st.binary(max_size=200), min_size=1)
)
def test_every_zip_hashes_to_the_hash_of_its_files(files: dict[str, bytes]) -> None:
    named = {ROOT + name: data for name, data in files.items()}
    with tempfile.TemporaryDirectory() as folder:
        _check(Path(folder), zipped(named), h1(named))


@pytest.mark.parametrize(
    "name",
    [
        "a.go",
        "other.test@v1.0.0/a.go",
        f"{MODULE}@v2.0.1/a.go",
        ROOT.lower() + "a.go",
        "/" + ROOT + "a.go",
        ROOT + "../a.go",
        ROOT + "a/../b.go",
        ROOT + "a/./b.go",
        ROOT + "..",
        ROOT + "a//b.go",
        ROOT + "/etc/passwd",
        ROOT + "a\\b.go",
        ROOT + "c:a.go",
        ROOT + "a\nb.go",
        ROOT + "a\x1b[1m.go",
        ROOT + "a\u202eog.",
        ROOT + "a*.go",
        ROOT + "a/go.mod",
        ROOT + "GO.MOD",
        ROOT + ".../a.go",
    ],
)
def test_a_file_of_an_odd_name_makes_the_zip_unsound(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"^zip of golden\.test/Mod/v2@v2\.0\.1-Rc\.1: "):
        _check(tmp_path, zipped({ROOT + "go.mod": b"", name: b"x"}))


def test_a_name_that_ends_in_a_null_is_not_read_as_another(tmp_path: Path) -> None:
    packed = zipped({ROOT + "a.go0": b"x"}).replace(b"a.go0", b"a.go\0")
    with pytest.raises(ValueError, match="is no file name"):
        _check(tmp_path, packed)


def test_two_files_of_one_name_make_it_unsound(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w") as archive:
        warnings.simplefilter("ignore")
        for data in (b"1", b"2"):
            archive.writestr(ROOT + "a.go", data)
    with pytest.raises(ValueError, match="two files are called"):
        _check(tmp_path, packed.getvalue())
    with pytest.raises(ValueError, match="two files are called"):
        _check(tmp_path, zipped({ROOT + "a.go": b"1", ROOT + "A.go": b"1"}))


def _central(change: Callable[[bytearray, int], None]) -> bytes:
    """A sound zip with something in the first entry of its directory changed."""
    packed = bytearray(zipped({ROOT + "a.go": b"package a\n"}))
    change(packed, packed.index(b"PK\x01\x02"))
    return bytes(packed)


def _declared(size: int) -> Callable[[bytearray, int], None]:
    return lambda packed, at: struct.pack_into("<I", packed, at + 24, size)


def _packed_size(size: int) -> Callable[[bytearray, int], None]:
    return lambda packed, at: struct.pack_into("<I", packed, at + 20, size)


def _flags(bits: int) -> Callable[[bytearray, int], None]:
    return lambda packed, at: struct.pack_into("<H", packed, at + 8, bits)


def _method(method: int) -> Callable[[bytearray, int], None]:
    return lambda packed, at: struct.pack_into("<H", packed, at + 10, method)


def _crc(packed: bytearray, at: int) -> None:
    packed[at + 16] ^= 1


def _no_local_header(packed: bytearray, at: int) -> None:
    struct.pack_into("<I", packed, at + 42, at + 40)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_declared(sums.MAX_ZIP + 1), "unpacks to more than 500 MiB"),
        (_declared(9), "Bad CRC"),
        (_declared(11), "has 10 bytes and not 11"),
        (_packed_size(1 << 30), "lie one over another"),
        (_flags(1), "is encrypted"),
        (_method(14), "compressed in a way"),
        (_crc, "Bad CRC"),
        (_no_local_header, "Bad magic number"),
    ],
)
def test_a_zip_that_lies_about_its_files_is_refused(
    tmp_path: Path, change: Callable[[bytearray, int], None], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        _check(tmp_path, _central(change))


def test_a_zip_is_refused_by_the_sizes_that_it_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"{ROOT}{number}": bytes(1 << 16) for number in range(20)})
    assert len(bomb) < 1 << 13
    monkeypatch.setattr(sums, "MAX_ZIP", 1 << 20)
    with pytest.raises(ValueError, match="unpacks to more than 1 MiB"):
        _check(tmp_path, bomb)
    monkeypatch.setattr(sums, "_MAX_FILES", 19)
    with pytest.raises(ValueError, match="20 files are too many"):
        _check(tmp_path, bomb)
    monkeypatch.setattr(archives, "_MAX_DIRECTORY", 100)
    with pytest.raises(ValueError, match="directory is too large"):
        _check(tmp_path, bomb)


def test_nothing_comes_after_the_end_of_a_zip_and_something_is_in_it(tmp_path: Path) -> None:
    packed = make_module(MODULE, VERSION, FILES).zip
    with pytest.raises(ValueError, match="something comes after its end"):
        _check(tmp_path, packed + b"x")
    with pytest.raises(ValueError, match="it holds no file"):
        _check(tmp_path, zipped({}))


@pytest.mark.parametrize("name", ["go.mod", "LICENSE"])
def test_a_huge_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    packed = zipped({ROOT + name: bytes(100)})
    _check(tmp_path, packed)
    monkeypatch.setattr(sums, "_MAX_TEXT", 99)
    with pytest.raises(ValueError, match="is larger than"):
        _check(tmp_path, packed)


@given(st.integers(0, 400), st.integers(0, 400), st.binary(max_size=6))
def test_a_damaged_zip_is_refused_or_what_it_was(start: int, length: int, instead: bytes) -> None:
    files = {ROOT + "a.go": b"package a\n", ROOT + "go.mod": b"module x\n"}
    packed = zipped(files)
    with tempfile.TemporaryDirectory() as folder:
        try:
            _check(Path(folder), packed[:start] + instead + packed[start + length :], h1(files))
        except ValueError as error:
            assert str(error).startswith("zip of ")  # noqa: PT017


@given(st.binary(max_size=300))
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(ValueError, match=r"^zip of "):
        _check(Path(folder), b"<html>" + data)


RECORD = (
    b"25573390\ngolden.test/Mod v1.0.0 h1:AAAA=\ngolden.test/Mod v1.0.0/go.mod h1:BBBB=\n\n"
    b"go.sum database tree\n1\nCCCC=\n\n\xe2\x80\x94 sums.test DDDD=\n"
)


def test_a_lookup_tells_the_hash_of_the_zip() -> None:
    assert sums.recorded(RECORD, "golden.test/Mod", "v1.0.0") == "h1:AAAA="


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"not found",
        RECORD.replace(b"25573390", b"x"),
        RECORD.replace(b"Mod v1.0.0 h1", b"mod v1.0.0 h1"),
        RECORD.replace(b"v1.0.0 h1", b"v1.0.1 h1"),
        RECORD.replace(b" h1:AAAA", b" h2:AAAA"),
        b"1\n\n" + RECORD,
        RECORD.replace(b"/go.mod h1", b" h1"),
    ],
)
def test_what_is_no_record_of_it_tells_nothing(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"has no record of golden\.test/Mod@v1\.0\.0"):
        sums.recorded(body, "golden.test/Mod", "v1.0.0")


def test_the_size_of_a_tile_is_known() -> None:
    sizes = {"8/0/000": 8192, "8/1/x001/002.p/7": 224, "8/data/000": None, "2/0/000.p/3": 96}
    for path, size in sizes.items():
        found = sums.asked(f"sums.test/tile/{path}")
        assert found is not None and found.size == size


def test_the_public_database_is_known_by_its_digest_only() -> None:
    name = sums.public_database(upstream("golang").public)
    assert name and sums.is_public(name)
    assert sums.public_database("proxy.test") == sums.public_database("") == ""
    assert not sums.is_public("sums.test")
