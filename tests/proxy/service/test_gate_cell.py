"""A gate whose cell cannot be made is an error that says why, and nothing is left of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from jhansi_runner.proxy.gate.authority import ensure_now
from jhansi_runner.proxy.service import gate_cell
from jhansi_runner.proxy.service.gate_cell import GateFailed, start_gate
from support.bwrap_stub import dying, misbehaving, stub
from support.descriptors import descriptors
from support.leaks import adopting, descendants
from support.user import wait_for


@pytest.mark.parametrize("stage", ["before", "gone"])
def test_a_filter_that_kills_bubblewrap_is_told_as_a_signal(tmp_path: Path, stage: str) -> None:
    assert_fails(tmp_path, dying(tmp_path / "bwrap", stage), "killed by signal 31")


def test_what_bubblewrap_said_is_in_the_log(tmp_path: Path) -> None:
    assert_fails(tmp_path, stub(tmp_path, "echo bwrap: no >&2; exit 1"), "its words are in the proxy's log")
    assert (tmp_path / "log").read_text() == "bwrap: no\n"


LIVES, NAMED = "\ntime.sleep(600)", "os.write(status, b'{ \"child-pid\": %s }\\n' % "
OUR_NETWORK = "first = subprocess.Popen(['sleep', '600'])\n"
AN_OWN_NETWORK = """
first = subprocess.Popen(["unshare", "--user", "--map-root-user", "--net", "sleep", "600"])
while os.readlink(f"/proc/{first.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
    time.sleep(0.01)
while open(f"/proc/{first.pid}/comm").read() != "sleep\\n":
    time.sleep(0.01)
"""
SILENT = "it neither answered nor ended"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(1)", "its words are in the proxy's log"),
        ("os.write(status, b'{ }\\n'); sys.exit(1)", "its words are in the proxy's log"),
        (f"{NAMED}b'soon'); sys.exit(1)", "its words are in the proxy's log"),
        (f"{NAMED}b'4194399'); os.kill(os.getpid(), signal.SIGTERM)", "killed by signal 15"),
        (f"os.write(status, b'{{ }}\\n'){LIVES}", SILENT),
        (f"os.close(status); os.close(kept); os.close(block){LIVES}", "killed by signal 9"),
        (f"{NAMED}b'soon'){LIVES}", SILENT),
        (f"{NAMED}b''){LIVES}", SILENT),
        (f"{NAMED}b'-1'){LIVES}", SILENT),
        (f"{NAMED}b'0'){LIVES}", SILENT),
        (f"{NAMED}b'{'9' * 23}'){LIVES}", SILENT),
        (LIVES, SILENT),
        ("while True: os.write(status, b'x' * 4096)", SILENT),
        (f"{OUR_NETWORK}{NAMED}str(first.pid).encode()){LIVES}", "no listener could be put into the gate's cell"),
        (f"{AN_OWN_NETWORK}os.close(block)\n{NAMED}str(first.pid).encode()){LIVES}", SILENT),
        (f"{AN_OWN_NETWORK}os.close(block)\n{NAMED}str(first.pid).encode()); sys.exit(1)", "in the proxy's log"),
    ],
)
def test_nothing_is_left_of_one_that_misbehaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    monkeypatch.setattr(gate_cell, "_READY_SECONDS", 1.0 if said == SILENT else 30.0)
    monkeypatch.setattr(gate_cell, "_DYING_SECONDS", 1.0 if said == SILENT or body.endswith(LIVES) else 30.0)
    assert_fails(tmp_path, misbehaving(tmp_path / "bwrap", body), said)


def test_nothing_is_left_without_a_bubblewrap(tmp_path: Path) -> None:
    before, others = descriptors(), descendants().keys()
    with pytest.raises(OSError, match="No such file"):
        start_gate(str(tmp_path / "none"), str(tmp_path), 2)
    assert descriptors() <= before
    assert descendants().keys() <= others


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
    """And leaves no descriptor and no process."""
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    before, known, others = descriptors(), children(), descendants().keys()
    try:
        with adopting():
            with pytest.raises(GateFailed, match=said):
                start_gate(str(bwrap), str(tmp_path / "state" / "authority"), log)
            assert descriptors() <= before
            wait_for(lambda: descendants().keys() <= others)  # what was killed is gone a moment later
            for pid in children() - known:  # orphans, which became ours because we adopt them
                assert Path(f"/proc/{pid}/comm").read_text() == "sleep\n"
                os.waitpid(pid, 0)
    finally:
        os.close(log)


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
