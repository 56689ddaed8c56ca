"""The sandbox's `/etc` appears whole, once for all who start at once, and anew with another authority."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.runner import etc


def _made(folder: Path, certificate: Path) -> int:
    return os.stat(etc.ensure(str(folder / "etc"), str(certificate))).st_ino


def test_many_that_start_at_once_get_the_same_folder(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate"
    certificate.write_text("one")
    for attempt in range(20):
        state = tmp_path / str(attempt)
        state.mkdir()
        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(lambda _, state=state: _made(state, certificate), range(8)))) == 1
        assert sorted(os.listdir(state)) == ["etc", "etc.lock"]


def test_another_authority_replaces_it(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate"
    certificate.write_text("one")
    first = _made(tmp_path, certificate)
    assert _made(tmp_path, certificate) == first
    certificate.write_text("two")
    assert _made(tmp_path, certificate) != first
    assert (tmp_path / "etc/ssl/certs/ca-certificates.crt").read_text() == "two"
    assert (tmp_path / "etc").stat().st_mode & 0o777 == 0o755


def test_one_of_an_earlier_release_is_completed(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate"
    certificate.write_text("one")
    first = _made(tmp_path, certificate)
    (tmp_path / "etc/fonts/fonts.conf").unlink()
    assert _made(tmp_path, certificate) != first
    assert "/usr/share/fonts" in (tmp_path / "etc/fonts/fonts.conf").read_text()


@pytest.mark.skipif(shutil.which("fc-match") is None, reason="no fontconfig here")
def test_fontconfig_reads_what_there_is_for_it(tmp_path: Path) -> None:
    (tmp_path / "certificate").write_text("one")
    _made(tmp_path, tmp_path / "certificate")
    env = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "etc/fonts/fonts.conf")}
    done = subprocess.run(["fc-match", "sans"], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_place_for_what_the_host_keeps_is_made_below_it(tmp_path: Path) -> None:
    (tmp_path / "certificate").write_text("one")
    _made(tmp_path, tmp_path / "certificate")
    for path in ("/etc/alternatives", "/etc/passwd", "/etc/nowhere/file"):
        etc.mount_point(str(tmp_path / "etc"), path)
    assert (tmp_path / "etc/nowhere/file").read_bytes() == b""
    assert (tmp_path / "etc/passwd").read_text().startswith("root:")
