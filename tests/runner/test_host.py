"""Finding bwrap and reading its version, on PATHs and stubs that the tests make."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner.host import BWRAP_MINIMUM, find_bwrap, is_setuid, parse_version
from support.bwrap_stub import stub


def test_the_first_on_path_wins(tmp_path: Path) -> None:
    first, second = stub(tmp_path / "a"), stub(tmp_path / "b")
    assert find_bwrap(f"{tmp_path}/none:{first.parent}:{second.parent}") == str(first)


def test_what_cannot_be_executed_is_passed_over(tmp_path: Path) -> None:
    plain, wanted = stub(tmp_path / "plain"), stub(tmp_path / "wanted")
    plain.chmod(0o644)
    (tmp_path / "folder" / "bwrap").mkdir(parents=True)
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling" / "bwrap").symlink_to(tmp_path / "nowhere")
    folders = ("plain", "folder", "dangling", "wanted")
    assert find_bwrap(":".join(f"{tmp_path}/{name}" for name in folders)) == str(wanted)


@pytest.mark.parametrize("path_env", ["", ":", ".", "bin", "./bin:", "::bin"])
def test_the_current_directory_is_never_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path_env: str
) -> None:
    stub(tmp_path)
    stub(tmp_path / "bin")
    monkeypatch.chdir(tmp_path)
    assert find_bwrap(path_env) is None


@pytest.mark.parametrize(
    ("output", "version"),
    [
        ("bubblewrap 0.8.0\n", (0, 8, 0)),
        ("bubblewrap 0.11.1", (0, 11, 1)),
        ("bubblewrap 1.0\n", (1, 0, 0)),
        ("bubblewrap 0.4.1.dirty\n", (0, 4, 1)),
        ("", None),
        ("bwrap: unknown\n", None),
        ("bubblewrap\n", None),
        ("bubblewrap new\n", None),
    ],
)
def test_versions(output: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(output) == version


def test_versions_are_compared_as_numbers() -> None:
    assert (parse_version("bubblewrap 0.11.1") or ()) > BWRAP_MINIMUM > (parse_version("bubblewrap 0.7.9") or ())


def test_the_setuid_bit_is_seen(tmp_path: Path) -> None:
    path = stub(tmp_path)
    assert not is_setuid(os.stat(path))
    path.chmod(0o4755)
    assert is_setuid(os.stat(path))
