"""Folders of ours are ours alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from jhansi_runner.proxy.paths import Paths, UnsafeFolder, current, make


def _of(**env: str) -> Paths:
    return Paths(env, 1000, "host")


def test_jhansi_home_holds_everything() -> None:
    found = _of(JHANSI_HOME="/x", HOME="/home/me", XDG_CACHE_HOME="/elsewhere")
    assert (found.cache, found.state, found.runtime) == ("/x/cache", "/x/state", "/x/run")


def test_a_stored_set_lies_with_its_workspace_when_it_is_private() -> None:
    found = Paths({"JHANSI_HOME": "/j"}, 1000, "host")
    assert found.stored_set("s", "w", private=False) == f"{found.sets}/s"
    assert found.stored_set("s", "w", private=True) == f"{found.private('w')}/s"


def test_xdg_directories_are_honoured_unless_they_are_relative(tmp_path: Path) -> None:
    found = _of(HOME="/home/me", XDG_CACHE_HOME="/c", XDG_STATE_HOME="rel", XDG_RUNTIME_DIR=str(tmp_path))
    assert (found.cache, found.state) == ("/c/jhansi-runner", "/home/me/.local/state/jhansi-runner")
    assert found.runtime == f"{tmp_path}/jhansi-runner"


def test_without_a_runtime_folder_there_is_one_in_tmp() -> None:
    assert _of(HOME="/home/me", XDG_RUNTIME_DIR="/gone").runtime == "/tmp/jhansi-runner-1000"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "SSL_CERT_FILE", "JHANSI_PROXY_IDLE"])
def test_another_view_of_the_world_is_another_service(name: str) -> None:
    plain = _of(JHANSI_HOME="/x")
    assert plain.service_key == _of(JHANSI_HOME="/x", LANG="C").service_key
    assert plain.service_key != _of(JHANSI_HOME="/x", **{name: "1"}).service_key
    assert plain.service_key != Paths({"JHANSI_HOME": "/x"}, 1000, "other").service_key
    assert plain.service_key != _of(JHANSI_HOME="/y").service_key


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = make(str(tmp_path / "a" / "b"))
    assert stat.S_IMODE(os.stat(made).st_mode) == 0o700
    assert make(made) == made


def test_what_is_made_above_it_is_its_owners_alone_too(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make(str(tmp_path / "state" / "jhansi-runner" / "sets"))
    finally:
        os.umask(before)
    assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.rglob("*")} == {0o700}


def test_a_link_to_nowhere_above_it_ends_in_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(OSError, match="No such file"):
        make(str(tmp_path / "link" / "state" / "sets"))


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write_to_is_closed(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    make(str(folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o000, 0o500, 0o300])
def test_a_folder_that_its_owner_cannot_use_is_opened_again(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "keep"
    folder.mkdir()
    folder.chmod(mode)
    make(str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    for name in ("file", "link", "dangling"):
        with pytest.raises(UnsafeFolder, match="not a folder"):
            make(str(tmp_path / name))


def test_somebody_elses_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: os.stat(folder).st_uid + 1)
    with pytest.raises(UnsafeFolder, match=f"belongs to user {os.stat(folder).st_uid}.*JHANSI_HOME"):
        make(str(folder))


def test_a_home_that_is_too_long_for_the_database_is_refused_at_once() -> None:
    long = "/" + "x" * 200
    assert current({"JHANSI_HOME": long * 2}).cache == f"{long * 2}/cache"
    with pytest.raises(UnsafeFolder, match="set JHANSI_HOME to a shorter one"):
        current({"JHANSI_HOME": long * 3})
