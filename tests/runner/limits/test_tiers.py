"""What a host offers to hold a program to its limits follows from what it shows, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.runner.limits.model import CPUS, DISK, FILES, MEMORY, OUTPUT, PROCESSES, TIME
from jhansi_runner.runner.limits.tiers import LEGACY, MANAGER, NONE, UNIFIED, Facts, Level, offer, read_facts
from jhansi_runner.runner.limits.weak import AFFINITY, CGROUP, RLIMIT, RUNNER, WATCHER, kernel

MODERN = (6, 1)
ALL = ("cpu", "memory", "pids")


def level(
    folder: str, *controllers: str, writable: bool = True, delegated: bool = False, bounded: bool = False
) -> Level:
    return Level(folder, controllers, writable, delegated=delegated, bounded=bounded)


def test_the_nearest_folder_that_can_be_written_and_has_the_controllers() -> None:
    above = [level("/s/a/b", "memory", writable=True), level("/s/a", *ALL), level("/s", *ALL)]
    found = offer(Facts(1000, MODERN, own=level("/s/a/b/c", writable=False), above=above))
    assert (found.way, found.place, found.why, found.remedy) == (UNIFIED, "/s/a", "", "")
    assert [found.tier(name) for name in (MEMORY, PROCESSES, CPUS)] == [CGROUP] * 3


def test_a_delegated_group_of_our_own() -> None:
    own = level("/s/unit", *ALL, delegated=True, bounded=True)
    found = offer(Facts(1000, MODERN, own=own, above=[level("/s", *ALL)], manager="/m", managed=level("/u", *ALL)))
    assert (found.way, found.place) == (UNIFIED, "/s/unit")


def test_a_group_below_it_into_which_we_moved_what_was_there() -> None:
    own = level("/s/unit/jhansi-others", *ALL)
    found = offer(Facts(1000, MODERN, own=own, above=[level("/s/unit", *ALL), level("/s", *ALL)]))
    assert (found.way, found.place) == (UNIFIED, "/s/unit")


def test_nobody_is_moved_away_from_the_limits_of_our_own_group() -> None:
    own = level("/s/u/x.scope", "memory", "pids", bounded=True)
    found = offer(Facts(1000, MODERN, own=own, above=[level("/s/u", *ALL)], manager="/m", managed=level("/u", *ALL)))
    assert (found.way, found.place) == (UNIFIED, "/s/u/x.scope")
    own = level("/s/u/x.scope", "memory", "pids", bounded=True, writable=False)
    found = offer(Facts(1000, MODERN, own=own, above=[level("/s/u", *ALL)], manager="/m", managed=level("/u", *ALL)))
    assert found.way == NONE and "has limits" in found.why and "Delegate=yes" in found.remedy


def test_the_systemd_of_the_user_comes_before_folders_that_it_manages() -> None:
    own = level("/s/u/x.scope", "memory", "pids")
    found = offer(Facts(1000, MODERN, own=own, above=[level("/s/u", *ALL)], manager="/m", managed=level("/u", *ALL)))
    assert (found.way, found.place) == (MANAGER, "/u")


def test_version_1_folders() -> None:
    found = offer(Facts(1000, MODERN, legacy={"memory": "/m/x", "pids": "/p/x"}))
    assert (found.way, found.folders["pids"]) == (LEGACY, "/p/x")
    assert (found.tier(MEMORY), found.tier(PROCESSES), found.tier(CPUS)) == (CGROUP, CGROUP, AFFINITY)


def test_the_systemd_of_the_user() -> None:
    own = level("/s/user.slice/session-1.scope", writable=False)
    managed = level("/s/user@1000.service", "memory", "pids")
    found = offer(Facts(1000, MODERN, own=own, manager="/run/user/1000/systemd/private", managed=managed))
    assert (found.way, found.place, found.manager) == (MANAGER, managed.folder, "/run/user/1000/systemd/private")
    assert (found.tier(MEMORY), found.tier(CPUS)) == (CGROUP, AFFINITY)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (Facts(1000, MODERN), "unified_cgroup_hierarchy"),
        (Facts(1000, MODERN, own=level("/s/x", writable=False)), "enable-linger"),
        (
            Facts(1000, MODERN, own=level("/s/x", writable=False), manager="/m", managed=level("/u", "memory")),
            "user@.service",
        ),
        (Facts(0, MODERN, own=level("/s/x", *ALL, writable=False)), "mounted writable"),
        (Facts(1000, MODERN, legacy={"memory": "/m/x"}), "unified_cgroup_hierarchy"),
    ],
)
def test_a_host_without_is_told_what_would_give_one(facts: Facts, says: str) -> None:
    found = offer(facts)
    assert found.way == NONE and found.why and says in found.remedy
    assert [found.tier(name) for name in (MEMORY, CPUS, DISK, FILES)] == [WATCHER, AFFINITY, WATCHER, WATCHER]
    assert [found.tier(name) for name in (OUTPUT, TIME)] == [RUNNER] * 2


@pytest.mark.parametrize(
    ("uid", "version", "tier"),
    [
        (1000, (5, 14), RLIMIT),
        (1000, (6, 18), RLIMIT),
        (1000, (5, 13), WATCHER),
        (1000, (4, 18), WATCHER),
        (0, MODERN, WATCHER),
    ],
)
def test_processes_are_left_to_the_kernel_only_where_it_counts_them_by_namespace(
    uid: int, version: tuple[int, int], tier: str
) -> None:
    assert offer(Facts(uid, version)).tier(PROCESSES) == tier


@pytest.mark.parametrize(
    ("release", "version"), [("6.1.0-28-amd64", (6, 1)), ("5.14", (5, 14)), ("6.18-rc1", (6, 18)), ("strange", (0, 0))]
)
def test_the_kernel_by_its_release(release: str, version: tuple[int, int]) -> None:
    assert kernel(release) == version


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


def test_reading_a_unit_with_limits_of_its_own(tmp_path: Path) -> None:
    unit = f"{S}/user.slice/user@1.service/x.scope"
    files = {
        f"{S}/cgroup.controllers": "cpu memory pids",
        f"{unit}/cgroup.controllers": "memory pids",
        f"{unit}/cgroup.procs": "",
        f"{unit}/memory.max": "1073741824",
        f"{unit}/cpu.max": "max 100000",
    }
    found = read_facts({}, made_up(tmp_path, "0::/user.slice/user@1.service/x.scope\n", V2, files)).own
    assert found is not None and (found.writable, found.delegated, found.bounded) == (True, False, True)
    Path(f"{tmp_path}{unit}/memory.max").write_text("max\n")
    found = read_facts({}, made_up(tmp_path, "0::/user.slice/user@1.service/x.scope\n", V2, {})).own
    assert found is not None and not found.bounded


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


def test_reading_version_1(tmp_path: Path) -> None:
    mounts = "".join(
        f"3{n} 20 0:2{n} / {S}/{name} rw - cgroup cgroup rw,{name}\n"
        for n, name in enumerate(("memory", "pids", "cpu"))
    )
    files = {f"{S}/memory/job/cgroup.procs": "", f"{S}/pids/job/cgroup.procs": "", f"{S}/cpu/cgroup.sane": ""}
    groups = "9:name=systemd:/\n4:memory:/job\n3:pids:/job\n2:cpu,cpuacct:/\n0::/\n"
    found = read_facts({}, made_up(tmp_path, groups, mounts + V2.replace(S, f"{S}/unified"), files))
    assert found.legacy == {"memory": f"{S}/memory/job", "pids": f"{S}/pids/job"}
    assert found.own is None
    assert offer(found).way == LEGACY


def test_reading_a_host_that_shows_nothing(tmp_path: Path) -> None:
    assert offer(read_facts({}, str(tmp_path))).way == NONE
