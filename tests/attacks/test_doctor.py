"""`doctor` proves isolation: it is well where all holds, and each control that is taken away makes it say so."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.runner.doctor.findings import ISOLATION
from jhansi_runner.runner.doctor.topics import TOPICS
from support.installation import ordinary_command
from support.ordinary import ordinary_argv
from support.user import User

pytestmark = pytest.mark.attack

HOLD = """
import json, os, sys
from jhansi_runner.runner.doctor.trial import hold_trial
found = hold_trial([sys.executable, "-I", *sys.argv[1:], "exec"], os.environ, {})
print(json.dumps({one.code: [one.state, one.summary] for one in found}))
"""
_WITHOUT = Path(__file__).parents[1] / "support/without_controls.py"
CODES = {code for code, topic in TOPICS.items() if topic.group == ISOLATION}
FILTER = {"JH-SETUID", "JH-VSOCK", "JH-KEYRING", "JH-INTO", "JH-NAMESPACES", "JH-TERMINAL", "JH-FOREIGN",
          "JH-PRIVILEGES", "JH-IO-URING", "JH-KERNEL", "JH-MOUNT"}  # fmt: skip
WITHOUT = {
    "filter,namespaces,gate": {*FILTER, "JH-GATE"},
    "ipc,environment,temporary files,home,descriptors,door": {
        "JH-IPC", "JH-ENVIRONMENT", "JH-FILES", "JH-OWN", "JH-WRITE", "JH-SOCKET", "JH-DESCRIPTOR", "JH-DOOR",
    },
    "processes,ending": {"JH-PROCESS", "JH-SURVIVOR", "JH-KILLED"},
    "sealed,network": {"JH-WRITE", "JH-LOOPBACK", "JH-SOCKET", "JH-NETWORK", "JH-SANDBOX"},
}  # fmt: skip
"""By the controls that are taken away, what `doctor` has to find. No doorway leads into the host's own network."""


def trial(user: User, controls: str) -> dict[str, list[str]]:
    """Hold the trial as an ordinary user, with an `exec` that lacks some controls: state and summary by code."""
    script = user.write("weakened.py", _WITHOUT.read_text())
    python = f"{os.path.dirname(ordinary_command())}/python"
    argv = ordinary_argv([python, "-I", "-c", HOLD, str(script), controls])
    done = subprocess.run(argv, env=user.env, cwd=user.work, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def by_state(found: dict[str, list[str]], state: str) -> set[str]:
    return {code for code, (its, _) in found.items() if its == state}


@pytest.mark.parametrize("controls", WITHOUT)
def test_what_is_taken_away_is_found(user: User, controls: str) -> None:
    found = trial(user, controls)
    assert by_state(found, "fault") == WITHOUT[controls], found


def test_every_code_of_isolation_is_shown_to_fail() -> None:
    assert set().union(*WITHOUT.values()) - {"JH-SANDBOX"} == CODES


def test_all_is_well_for_an_ordinary_user_and_nothing_is_left(user: User) -> None:
    temporary = user.folder(user.root / "temporary")
    done = user.run("doctor", "--json", env={"TMPDIR": str(temporary)}, timeout=120)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    states = {one["code"]: one["state"] for one in found["findings"]}
    assert {code for code in CODES if states[code] != "ok"} == set(), found
    assert states["JH-SANDBOX"] == "ok"
    assert [one["code"] for one in found["findings"]] == list(TOPICS)
    assert list(temporary.iterdir()) == []
    assert not (user.state / "state").exists(), "the user's own state is left alone"


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_all_is_well_for_root_who_is_warned(command: str) -> None:
    done = subprocess.run([command, "doctor", "--json"], capture_output=True, text=True, timeout=120, check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    states = {one["code"]: one["state"] for one in found["findings"]}
    assert {code for code in CODES if states[code] != "ok"} == set(), found
    assert states["JH-ROOT"] == "warning"


def test_our_own_state_is_tried_where_there_is_some(user: User) -> None:
    assert user.python("print(1)").returncode == 0
    found = json.loads(user.run("doctor", "--json", timeout=120).stdout)
    own = next(one for one in found["findings"] if one["code"] == "JH-OWN")
    assert own["state"] == "ok"
    assert "your key" in own["summary"]
    before = json.loads(user.run("runs", "--json").stdout)["runs"]
    assert len(before) == 1, "a trial is no run of the user's"


def test_a_doorway_that_cannot_be_made_ends_the_run(user: User) -> None:
    """The sandbox's first process waits to be let go: it must not be waited for."""
    script = user.write("weakened.py", _WITHOUT.read_text())
    user.write("main.py", "print('ran')")
    python = f"{os.path.dirname(ordinary_command())}/python"
    argv = ordinary_argv([python, "-I", str(script), "network", "exec", "main.py"])
    done = subprocess.run(argv, env=user.env, cwd=user.work, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 125
    assert "no doorway" in done.stderr
    assert "ran" not in done.stdout
