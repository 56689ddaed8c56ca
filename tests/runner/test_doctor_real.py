"""`doctor` on hosts that lack one thing each: made of this one, by hiding that from an ordinary user's view of it."""

from __future__ import annotations

import json
import os
import shlex
import time
from typing import Any

import pytest

from jhansi_runner.proxy.cell.syscalls import CHECKED, MACHINES
from jhansi_runner.runner.doctor.topics import TOPICS
from support.bwrap_stub import stub
from support.installation import ordinary_command
from support.ordinary import PYTHON
from support.user import User

VIEW = "bwrap --dev-bind / /"
IN_A_NAMESPACE = "unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c"


def doctor(user: User, before: str = "", env: dict[str, str] | None = None) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code, and its findings by code."""
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in (env or {}).items())
    done = user.shell(f"{before} env {given} $JR doctor --json", timeout=120)
    try:
        data = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"not one JSON object: {done}") from None
    return done.returncode, {one["code"]: one for one in data["findings"]}


def within(user: User, setup: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Within a user namespace of its own, in which `setup` was run as its root."""
    inner = f"{setup} && exec {shlex.quote(ordinary_command())} doctor --json"
    done = user.shell(f"{IN_A_NAMESPACE} {shlex.quote(inner)}", timeout=120)
    data = json.loads(done.stdout)
    return done.returncode, {one["code"]: one for one in data["findings"]}


def assert_faults(code: int, found: dict[str, dict[str, Any]], expected: set[str]) -> None:
    """These are the faults, and the exit code tells of them."""
    faults = {name: one["summary"] for name, one in found.items() if one["state"] == "fault"}
    assert faults.keys() == expected, faults
    assert code == (1 if expected else 0)
    assert list(found) == list(TOPICS), "fleets find every code, whatever is wrong"


def test_without_bwrap(user: User) -> None:
    code, found = doctor(user, f"{VIEW} --ro-bind /dev/null /usr/bin/bwrap --")
    assert_faults(code, found, {"JH-BWRAP", "JH-SANDBOX"})
    assert any("sudo" in line or "package bubblewrap" in line for line in found["JH-BWRAP"]["remedy"])
    assert found["JH-SANDBOX"]["remedy"] == ["Mend JH-BWRAP first."]
    assert found["JH-FILES"]["state"] == "could-not-try"


def test_with_an_old_bwrap(user: User) -> None:
    old = stub(user.root / "old", "echo bubblewrap 0.6.2; exit 1")
    code, found = doctor(user, f"{VIEW} --ro-bind {old} /usr/bin/bwrap --")
    assert_faults(code, found, {"JH-BWRAP", "JH-SANDBOX"})
    assert "0.6.2" in found["JH-BWRAP"]["summary"]


def test_inside_a_sandbox_that_allows_no_further_one(user: User) -> None:
    code, found = doctor(user, f"{VIEW} --unshare-user --disable-userns --")
    assert_faults(code, found, {"JH-SANDBOX"})
    assert "already inside" in found["JH-SANDBOX"]["summary"]


def test_with_user_namespaces_turned_off(user: User) -> None:
    drop = "echo 0 > /proc/sys/user/max_user_namespaces"
    inner = (
        f"{drop} && exec setpriv --bounding-set=-all --inh-caps=-all {shlex.quote(ordinary_command())} doctor --json"
    )
    done = user.shell(f"{IN_A_NAMESPACE} {shlex.quote(inner)}", timeout=120)
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert_faults(done.returncode, found, {"JH-USERNS", "JH-SANDBOX"})
    assert "max_user_namespaces" in found["JH-USERNS"]["summary"]


def test_with_a_masked_proc(user: User) -> None:
    code, found = within(user, "mount -t tmpfs none /proc/fs")
    assert_faults(code, found, {"JH-SANDBOX"})
    assert "/proc" in found["JH-SANDBOX"]["summary"]


# refuses clone(CLONE_NEWUSER) with EPERM, as the default filter of a container does
NO_CLONE = """
import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 3, int(sys.argv[1])), (0x20, 0, 0, 16), (0x45, 0, 1, 0x10000000),
        (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
held = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *c) for c in code))
program = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code), ctypes.addressof(held)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_in_a_container_whose_filter_blocks_namespaces(user: User) -> None:
    clone = CHECKED["clone"][MACHINES.index(os.uname().machine)]
    code, found = doctor(user, f"{PYTHON} -c {shlex.quote(NO_CLONE)} {clone} /usr/bin/env")
    assert_faults(code, found, {"JH-SANDBOX"})
    assert "clone with CLONE_NEWUSER" in found["JH-SANDBOX"]["summary"], "the call that is blocked"
    assert found["JH-SANDBOX"]["remedy"]


def test_without_proc(user: User) -> None:
    code, found = doctor(user, f"{VIEW} --tmpfs /proc --")
    assert_faults(code, found, {"JH-PROC", "JH-SANDBOX"})
    assert "proc" in found["JH-SANDBOX"]["summary"]


def test_with_a_full_disk_below_our_state(user: User) -> None:
    kept = f"--bind {user.state}/policy.yaml {user.state}/policy.yaml"
    code, found = doctor(user, f"{VIEW} --size 65536 --tmpfs {user.state} {kept} --")
    assert_faults(code, found, {"JH-CACHE", "JH-STATE"})
    assert found["JH-SANDBOX"]["state"] == "ok", "isolation is proven all the same"


def test_without_room_for_the_trial(user: User) -> None:
    code, found = doctor(user, f"{VIEW} --size 4096 --tmpfs /var/tmp --", {"TMPDIR": "/var/tmp"})
    assert_faults(code, found, {"JH-SANDBOX"})
    assert "/var/tmp" in found["JH-SANDBOX"]["summary"]


def test_with_state_that_cannot_be_written(user: User) -> None:
    code, found = doctor(user, f"{VIEW} --ro-bind {user.state} {user.state} --")
    assert_faults(code, found, {"JH-CACHE", "JH-STATE", "JH-RUNTIME"})
    assert "read-only" in found["JH-STATE"]["summary"]


def test_with_a_clock_that_is_behind(user: User) -> None:
    journal = user.write(user.state / "state/runs/journal", "")
    later = time.time() + 30 * 86400
    os.utime(journal, (later, later))
    code, found = doctor(user)
    assert_faults(code, found, {"JH-CLOCK"})
    os.unlink(journal)


def test_with_a_broken_policy(user: User) -> None:
    broken = user.write("broken.yaml", "version: 1\nregistries: {}\ndefault: perhaps\n")
    done = user.run("doctor", "--json", "--policy", str(broken), timeout=120)
    found = {one["code"]: one for one in json.loads(done.stdout)["findings"]}
    assert_faults(done.returncode, found, {"JH-POLICY"})
    assert any("broken.yaml:3" in line for line in found["JH-POLICY"]["remedy"])


@pytest.mark.parametrize("name", ["node", "go", "java"])
def test_with_an_old_language(user: User, name: str) -> None:
    for program in {"node": ("node", "npm"), "java": ("java", "javac")}.get(name, (name,)):
        path = user.write(user.root / f"bin-{name}" / program, "#!/bin/sh\necho 1.2.3\n", 0o755)
    code, found = doctor(user, "", {"PATH": f"{path.parent}:{user.env['PATH']}"})
    assert_faults(code, found, set())
    one = found[f"JH-{name.upper()}"]
    assert (one["state"], "1.2.3" in one["summary"]) == ("warning", True)
    assert any("conda" in line for line in one["remedy"])
