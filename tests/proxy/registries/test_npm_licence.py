"""The licence that a package.json declares, in a packument and in a tarball."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from jhansi_runner.proxy.policy.release import SCRIPT
from jhansi_runner.proxy.registries import archives, npm_inside
from jhansi_runner.proxy.registries.npm_licence import declared
from support.tarballs import make_tarball


@pytest.mark.parametrize(
    ("manifest", "licence"),
    [
        ({"license": "MIT"}, "MIT"),
        ({"license": "(MIT OR  Apache-2.0)\n"}, "(MIT OR Apache-2.0)"),
        ({"license": {"type": "BSD-3-Clause", "url": "https://licence.test"}}, "BSD-3-Clause"),
        ({"license": {"name": "BSD-3-Clause"}}, "BSD-3-Clause"),
        ({"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}, "MIT OR GPL-2.0"),
        ({"licenses": ["MIT", "GPL-2.0 AND ISC"]}, "MIT OR (GPL-2.0 AND ISC)"),
        ({"licenses": [{"type": "MIT"}]}, "MIT"),
        ({"licence": "ISC"}, "ISC"),
        ({"license": "MIT", "licenses": ["GPL-2.0"]}, "MIT"),
        ({"license": None}, ""),
        ({"license": 7}, ""),
        ({"license": [None, {"type": {}}]}, ""),
        ({"license": "x" * 300}, "x" * 200),
        ({}, None),
    ],
)
def test_every_way_to_say_it(manifest: dict[str, object], licence: str | None) -> None:
    assert declared(manifest) == licence


def inside(path: str) -> str | None:
    return npm_inside.inside(path).licence


def _saved(folder: Path, data: bytes) -> str:
    (folder / "a.tgz").write_bytes(data)
    return str(folder / "a.tgz")


def _packed(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, data in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def test_a_tarball_says_it_in_its_package_json(tmp_path: Path) -> None:
    assert inside(_saved(tmp_path, make_tarball("demo", "1.0.0", license="MIT").data)) == "MIT"
    assert inside(_saved(tmp_path, make_tarball("demo", "1.0.0").data)) == ""


def test_it_is_the_one_at_the_top_whatever_the_folder_is_called(tmp_path: Path) -> None:
    inner = {"a/b/package.json": b'{"license":"GPL-2.0"}', "package.json": b'{"license":"ISC"}'}
    assert inside(_saved(tmp_path, _packed({**inner, "demo-1/package.json": b'{"license":"MIT"}'}))) == "MIT"
    assert inside(_saved(tmp_path, _packed({"./demo/package.json": b'{"license":"MIT"}'}))) == "MIT"
    assert inside(_saved(tmp_path, _packed(inner))) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no gzip",
        gzip.compress(b""),
        gzip.compress(b"no tar" * 500),
        make_tarball("demo", "1.0.0", license="MIT").data[:60],
        _packed({"package/package.json": b"{"}),
        _packed({"package/package.json": b"[]"}),
        _packed({"package/package.json": b"\xff"}),
        _packed({"package/package.json": b"[" * 100_000}),
    ],
)
def test_what_cannot_be_read_declares_nothing_that_is_known(data: bytes, tmp_path: Path) -> None:
    assert inside(_saved(tmp_path, data)) == ""


def test_a_small_file_that_unpacks_to_a_huge_one_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = _packed({"package/big": bytes(1 << 20), "package/package.json": b'{"license":"MIT"}'})
    assert inside(_saved(tmp_path, packed)) == "MIT"
    monkeypatch.setattr(archives, "_MAX_UNPACKED", 1 << 19)
    assert inside(_saved(tmp_path, packed)) == ""


@pytest.mark.parametrize(
    ("members", "runs"),
    [
        ({"package/package.json": b'{"scripts": {"test": "x"}}'}, ""),
        ({"package/package.json": b'{"scripts": {"postinstall": "x"}}'}, SCRIPT),
        ({"package/package.json": b'{"scripts": {"preinstall": "x"}}'}, SCRIPT),
        ({"package/package.json": b"{}", "package/binding.gyp": b"{}"}, SCRIPT),
        ({"package/package.json": b"{}", "package/deps/binding.gyp": b"{}"}, ""),
        ({"a/package.json": b'{"scripts": {"install": "x"}}', "b/package.json": b"{}"}, SCRIPT),
        ({"package/package.json": b"[]"}, SCRIPT),
        ({"package/package.json": b"{"}, SCRIPT),
    ],
)
def test_a_tarball_tells_whether_npm_runs_something_of_it(tmp_path: Path, members: dict[str, bytes], runs: str) -> None:
    assert npm_inside.inside(_saved(tmp_path, _packed(members))).runs == runs


def test_a_tarball_that_cannot_be_read_is_taken_to_run_something(tmp_path: Path) -> None:
    assert npm_inside.inside(_saved(tmp_path, b"no archive")).runs == SCRIPT
