"""`cache warm` as people give it: what it takes, what it says, how it ends, and that it can always be repeated."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner.warm.kept import BadWant, kept_wants
from support.clients import Desk
from support.mirror import eventually
from support.registry import Upstream
from support.registry.faults import Fault
from support.registry.npm import NpmUpstream
from support.team import Team
from support.warmer import Command, folders_of, policy_text
from support.wheels import make_wheel

_RULES = "default: allow\nrules:\n  - {deny: 'pkg:pypi/bad', reason: it steals keys}\n"
_MAIN = "from jhansi_runner.runner.entry import main; main()"


@pytest.fixture
def up(command: Command) -> Iterator[Upstream]:
    with Upstream() as up:
        for name in ("demo", "bad", "other"):
            up.add(make_wheel(name, "1.0"))
        command.policy(policy_text(up, rules=_RULES))
        yield up


def test_a_list_on_standard_input(up: Upstream, command: Command) -> None:
    del up
    done = command("-", stdin="# what the others miss\npkg:pypi/demo@1.0\n")
    assert done.returncode == 0, done.stderr
    assert "came: 2 files" in done.stdout and "all that was asked for is in the cache" in done.stdout


def test_a_refusal_ends_with_126_and_is_told_with_its_rule(up: Upstream, command: Command, desk: Desk) -> None:
    del up
    names = desk.write("list", "pkg:pypi/demo@1.0\npkg:pypi/bad@1.0\n")
    done = command(str(names))
    assert done.returncode == 126
    line = next(line for line in done.stdout.splitlines() if "pkg:pypi/bad@1.0" in line)
    for word in (f"{names}:2", "it steals keys", "JR-DENY-RULE", "policy.yaml:7"):
        assert word in line, line
    told = command.data(str(names))
    assert told["code"] == 126 and told["refused"][0]["code"] == "JR-DENY-RULE" and told["there"]["files"] == 2


def test_what_is_missing_ends_with_125_and_is_written_as_a_list_that_can_be_warmed(
    up: Upstream, command: Command, desk: Desk
) -> None:
    names = desk.write("list", "pkg:pypi/demo@1.0\npkg:pypi/other@1.0\n")
    missing = desk.work / "missing.txt"
    assert command("-", stdin="pkg:pypi/demo@1.0\n").returncode == 0
    done = command(str(names), "--offline", "--missing", str(missing))
    assert done.returncode == 125 and "pkg:pypi/other@1.0" in done.stdout
    lines = [line.partition("  #")[0] for line in missing.read_text().splitlines()]
    assert lines == ["pkg:pypi/other@1.0"]
    assert command(str(missing)).returncode == 0
    up.stop()
    assert command(str(names), "--offline").returncode == 0


def test_looking_before_warming_fetches_no_package(up: Upstream, command: Command) -> None:
    done = command("-", "--dry-run", stdin="pkg:pypi/demo@1.0\n")
    assert done.returncode == 0 and "would come: 1 file" in done.stdout
    assert not up.count(lambda request: request.path.endswith(".whl"))
    assert not kept_wants(folders_of(command.home).state)


def test_a_mistake_is_told_with_its_line_before_anything_is_fetched(up: Upstream, command: Command, desk: Desk) -> None:
    lock = desk.write("package-lock.json", '{"lockfileVersion": 3,\n"packages": {"node_modules/x": 1}}')
    names = desk.write("list", "pkg:pypi/demo@1.0\n")
    done = command(str(names), str(lock))
    assert done.returncode == 125 and f"{lock}:2" in done.stderr and "npm install --package-lock-only" in done.stderr
    assert not up.requests


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["none.txt"], 127, "there is no none.txt"),
        (["what.bin"], 125, "it is not known what this is"),
        (["list", "--python", "4"], 125, "is no version of Python"),
        (["list", "--platform", "windows"], 125, "is no platform"),
        (["list", "--policy", "none.yaml"], 125, "the policy cannot be read"),
        (["link/requirements.txt", "link"], 127, "there is no"),
        ([], 125, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_said(
    up: Upstream, command: Command, desk: Desk, words: list[str], code: int, told: str
) -> None:
    desk.write("list", "pkg:pypi/demo@1.0\n")
    desk.write("what.bin", "\x00\x01")
    done = command(*words, cwd=desk.work)
    assert done.returncode == code and told in done.stderr, done.stderr
    assert not up.requests


def test_no_link_in_a_folder_is_followed(up: Upstream, command: Command, desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("demo==1.0\n")
    (desk.work / "up.txt").symlink_to(secret)
    requirements = desk.write("requirements.txt", "-r up.txt\n")
    done = command(str(desk.work))
    assert done.returncode == 125 and "up.txt cannot be read" in done.stderr
    requirements.unlink()
    requirements.symlink_to(secret)
    assert "demo" not in command(str(desk.work)).stdout
    assert not up.requests


def test_what_was_warmed_whole_is_kept_to_be_asked_again(up: Upstream, command: Command, desk: Desk) -> None:
    del up
    names = desk.write("list", "pkg:pypi/demo@1.0\n")
    told = command.data(str(names), "--python", "3.11,3.12")
    state = folders_of(command.home).state
    (want,) = kept_wants(state)
    assert want.inputs == {str(names): b"pkg:pypi/demo@1.0\n"}
    assert [one.python for one in want.targets] == ["3.11", "3.12"]
    file = Path(state, "wants", f"{told['kept_as']}.json")
    command.data(str(names), "--python", "3.11,3.12")
    assert len(kept_wants(state)) == 1
    assert command("-", stdin="pkg:pypi/bad@1.0\n").returncode == 126
    assert len(kept_wants(state)) == 1
    file.write_bytes(file.read_bytes()[:-2])
    with pytest.raises(BadWant, match="delete it"):
        kept_wants(state)


def _many(up: NpmUpstream, count: int) -> str:
    for number in range(count):
        up.add(f"demo{number}", "1.0.0", {"index.js": b"x" * 5000})
    return "".join(f"pkg:npm/demo{number}@1.0.0\n" for number in range(count))


def _start(command: Command, names: Path, main: str = _MAIN) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-P", "-c", main, "cache", "warm", str(names)]
    env = {**os.environ, "JHANSI_HOME": str(command.home)}
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_one_that_was_ended_at_any_point_is_finished_by_its_repetition(
    command: Command, desk: Desk, number: signal.Signals
) -> None:
    with NpmUpstream() as up:
        names = desk.write("list", _many(up, 60))
        command.policy(policy_text(up))
        dice = random.Random(number)  # noqa: S311
        for _ in range(4):
            before = len(up.requests)
            process = _start(command, names)
            least = before + dice.randrange(1, 60)
            eventually(lambda: len(up.requests) >= least or process.poll() is not None)  # noqa: B023
            process.send_signal(number)
            said = process.communicate(timeout=60)
            if number == signal.SIGINT and process.returncode and not said[0]:  # the summary is the last that is said
                assert process.returncode == 130 and b"give the same command to go on" in said[1], said
        told = command.data(str(names))
        assert told["code"] == 0 and told["came"]["files"] + told["there"]["files"] == 60
        incoming = Path(folders_of(command.home).cache, "incoming")
        assert not [name for name in os.listdir(incoming) if not name.endswith(".flight")]
        up._server.stop()
    assert command.data(str(names), "--offline")["whole"]


@pytest.mark.parametrize("when", ["gather", "keep"])
def test_one_that_is_ended_before_or_after_its_files_says_how_to_go_on(command: Command, desk: Desk, when: str) -> None:
    ended = f"warming.{when} = lambda *_: os.kill(os.getpid(), signal.SIGINT)"
    main = f"import os, signal; from jhansi_runner.runner.warm import warming; {ended}; {_MAIN}"
    with NpmUpstream() as up:
        names = desk.write("list", _many(up, 1))
        command.policy(policy_text(up))
        process = _start(command, names, main)
        said = process.communicate(timeout=60)
        assert process.returncode == 130 and b"give the same command to go on" in said[1], said
        assert command.data(str(names))["code"] == 0


def test_one_that_hangs_can_be_ended(command: Command, desk: Desk) -> None:
    with NpmUpstream() as up:
        names = desk.write("list", _many(up, 3))
        up.fault("/demo1/-/demo1-1.0.0.tgz", Fault.hang(after=100))
        command.policy(policy_text(up))
        process = _start(command, names)
        eventually(lambda: up.count("/demo1/-/demo1-1.0.0.tgz"))
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)
        assert process.returncode == 130 and b"2 files came whole" in said[1], said
        up.heal()
        assert command.data(str(names))["came"]["files"] == 1


def _peak(command: Command, names: Path) -> int:
    """The most memory of a warming, in KiB: its own, since what the kernel counts for it begins with that of ours."""
    tell = "lambda: print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0], file=sys.stderr)"
    process = _start(command, names, f"import atexit, sys; atexit.register({tell}); {_MAIN}")
    _, said = process.communicate()
    assert process.returncode == 0, said
    return int(said.split()[-1])


def test_memory_does_not_grow_with_the_number_of_packages(command: Command, desk: Desk) -> None:
    peaks = []
    with NpmUpstream() as up:
        lines = _many(up, 2000).splitlines(keepends=True)
        command.policy(policy_text(up))
        for count in (200, 2000):
            names = desk.write("list", "".join(lines[:count]))
            peaks.append(_peak(command, names))
    assert peaks[1] < peaks[0] + 64 * 1024, peaks  # KiB


def test_a_large_file_does_not_go_through_memory(command: Command, desk: Desk) -> None:
    with Upstream() as up:
        up.add_virtual("demo-1.0-py3-none-any.whl", 300 << 20)
        command.policy(policy_text(up))
        peak = _peak(command, desk.write("list", "pkg:pypi/demo@1.0\n"))
        assert 20 * 1024 < peak < 200 * 1024
    assert json.loads(command("-", "--offline", "--json", stdin="pkg:pypi/demo@1.0\n").stdout)["whole"]


def test_two_at_once_fetch_each_file_once(command: Command, desk: Desk) -> None:
    with NpmUpstream() as up:
        names = desk.write("list", _many(up, 40))
        command.policy(policy_text(up))
        both = [_start(command, names) for _ in range(2)]
        for process in both:
            process.communicate(timeout=60)
            assert process.returncode == 0
        assert all(up.count(f"/demo{number}/-/demo{number}-1.0.0.tgz") == 1 for number in range(40))


def test_a_mirror_that_serves_from_the_same_cache_has_at_once_what_comes(command: Command, desk: Desk) -> None:
    with NpmUpstream() as up:
        names = desk.write("list", _many(up, 2))
        command.policy(policy_text(up))
        with Team(command.home, policy_text(up), "--offline") as team:
            assert team.get("/npm/demo0/-/demo0-1.0.0.tgz").status == 404
            assert command(str(names)).returncode == 0
            assert team.get("/npm/demo0/-/demo0-1.0.0.tgz").status == 200
