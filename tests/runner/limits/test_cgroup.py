"""What is written into a control group, in either version."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from jhansi_runner.runner.limits import cgroup, tiers
from jhansi_runner.runner.limits.model import CPUS, MEMORY, PROCESSES, Limit, Limits

ALL = Limits({MEMORY: Limit(1 << 30), PROCESSES: Limit(100), CPUS: Limit(1.5)})


@pytest.mark.parametrize("swaps", [False, True])
def test_the_unified_hierarchy(swaps: bool) -> None:
    assert cgroup.unified(ALL, swaps=swaps) == [
        ("memory", "memory.oom.group", "1", False),
        ("memory", "memory.max", "1073741824", True),
        ("memory", "memory.swap.max", "0", swaps),  # memory is not held without it
        ("pids", "pids.max", "101", True),  # bubblewrap's own first process is one more
        ("cpu", "cpu.max", "150000 100000", True),
    ]


def test_version_1() -> None:
    assert cgroup.legacy(ALL) == [
        ("memory", "memory.limit_in_bytes", "1073741824", True),
        ("memory", "memory.memsw.limit_in_bytes", "1073741824", False),
        ("pids", "pids.max", "101", True),
        ("cpu", "cpu.cfs_period_us", "100000", True),
        ("cpu", "cpu.cfs_quota_us", "150000", True),
    ]


def test_the_kernel_takes_no_smaller_share_than_this() -> None:
    assert ("cpu", "cpu.max", "1000 100000", True) in cgroup.unified(Limits({CPUS: Limit(0.01)}), swaps=False)


def test_what_is_not_limited_is_not_written() -> None:
    assert cgroup.legacy(Limits({})) == []


def test_a_group_that_cannot_have_its_limits_is_removed_again(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids")
    own = tiers.Level(str(tmp_path), ("cpu", "memory", "pids"), True, delegated=True)
    facts = tiers.Facts(1, (6, 1), own=own)
    with pytest.raises(FileNotFoundError, match=r"memory\.max"):
        cgroup.make(tiers.offer(facts), ALL, "name", str(tmp_path))
    assert os.listdir(tmp_path) == ["cgroup.subtree_control"]


def test_a_new_unit_of_systemd_settles_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen with systemd 252: files of the first group in a unit that was just started are gone for a moment."""
    tried: list[str] = []

    def make(_offer: object, _limits: object, name: str, place: str) -> cgroup.Group:
        tried.append(name)
        if len(tried) < 3:
            raise OSError(errno.ENODEV, "No such device", f"{place}/{name}/memory.max")
        return cgroup.Group({"memory": place, "pids": place})

    own = tiers.Level(str(tmp_path), ("cpu", "memory", "pids"), True, delegated=True)
    (tmp_path / "cgroup.procs").write_text("")
    monkeypatch.setattr(cgroup, "make", make)
    group = cgroup.filled(tiers.offer(tiers.Facts(1, (6, 1), own=own)), ALL, "name", 7)
    assert tried == ["name"] * 3
    assert (tmp_path / "cgroup.procs").read_text() == "7"
    assert group.met() == []


def test_what_met_a_limit(tmp_path: Path) -> None:
    group = cgroup.Group({"memory": str(tmp_path), "pids": str(tmp_path)})
    assert (group.met(), group.look()) == ([], "")
    (tmp_path / "memory.events").write_text("low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\n")
    (tmp_path / "pids.events").write_text("max 0\n")
    assert group.met() == []
    (tmp_path / "pids.events").write_text("max 3\n")
    assert (group.met(), group.look()) == ([PROCESSES], "")
    (tmp_path / "memory.events").write_text("low 0\noom_kill 2\n")
    assert (group.met(), group.look()) == ([MEMORY, PROCESSES], MEMORY)


def test_version_1_tells_elsewhere_of_what_was_killed(tmp_path: Path) -> None:
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert cgroup.Group({"memory": str(tmp_path), "pids": str(tmp_path)}).met() == [MEMORY]
