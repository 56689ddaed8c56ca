"""What a host offers to hold a program to its limits follows from what it shows, and nothing else."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.limits.model import CPUS, DISK, FILES, MEMORY, OUTPUT, PROCESSES, TIME
from jhansi_runner.runner.limits.tiers import LEGACY, MANAGER, NONE, UNIFIED, Facts, Level, Offer, offer
from jhansi_runner.runner.limits.weak import AFFINITY, CGROUP, RLIMIT, RUNNER, WATCHER, kernel

MODERN = (6, 1)
ALL = ("cpu", "memory", "pids")


def level(
    folder: str, *controllers: str, writable: bool = True, delegated: bool = False, bounded: bool = False
) -> Level:
    return Level(folder, controllers, writable, delegated=delegated, bounded=bounded)


def test_the_nearest_folder_that_can_be_written_and_has_the_controllers() -> None:
    above = [level("/s/a/b", "memory", writable=True), level("/s/a", *ALL), level("/s", *ALL)]
    found = offer(Facts(0, MODERN, own=level("/s/a/b/session-1.scope", writable=False), above=above))
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


SLICE = "/s/user.slice/user-1000.slice"
USER = f"{SLICE}/user@1000.service"


def moved(own: Level, above: list[Level], uid: int = 1000) -> Offer:
    """What is offered where the user's systemd is there and willing."""
    return offer(Facts(uid, MODERN, own=own, above=above, manager="/m", managed=level(USER, *ALL)))


def test_nobody_is_moved_away_from_the_limits_of_our_own_group() -> None:
    above = [level(USER, *ALL)]
    found = moved(level(f"{USER}/x.scope", "memory", "pids", bounded=True), above)
    assert (found.way, found.place) == (UNIFIED, f"{USER}/x.scope")
    found = moved(level(f"{USER}/x.scope", "memory", "pids", bounded=True, writable=False), above)
    assert found.way == NONE and "has limits" in found.why and "Delegate=yes" in found.remedy


@pytest.mark.parametrize("bounded", ["batch.slice", "x.scope"])
def test_nobody_is_moved_past_a_group_that_has_limits(bounded: str) -> None:
    own = level(f"{USER}/batch.slice/x.scope", *ALL, writable=False, bounded=bounded == "x.scope")
    above = [level(f"{USER}/batch.slice", bounded=bounded == "batch.slice"), level(USER, *ALL), level(SLICE)]
    found = moved(own, above)
    assert (found.way, found.place) == (NONE, "") and "one above it, has limits" in found.why
    assert offer(Facts(0, MODERN, own=own, above=above)).way == NONE
    free = [level(f"{USER}/batch.slice"), *above[1:]]
    assert moved(level(own.folder, *ALL, writable=False), free).way == MANAGER


def test_a_group_below_one_that_has_limits_is_taken_where_it_can_be() -> None:
    own = level(f"{USER}/batch.slice/x.scope", *ALL)
    found = moved(own, [level(f"{USER}/batch.slice", bounded=True), level(USER, *ALL)])
    assert (found.way, found.place) == (UNIFIED, own.folder)


def test_limits_that_hold_for_all_of_a_user_are_not_left_and_so_do_not_matter() -> None:
    above = [level(SLICE, bounded=True, writable=False), level("/s/user.slice", writable=False)]
    found = moved(level(f"{SLICE}/session-3.scope", writable=False), above)
    assert (found.way, found.place) == (MANAGER, USER)


def test_the_limits_of_the_user_that_su_began_with_are_not_left() -> None:
    above = [level("/s/user.slice/user-7.slice", bounded=True, writable=False), level("/s/user.slice", writable=False)]
    assert moved(level("/s/user.slice/user-7.slice/session-3.scope", writable=False), above).way == NONE
    above[0].bounded = False
    assert moved(level("/s/user.slice/user-7.slice/session-3.scope", writable=False), above).way == MANAGER


@pytest.mark.parametrize(
    "folder",
    [
        "/s/system.slice/slurmstepd.scope/job_1/step_0/user/task_0",
        "/s/pbs_jobs.service/jobid/1.host",
        "/s/lsf/cluster/job.1.2",
        "/s/system.slice/cron.service",
        "/s/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope",
        "/s/docker/0123",
        "/s/user-1000.slice/users",
    ],
)
@pytest.mark.parametrize("uid", [0, 1000])
def test_nobody_is_moved_out_of_a_job_a_service_or_a_container(folder: str, uid: int) -> None:
    above, at = [], folder
    while (at := at.rpartition("/")[0]) != "":
        above.append(level(at, *ALL))
    found = moved(level(folder, *ALL, writable=uid == 0), above, uid)
    assert (found.way, found.place) == (NONE, "") and "not moved out of the job" in found.why
    assert found.tier(MEMORY) == WATCHER and "Delegate=yes" in found.remedy


def test_a_job_whose_group_was_delegated_has_its_own_below_that() -> None:
    own = level("/s/htcondor/slot_1", *ALL, delegated=True)
    found = moved(own, [level("/s/htcondor", *ALL, bounded=True)])
    assert (found.way, found.place) == (UNIFIED, own.folder)


def test_the_systemd_of_the_user_comes_before_folders_that_it_manages() -> None:
    found = moved(level(f"{USER}/x.scope", "memory", "pids"), [level(USER, *ALL)])
    assert (found.way, found.place) == (MANAGER, USER)


def test_version_1_folders() -> None:
    found = offer(Facts(1000, MODERN, legacy={"memory": "/m/x", "pids": "/p/x"}))
    assert (found.way, found.folders["pids"]) == (LEGACY, "/p/x")
    assert (found.tier(MEMORY), found.tier(PROCESSES), found.tier(CPUS)) == (CGROUP, CGROUP, AFFINITY)


def test_the_systemd_of_the_user() -> None:
    own = level(f"{SLICE}/session-1.scope", writable=False)
    managed = level("/s/user@1000.service", "memory", "pids")
    found = offer(Facts(1000, MODERN, own=own, manager="/run/user/1000/systemd/private", managed=managed))
    assert (found.way, found.place, found.manager) == (MANAGER, managed.folder, "/run/user/1000/systemd/private")
    assert (found.tier(MEMORY), found.tier(CPUS)) == (CGROUP, AFFINITY)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (Facts(1000, MODERN), "unified_cgroup_hierarchy"),
        (Facts(1000, MODERN, own=level("/s/session-1.scope", writable=False)), "enable-linger"),
        (
            Facts(
                1000,
                MODERN,
                own=level("/s/session-1.scope", writable=False),
                manager="/m",
                managed=level("/u", "memory"),
            ),
            "user@.service",
        ),
        (Facts(0, MODERN, own=level("/s/session-1.scope", *ALL, writable=False)), "systemd-run"),
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
