"""The probe itself: every attempt gets where it wants where nothing is in its way, and tells of what is in its way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.cell.syscalls import MACHINES
from jhansi_runner.runner.doctor import probe, probe_host, probe_kernel, probe_lock
from jhansi_runner.runner.doctor.attempts import Planted, at_the_gate, attempts
from jhansi_runner.runner.doctor.canaries import Canaries, inheritable
from jhansi_runner.runner.doctor.judge import Answer, answers


def ask(asked: dict[str, dict[str, Any]], folder: Path, passed: tuple[int, ...] = ()) -> dict[str, Answer]:
    """What the probe answers, outside of any sandbox."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", probe.__name__], input=json.dumps(asked), cwd=folder, pass_fds=passed,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return answers(done.stdout, asked)


KERNEL = ("call", "clone", "trace", "terminal", "foreign", "privileges", "family")
"""What no canary is planted for, and what a kernel or a container may refuse to everybody."""


def test_every_canary_is_found_outside_and_gone_afterwards(tmp_path: Path) -> None:
    canaries = Canaries(str(tmp_path / "canary"), str(tmp_path), {"your key": __file__})
    with canaries as planted:
        tried = [each for each in attempts(planted, os.uname().machine, "x") if each.asked["try"] != "survivor"]
        os.environ["CANARY"] = planted.secret
        try:
            with inheritable(canaries.descriptor):
                found = ask({each.name: dict(each.control) for each in tried}, tmp_path, (canaries.descriptor,))
        finally:
            del os.environ["CANARY"]
        canary = {each.name for each in tried if each.asked["try"] not in KERNEL}
        assert {name for name in canary if not found[name].reached} == set(), found
        assert canaries.heard == {"JH-LOOPBACK a port", "JH-SOCKET one without a path", "JH-SOCKET one with a path"}
    again = ask({each.name: dict(each.asked) for each in tried if each.code in ("JH-IPC", "JH-LOOPBACK")}, tmp_path)
    assert not any(answer.reached for answer in again.values()), again


def test_a_crash_an_unknown_address_and_a_missing_file_are_answers(tmp_path: Path) -> None:
    found = ask(
        {
            "file": {"try": "read", "path": "/nonexistent"},
            "port": {"try": "connect", "address": 1},
            "secret": {"try": "environment", "secret": "not there"},
            "faulty": {"try": "read"},
        },
        tmp_path,
    )
    assert not any(answer.reached for answer in found.values())
    assert found["file"].said == "No such file or directory"
    assert "KeyError" in found["faulty"].said


def test_one_that_is_killed_is_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_host, "read", lambda _: os.kill(os.getpid(), 31), raising=True)
    assert probe.attempt({"try": "read"}) == (False, "killed by signal 31")


def test_every_attempt_is_one_that_the_probe_knows() -> None:
    planted = Planted("s", "/f", "/h", {"your key": "/k"}, 1, "\0a", 1, "d")
    tried = [*attempts(planted, MACHINES[0], "x"), *at_the_gate("registry.example")]
    assert [each for each in tried for name in [str(each.asked["try"])]
            if not hasattr(probe_host, name) and not hasattr(probe_kernel, name)] == []  # fmt: skip


def test_the_probe_is_pythons_standard_library_alone() -> None:
    """The sandbox has nothing else, and `-S` keeps site-packages away."""
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", "-c", "import sys; sys.path.insert(0, sys.argv[1]); import "
         "jhansi_runner.runner.doctor.probe", str(Path(probe.__file__).parents[3])],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_lock_tells_whether_its_holder_lives(tmp_path: Path) -> None:
    path, end = str(tmp_path / "lock"), tmp_path / "end"
    assert not probe_lock.held(path)
    assert not os.path.lexists(path), "to look leaves nothing"
    words = [sys.executable, "-I", "-m", probe.__name__, "hold", path, str(end)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert probe_lock.held(path)
        end.touch()
    assert not probe_lock.held(path)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        probe_lock.held(str(tmp_path / "lock"))
