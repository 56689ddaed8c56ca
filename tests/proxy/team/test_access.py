"""A token file that cannot be used is told in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.proxy.team.access import BadToken, read_token


def test_a_token_is_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    (tmp_path / "token").chmod(0o600)
    assert read_token(str(tmp_path / "token")) == "0123456789abcdef"


def test_a_folder_and_a_pipe_are_no_token(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(BadToken, match="cannot be read: it is a folder, and no file"):
        read_token(str(tmp_path))
    with pytest.raises(BadToken, match="cannot be read: it is a pipe, and no file"):
        read_token(str(tmp_path / "pipe"))
