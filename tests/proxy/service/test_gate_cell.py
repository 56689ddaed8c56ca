"""A gate whose cell cannot be made is an error that says why, and nothing is left of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from jhansi_runner.proxy.gate.authority import ensure_now
from jhansi_runner.proxy.service.gate_cell import GateFailed, start_gate
from support.bwrap_stub import dying, stub
from support.user import wait_for


@pytest.mark.parametrize("stage", ["before", "gone"])
def test_a_filter_that_kills_bubblewrap_is_told_as_a_signal(tmp_path: Path, stage: str) -> None:
    assert_fails(tmp_path, dying(tmp_path / "bwrap", stage), "killed by signal 31")


def test_what_bubblewrap_said_is_in_the_log(tmp_path: Path) -> None:
    assert_fails(tmp_path, stub(tmp_path, "echo bwrap: no >&2; exit 1"), "its words are in the proxy's log")
    assert (tmp_path / "log").read_text() == "bwrap: no\n"


def test_the_gate_is_under_the_filter_of_sandboxes(tmp_path: Path) -> None:
    """It reads what hostile programs send."""
    bwrap = shutil.which("bwrap")
    assert bwrap
    (tmp_path / "authority").mkdir(mode=0o700)
    ensure_now(str(tmp_path / "authority"))
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    cell, control, listener = start_gate(bwrap, str(tmp_path / "authority"), log)
    try:
        wait_for(lambda: "\nSeccomp:\t2\n" in Path(f"/proc/{cell.init}/status").read_text())
    finally:
        cell.kill()
        os.waitpid(cell.pid, 0)
        cell.close()
        control.close()
        os.close(listener)
        os.close(log)


def assert_fails(tmp_path: Path, bwrap: Path, said: str) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    try:
        with pytest.raises(GateFailed, match=said):
            start_gate(str(bwrap), str(tmp_path / "state" / "authority"), log)
    finally:
        os.close(log)
