"""A gate whose cell cannot be made is an error that says why, and nothing is left of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.proxy.service.gate_cell import GateFailed, start_gate
from support.bwrap_stub import dying, stub


@pytest.mark.parametrize("stage", ["before", "gone"])
def test_a_filter_that_kills_bubblewrap_is_told_as_a_signal(tmp_path: Path, stage: str) -> None:
    assert_fails(tmp_path, dying(tmp_path / "bwrap", stage), "killed by signal 31")


def test_what_bubblewrap_said_is_in_the_log(tmp_path: Path) -> None:
    assert_fails(tmp_path, stub(tmp_path, "echo bwrap: no >&2; exit 1"), "its words are in the proxy's log")
    assert (tmp_path / "log").read_text() == "bwrap: no\n"


def assert_fails(tmp_path: Path, bwrap: Path, said: str) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    try:
        with pytest.raises(GateFailed, match=said):
            start_gate(str(bwrap), str(tmp_path / "state" / "authority"), log)
    finally:
        os.close(log)
