"""What every test gets: a state directory of its own and, unless it is `online`, no proxy of the host."""

from __future__ import annotations

import os
import shutil
import signal
import sysconfig
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A test fails for what the code does: not for how slow the machine is, nor for what chance has it try today. New inputs
# are looked for by tests/fuzz.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

# Who is started in the background of a shell ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def jhansi_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new `JHANSI_HOME`, so that no test reads or changes what the user has.

    Its path is short because a unix socket's path may have 107 bytes; `tmp_path` holds the test's name.
    """
    home = tempfile.mkdtemp(prefix="jh-")
    monkeypatch.setenv("JHANSI_HOME", home)
    if request.node.get_closest_marker("online") is None:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def command() -> str:
    """The path of the command `jhansi-runner` in the environment that runs the tests."""
    path = os.path.join(sysconfig.get_path("scripts"), "jhansi-runner")
    assert os.access(path, os.X_OK), f"{path} is missing: run `make bootstrap`"
    return path
