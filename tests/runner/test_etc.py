"""The sandbox's `/etc` appears whole, once for all who start at once, and anew with another authority."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

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


def test_a_place_for_what_the_host_keeps_is_made_below_it(tmp_path: Path) -> None:
    (tmp_path / "certificate").write_text("one")
    _made(tmp_path, tmp_path / "certificate")
    for path in ("/etc/alternatives", "/etc/passwd", "/etc/nowhere/file"):
        etc.mount_point(str(tmp_path / "etc"), path)
    assert (tmp_path / "etc/nowhere/file").read_bytes() == b""
    assert (tmp_path / "etc/passwd").read_text().startswith("root:")
