"""What `doctor` says of hosts that folders stand for: each thing that can be wrong with one, in turn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.runner.doctor import bwrap, clock, kernel, limits
from jhansi_runner.runner.doctor.facts import Host, read_host
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR as ADMIN
from jhansi_runner.runner.doctor.findings import YOU, Finding, State
from jhansi_runner.runner.limits.tiers import Facts, Level, offer
from support.bwrap_stub import stub

GOOD = {
    "proc/self/ns/user": "",
    "proc/self/status": "Name:\tx\nSeccomp:\t0\n",
    "proc/self/uid_map": "0 0 4294967295\n",
    "proc/sys/user/max_user_namespaces": "63704\n",
    "proc/sys/kernel/yama/ptrace_scope": "1\n",
    "proc/self/mountinfo": "22 27 0:21 / /proc rw,relatime - proc proc rw\n",
    "etc/os-release": "ID=debian\n",
}


def host(root: Path, files: dict[str, str] | None = None, *, version: str = "0.12.0", **more: object) -> Host:
    """A host of these files, besides or instead of good ones; "" for none."""
    for path, content in {**GOOD, **(files or {})}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    made: dict[str, object] = {"release": "6.1.0", "machine": "x86_64", "uid": 1000, **more}
    return read_host("/usr/bin/bwrap", root=str(root), version_of=lambda _: f"bubblewrap {version}", **made)  # type: ignore[arg-type]


def everything(found: Host) -> dict[str, Finding]:
    checks = (kernel.check_machine, kernel.check_seccomp, kernel.check_userns, kernel.check_proc, kernel.check_ptrace,
              kernel.check_root, bwrap.check_bwrap, bwrap.check_flaw, limits.check_crashes)  # fmt: skip
    return {one.code: one for one in (check(found) for check in checks)}


def test_a_good_host_has_nothing_wrong(tmp_path: Path) -> None:
    found = everything(host(tmp_path, try_flaw=lambda _: False))
    assert {one.state for one in found.values()} == {State.OK}, found
    assert not any(one.remedy or one.who for one in found.values())


# (files or options of the host, code, state, what the summary names, what the remedy says to type)
WRONG: dict[str, tuple[dict[str, str], dict[str, object], str, State, str, str]] = {
    "another machine": ({}, {"machine": "riscv64"}, "JH-MACHINE", State.FAULT, "riscv64", "x86_64 or aarch64"),
    "no filters": ({"proc/self/status": "Name:\tx\n"}, {}, "JH-SECCOMP", State.FAULT, "no system-call filters",
                   "CONFIG_SECCOMP"),
    "debian's sysctl": ({"proc/sys/kernel/unprivileged_userns_clone": "0"}, {}, "JH-USERNS", State.FAULT,
                        "unprivileged_userns_clone is 0", "kernel.unprivileged_userns_clone=1"),
    "no user namespaces": ({"proc/sys/user/max_user_namespaces": "0"}, {}, "JH-USERNS", State.FAULT,
                           "max_user_namespaces is 0", "user.max_user_namespaces=15000"),
    "no network namespaces": ({"proc/sys/user/max_net_namespaces": "0"}, {}, "JH-USERNS", State.FAULT,
                              "max_net_namespaces is 0", "user.max_net_namespaces=15000"),
    "an old bwrap": ({}, {"version": "0.6.2"}, "JH-BWRAP", State.FAULT, "0.6.2", "apt-get install bubblewrap"),
    "a bwrap that does not answer": ({}, {"version": "?"}, "JH-BWRAP", State.FAULT, "does not tell", "bubblewrap"),
    "a flawed bwrap": ({}, {"try_flaw": lambda _: True}, "JH-BWRAP-FLAW", State.WARNING, "CVE-2026-87766",
                       "apt-get install bubblewrap"),
    "crashes that are handled": ({"proc/sys/kernel/core_pattern": "|/usr/lib/handler %P\n"}, {"core_limit": 0},
                                 "JH-CRASH", State.WARNING, "start /usr/lib/handler %P", "* hard core 1"),
    "crashes that a socket takes": ({"proc/sys/kernel/core_pattern": "@/run/crashes\n"}, {"core_limit": -1},
                                    "JH-CRASH", State.WARNING, "listens at /run/crashes", "kernel.core_pattern=core"),
    "root": ({}, {"uid": 0}, "JH-ROOT", State.WARNING, "you are root", "useradd"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_what_mends_it(tmp_path: Path, name: str) -> None:
    files, options, code, state, summary, remedy = WRONG[name]
    found = everything(host(tmp_path, files, **options))  # type: ignore[arg-type]
    one = found.pop(code)
    assert (one.state, summary in one.summary, remedy in "\n".join(one.remedy)) == (state, True, True), one
    assert {other.state for other in found.values()} <= {State.OK, State.UNTRIED}, "and nothing else is"


def test_a_kernel_without_user_namespaces(tmp_path: Path) -> None:
    found = host(tmp_path)
    (tmp_path / "proc/self/ns/user").unlink()
    found = read_host("/usr/bin/bwrap", root=str(tmp_path), version_of=lambda _: "bubblewrap 0.9.0")
    assert "CONFIG_USER_NS" in "\n".join(kernel.check_userns(found).remedy)


def test_a_host_without_proc(tmp_path: Path) -> None:
    found = read_host("/usr/bin/bwrap", root=str(tmp_path), version_of=lambda _: "bubblewrap 0.9.0")
    assert "sudo mount -t proc" in "\n".join(kernel.check_proc(found).remedy)
    assert {kernel.check_seccomp(found).state, kernel.check_userns(found).state} == {State.UNTRIED}


def test_no_bwrap(tmp_path: Path) -> None:
    host(tmp_path)
    found = read_host(None, root=str(tmp_path))
    assert bwrap.check_bwrap(found).state is State.FAULT
    assert bwrap.check_bwrap(found).who == ADMIN
    assert bwrap.check_flaw(found).state is State.UNTRIED


def test_a_setuid_bwrap(tmp_path: Path) -> None:
    path = stub(tmp_path / "bin", "echo bubblewrap 0.11.0")
    path.chmod(0o4755)
    host(tmp_path)
    found = read_host(str(path), root=str(tmp_path), try_flaw=lambda _: pytest.fail("a setuid bwrap was started"))
    assert "sudo chmod u-s" in "\n".join(bwrap.check_bwrap(found).remedy)


@pytest.mark.parametrize(
    ("files", "noted"),
    [
        ({"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "no profile names bwrap"),
        ({"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
          "etc/apparmor.d/bwrap": "profile bwrap /usr/bin/bwrap flags=(unconfined) {"}, "/etc/apparmor.d/bwrap"),
        ({"sys/fs/selinux/enforce": "1"}, "SELinux"),
        ({"run/systemd/container": "lxc"}, "container (lxc)"),
        ({"proc/self/uid_map": "1000 1000 1"}, "not the host's first"),
    ],
)  # fmt: skip
def test_what_may_restrict_is_noted_and_judged_by_trying(tmp_path: Path, files: dict[str, str], noted: str) -> None:
    found = kernel.check_userns(host(tmp_path, files))
    assert (found.state, noted in found.summary, "JH-SANDBOX" in found.summary) == (State.OK, True, True), found


@pytest.mark.parametrize(
    ("pattern", "limit", "says"),
    [
        ("core\n", 0, "no program of the host"),
        ("|/x\n", 1024, "1 byte"),
        ("|/x\n", -1, "1 byte"),
        ("", 0, "no program"),
    ],
)
def test_crashes_are_nobodys_where_nobody_handles_them_or_the_limit_lets_us_say_so(
    tmp_path: Path, pattern: str, limit: int, says: str
) -> None:
    found = limits.check_crashes(host(tmp_path, {"proc/sys/kernel/core_pattern": pattern}, core_limit=limit))
    assert (found.state, says in found.summary) == (State.OK, True), found


@pytest.mark.parametrize(
    ("mount", "hidden"), [("hidepid=invisible", "invisible"), ("hidepid=2", "2"), ("hidepid=0", ""), ("gid=5", "")]
)
def test_how_proc_hides_processes(tmp_path: Path, mount: str, hidden: str) -> None:
    files = {"proc/self/mountinfo": f"22 27 0:21 / /proc rw,relatime - proc proc rw,{mount}\n"}
    assert host(tmp_path, files).hidepid == hidden


def test_the_flaw_is_tried_and_told_whatever_the_version(tmp_path: Path) -> None:
    mended = host(tmp_path, version="0.9.0", try_flaw=lambda _: False)
    assert "older" in bwrap.check_flaw(mended).summary
    flawed = bwrap.check_flaw(replace(mended, flawed=True))
    assert flawed.state is State.WARNING
    said = "\n".join(flawed.remedy)
    assert "0.12.0 or later from source" in said, "a distribution may have none that is mended"
    assert "no second run in a workspace" in said and "protected names" in said, "and this can be done at once"


FOLLOWS = """
for word; do
    case $before in --dir) mkdir -p "$(readlink "${word%/made}" | sed s,^/oldroot,,)/made" ;; esac
    before=$word
done
"""


def test_a_bwrap_that_follows_links_is_found_out(tmp_path: Path) -> None:
    assert bwrap.follows_links(str(stub(tmp_path / "flawed", FOLLOWS))) is True
    assert bwrap.follows_links(str(stub(tmp_path / "sound", "exit 0"))) is False
    assert bwrap.follows_links(str(stub(tmp_path / "broken", "exit 1"))) is None
    assert bwrap.follows_links(str(tmp_path / "none")) is None


EVERY = ("cpu", "memory", "pids")


def test_limits_are_told_by_who_counts() -> None:
    own = Level("/sys/fs/cgroup/x", EVERY, True, delegated=True)
    strong = limits.check_limits(offer(Facts(1000, (6, 1), own=own)))
    assert (strong.state, strong.remedy) == (State.OK, ())
    assert "memory by a control group" in strong.summary and "/sys/fs/cgroup/x" in strong.summary
    session = Level("/s/session-1.scope", EVERY, False)
    managed = offer(Facts(1000, (6, 1), own=session, manager="/m", managed=Level("/u", EVERY, True)))
    assert "at /u, through the systemd of yours" in limits.check_limits(managed).summary


@pytest.mark.parametrize(
    ("facts", "told", "remedy", "who"),
    [
        (Facts(1000, (6, 1)), "memory by looking now and then, processes by RLIMIT_NPROC", "unified_cgroup", ADMIN),
        (Facts(0, (6, 1)), "processes by looking now and then", "unified_cgroup", ADMIN),
        (Facts(1000, (6, 1), own=Level("/s/session-1.scope", EVERY, False)),
         "no control group is delegated", "enable-linger", ADMIN),
        (Facts(1000, (6, 1), own=Level("/s/session-1.scope", EVERY, False, bounded=True)),
         "has limits", "Delegate=yes", YOU),
        (Facts(1000, (6, 1), own=Level("/s/job_1", EVERY, False)), "not moved out of the job", "batch system", ADMIN),
        (Facts(1000, (6, 1), own=Level("/s/x", EVERY[1:], True, delegated=True)),
         "memory by a control group, processes by a control group, cpus by affinity", "Delegate=yes", YOU),
        (Facts(0, (6, 1), own=Level("/s/x", EVERY[1:], True, delegated=True)), "cpus by affinity", "+cpu", ADMIN),
        (Facts(1000, (6, 1), own=Level("/s/session-1.scope", EVERY, False), manager="/m",
               managed=Level("/u", EVERY[1:], True)),
         "cpus by affinity", "user@.service", ADMIN),
        (Facts(1000, (6, 1), legacy={"memory": "/m", "pids": "/p"}), "cpus by affinity", "cpu controller", ADMIN),
    ],
)  # fmt: skip
def test_what_is_not_held_by_a_control_group_is_told_with_what_gives_one(
    facts: Facts, told: str, remedy: str, who: str
) -> None:
    found = limits.check_limits(offer(facts))
    assert (found.state, found.who) == (State.WARNING, who), found
    assert told in found.summary
    assert remedy in "\n".join(found.remedy)


DAY = 86400.0


def test_a_clock_that_is_behind_what_was_written_is_wrong() -> None:
    assert clock.check_clock(100 * DAY, 100.9 * DAY, "/x").state is State.OK, "another host's clock may be ahead"
    wrong = clock.check_clock(100 * DAY, 110 * DAY, "/x/journal")
    assert wrong.state is State.FAULT
    assert "/x/journal" in wrong.summary
    assert "10 days" in wrong.summary
