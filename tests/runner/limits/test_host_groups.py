"""What is read of control groups: where we are, what is above, and which of them have limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner.limits.host_groups import read_facts
from jhansi_runner.runner.limits.tiers import LEGACY, MANAGER, NONE, UNIFIED, offer


def made_up(root: Path, groups: str, mounts: str, files: dict[str, str]) -> str:
    for path, text in {"/proc/self/cgroup": groups, "/proc/self/mountinfo": mounts, **files}.items():
        made = Path(f"{root}{path}")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text)
    return str(root)


V2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
S = "/sys/fs/cgroup"
SESSION = "/user.slice/user-1000.slice/session-1.scope"


def test_reading_a_login_session(tmp_path: Path) -> None:
    user = f"{S}/user.slice/user-{os.getuid()}.slice/user@{os.getuid()}.service"
    files = {
        f"{S}/cgroup.controllers": "cpuset cpu io memory pids",
        f"{S}{SESSION}/cgroup.controllers": "memory pids",
        f"{S}/user.slice/user-1000.slice/cgroup.subtree_control": "memory pids",
        f"{user}/cgroup.subtree_control": "cpu memory pids",
        f"{user}/cgroup.procs": "",
        "/run/user/7/systemd/private": "",
    }
    found = read_facts({"XDG_RUNTIME_DIR": "/run/user/7"}, made_up(tmp_path, f"0::{SESSION}\n", V2, files))
    assert found.own is not None and found.own.folder == S + SESSION
    assert [each.folder for each in found.above] == [f"{S}/user.slice/user-1000.slice", f"{S}/user.slice", S]
    assert found.above[0].controllers == {"memory", "pids"}
    assert found.manager == "/run/user/7/systemd/private"
    assert found.managed is not None and found.managed.controllers == {"cpu", "memory", "pids"}
    assert offer(found).way == MANAGER  # nothing of it has a cgroup.procs that could be written


SLURM = "/system.slice/slurmstepd.scope/job_1/step_0/user/task_0"
STEP, JOB = f"{S}/system.slice/slurmstepd.scope/job_1/step_0", f"{S}/system.slice/slurmstepd.scope/job_1"


def test_a_batch_job_is_not_left_though_the_systemd_of_the_user_would_take_it(tmp_path: Path) -> None:
    user = f"{S}/user.slice/user-{os.getuid()}.slice/user@{os.getuid()}.service"
    files = {
        f"{S}/cgroup.controllers": "cpu memory pids",
        f"{S}{SLURM}/cgroup.controllers": "cpu memory pids",
        f"{S}{SLURM}/memory.max": "max\n",
        f"{S}{SLURM}/cpu.max": "max 100000\n",
        f"{STEP}/memory.max": "1073741824\n",
        f"{user}/cgroup.subtree_control": "cpu memory pids",
        f"{user}/cgroup.procs": "",
        "/run/user/7/systemd/private": "",
    }
    found = read_facts({"XDG_RUNTIME_DIR": "/run/user/7"}, made_up(tmp_path, f"0::{SLURM}\n", V2, files))
    assert found.own is not None and not found.own.bounded
    assert [each.folder for each in found.above if each.bounded] == [STEP]
    assert offer(found).way == NONE


UNIT = f"{S}/user.slice/user@1.service/x.scope"
ROOM = {"/proc/sys/kernel/pid_max": "4194304\n", "/proc/sys/kernel/threads-max": "30000\n"}


@pytest.mark.parametrize(
    ("limits", "bounded"),
    [
        ({}, False),
        ({"memory.max": "max\n", "memory.high": "max\n", "cpu.max": "max 100000\n", "pids.max": "max\n"}, False),
        ({"memory.max": "1073741824\n"}, True),
        ({"memory.high": "1073741824\n"}, True),
        ({"cpu.max": "50000 100000\n"}, True),
        ({"memory.max": "nonsense\n"}, True),
        ({"pids.max": "50\n"}, True),
        ({"pids.max": "4499\n"}, False),  # 15 %, which systemd gives to every unit
        ({"pids.max": "3000\n"}, True),
        ({"pids.max": "nonsense\n"}, True),
        ({"cpuset.cpus.effective": "0-7\n", "../cpuset.cpus.effective": "0-7\n"}, False),
        ({"cpuset.cpus.effective": "0-1\n", "../cpuset.cpus.effective": "0-7\n"}, True),
        ({"cpuset.cpus.effective": "0-1\n"}, True),
        ({"cpuset.mems.effective": "0\n", "../cpuset.mems.effective": "0-1\n"}, True),
        ({"../cpuset.cpus.effective": "0-7\n"}, False),
    ],
)
def test_reading_a_unit_with_limits_of_its_own(limits: dict[str, str], bounded: bool, tmp_path: Path) -> None:
    files = {
        **ROOM,
        f"{S}/cgroup.controllers": "cpu memory pids",
        f"{UNIT}/cgroup.controllers": "memory pids",
        f"{UNIT}/cgroup.procs": "",
        **{os.path.normpath(f"{UNIT}/{name}"): text for name, text in limits.items()},
    }
    found = read_facts({}, made_up(tmp_path, "0::/user.slice/user@1.service/x.scope\n", V2, files)).own
    assert found is not None and (found.writable, found.delegated, found.bounded) == (True, False, bounded)


def test_where_it_cannot_be_told_what_systemd_gives_every_number_of_processes_is_a_limit(tmp_path: Path) -> None:
    files = {f"{S}/cgroup.controllers": "memory pids", f"{UNIT}/pids.max": "4499"}
    found = read_facts({}, made_up(tmp_path, "0::/user.slice/user@1.service/x.scope\n", V2, files)).own
    assert found is not None and found.bounded


def test_reading_a_container_with_a_group_of_its_own(tmp_path: Path) -> None:
    files = {f"{S}/cgroup.controllers": "cpu memory pids", f"{S}/cgroup.procs": ""}
    found = offer(read_facts({}, made_up(tmp_path, "0::/\n", V2, files)))
    assert (found.way, found.place) == (UNIFIED, S)


def test_reading_a_group_that_is_mounted_below_the_top(tmp_path: Path) -> None:
    mounts = V2.replace("0:26 / ", "0:26 /box ")
    files = {f"{S}/cgroup.controllers": "memory pids", f"{S}/in/cgroup.controllers": ""}
    found = read_facts({}, made_up(tmp_path, "0::/box/in\n", mounts, files))
    assert found.own is not None and found.own.folder == f"{S}/in"


@pytest.mark.parametrize("groups", ["0::/../elsewhere\n", "0::/outside\n", "", "nonsense"])
def test_a_group_that_is_not_mounted_is_none(groups: str, tmp_path: Path) -> None:
    mounts = V2.replace("0:26 / ", "0:26 /box ")
    files = {f"{S}/cgroup.controllers": "memory pids"}
    assert read_facts({}, made_up(tmp_path, groups, mounts, files)).own is None


SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"


@pytest.mark.parametrize(
    ("swap", "counted", "way"),
    [("", False, LEGACY), ("/dev/dm-1 partition 8388604 0 -2\n", False, NONE), ("/swap file 9 0 -2\n", True, LEGACY)],
)
def test_reading_version_1(swap: str, counted: bool, way: str, tmp_path: Path) -> None:
    mounts = "".join(
        f"3{n} 20 0:2{n} / {S}/{name} rw - cgroup cgroup rw,{name}\n"
        for n, name in enumerate(("memory", "pids", "cpu"))
    )
    files = {f"{S}/memory/job/cgroup.procs": "", f"{S}/pids/job/cgroup.procs": "", f"{S}/cpu/cgroup.sane": ""}
    files["/proc/swaps"] = SWAPS + swap
    if counted:
        files[f"{S}/memory/job/memory.memsw.limit_in_bytes"] = "9223372036854771712\n"
    groups = "9:name=systemd:/\n4:memory:/job\n3:pids:/job\n2:cpu,cpuacct:/\n0::/\n"
    found = read_facts({}, made_up(tmp_path, groups, mounts + V2.replace(S, f"{S}/unified"), files))
    assert found.legacy == {"memory": f"{S}/memory/job", "pids": f"{S}/pids/job"}
    assert found.own is None
    assert offer(found).way == way
    assert ("swapaccount=1" in offer(found).remedy) == (way == NONE)


def test_reading_a_host_that_shows_nothing(tmp_path: Path) -> None:
    assert offer(read_facts({}, str(tmp_path))).way == NONE
