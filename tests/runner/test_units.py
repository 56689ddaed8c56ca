"""The units of systemd that `units` prints: what they call, with which environment, and that systemd takes them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.cli_units import rendered
from jhansi_runner.runner.errors import RunnerError
from support.user import User

NAMES = {f"jhansi-runner-{part}.{kind}" for part in ("serve", "proxy") for kind in ("service", "socket")}


def _rendered(env: dict[str, str], command: str = "/opt/jr/bin/jhansi-runner") -> dict[str, str]:
    return rendered(command, Paths(env, os.getuid(), "host"), env, "127.0.0.1:8080")


def _lines(text: str) -> list[str]:
    return text.splitlines()


def test_they_call_this_installation_and_pass_on_what_shapes_it() -> None:
    units = _rendered({"HOME": "/home/ada", "PATH": "/opt/go/bin:/usr/bin", "SECRET": "s3"})
    assert units.keys() == NAMES
    service = _lines(units["jhansi-runner-serve.service"])
    assert 'ExecStart="/opt/jr/bin/jhansi-runner" serve' in service
    assert 'Environment="PATH=/opt/go/bin:/usr/bin"' in service
    assert "ListenStream=%t/jhansi-runner/service.sock" in _lines(units["jhansi-runner-serve.socket"])
    assert not [text for text in units.values() if "s3" in text or "{" in text]


def test_a_home_of_ours_moves_the_socket() -> None:
    units = _rendered({"JHANSI_HOME": "/srv/jr 100%", "PATH": "/usr/bin"})
    assert "ListenStream=/srv/jr 100%%/run/service.sock" in _lines(units["jhansi-runner-serve.socket"])
    assert 'Environment="JHANSI_HOME=/srv/jr 100%%"' in _lines(units["jhansi-runner-proxy.service"])


def test_what_units_would_read_otherwise_is_quoted() -> None:
    service = _lines(_rendered({"PATH": '/a"b:/c\\d:/$e'}, '/o "$x"/jhansi-runner')["jhansi-runner-serve.service"])
    assert 'Environment="PATH=/a\\"b:/c\\\\d:/$e"' in service
    assert 'ExecStart="/o \\"$$x\\"/jhansi-runner" serve' in service


def test_what_no_unit_can_say_is_refused() -> None:
    with pytest.raises(RunnerError, match="cannot be written into a unit"):
        _rendered({"PATH": "/a\nExecStart=/bin/evil"})


def test_systemd_takes_them(user: User) -> None:
    """Where systemd is there to ask; a host without it has no use for them."""
    folder = user.work / "units"
    done = user.run("units", "--write", str(folder))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == NAMES
    assert "systemctl --user" in done.stderr
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        runtime = user.folder("runtime")
        argv = [analyze, "--user", "verify", *(str(path) for path in sorted(folder.iterdir()))]
        env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(runtime), "HOME": str(user.home)}
        checked = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=60, check=False)
        assert (checked.returncode, checked.stderr) == (0, "")


def test_a_second_time_they_are_replaced(user: User) -> None:
    for _ in range(2):
        assert user.run("units", "--write", "units").returncode == 0
    assert {path.name for path in (user.work / "units").iterdir()} == NAMES
