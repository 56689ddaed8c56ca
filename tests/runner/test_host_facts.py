"""What is read of a host, from trees of files that stand for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.runner.host_facts import HostFacts, read_facts, run_version
from support.bwrap_stub import stub

BWRAP = "/usr/bin/bwrap"
MODERN = "bubblewrap 0.11.1"


def tree(root: Path, files: dict[str, str]) -> str:
    """A host's root whose kernel has user namespaces, and `files`; a path ending in / is a directory."""
    for path, content in {"proc/self/ns/user": "", **files}.items():
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    return str(root)


def facts(root: Path, files: dict[str, str], bwrap: str = BWRAP) -> HostFacts:
    return read_facts(bwrap, root=tree(root, files), version_of=lambda _: MODERN)


def test_a_host_without_any_of_it(tmp_path: Path) -> None:
    assert facts(tmp_path, {}) == HostFacts(bwrap=BWRAP, bwrap_version=(0, 11, 1))
    assert not read_facts(None, root=str(tmp_path / "no")).kernel_has_userns


def test_an_ubuntu_host(tmp_path: Path) -> None:
    seen = facts(
        tmp_path,
        {
            "proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
            "proc/sys/kernel/unprivileged_userns_clone": "1\n",
            "proc/sys/user/max_user_namespaces": "63704\n",
            "proc/self/uid_map": "         0          0 4294967295\n",
            "proc/self/status": "Name:\tsh\nSeccomp:\t0\n",
            "etc/os-release": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
            "etc/apparmor.d/brave": "profile brave /opt/brave flags=(unconfined) { userns, }\n",
        },
    )
    assert (seen.apparmor_restrict, seen.unprivileged_userns_clone, seen.max_user_namespaces) == (1, 1, 63704)
    assert seen.distribution == ("ubuntu", "debian")
    assert (seen.apparmor_profile, seen.nested, seen.seccomp_inherited, seen.container) == (
        "",
        False,
        False,
        "",
    )


def test_the_apparmor_profile_is_the_one_for_this_very_path(tmp_path: Path) -> None:
    files = {
        "etc/apparmor.d/a-brew": "profile brew /home/linuxbrew/bin/bwrap flags=(unconfined) { userns, }\n",
        "etc/apparmor.d/bwrap-userns-restrict": "profile bwrap /usr/bin/bwrap flags=(x) {}\n",
        "etc/apparmor.d/local/": "",
    }
    assert facts(tmp_path, files).apparmor_profile == "bwrap-userns-restrict"
    assert read_facts("/opt/bin/bwrap", root=str(tmp_path), version_of=lambda _: MODERN).apparmor_profile == ""


@pytest.mark.parametrize(
    ("trace", "content", "container"),
    [
        (".dockerenv", "", "docker"),
        ("run/.containerenv", "", "podman"),
        ("var/run/secrets/kubernetes.io/", "", "kubernetes"),
        ("dev/lxd/sock", "", "lxc"),
        ("run/systemd/container", "systemd-nspawn\n", "systemd-nspawn"),
    ],
)
def test_containers_are_known_by_their_traces(tmp_path: Path, trace: str, content: str, container: str) -> None:
    assert facts(tmp_path, {trace: content}).container == container


def test_what_surrounds_this_process(tmp_path: Path) -> None:
    files = {
        "proc/self/status": "Name:\tsh\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n",
        "proc/self/uid_map": "      1000       1000          1\n",
        "sys/fs/selinux/enforce": "1",
    }
    seen = facts(tmp_path, files)
    assert (seen.seccomp_inherited, seen.nested, seen.selinux_enforcing) == (True, True, True)


def test_the_version_is_asked_of_the_program(tmp_path: Path) -> None:
    old = stub(tmp_path, "echo bubblewrap 0.4.1")
    assert read_facts(str(old), root=tree(tmp_path / "root", {})).bwrap_version == (0, 4, 1)


def test_a_program_that_does_not_answer_has_no_version(tmp_path: Path) -> None:
    assert run_version(str(tmp_path / "absent")) == ""
    assert run_version(str(stub(tmp_path, "printf '\\377'"))) == ""


def test_a_setuid_bwrap_is_seen(tmp_path: Path) -> None:
    path = stub(tmp_path, "echo bubblewrap 0.9.0")
    path.chmod(0o4755)
    assert read_facts(str(path), root=tree(tmp_path / "root", {})).bwrap_setuid


LIMITS = """Limit                     Soft Limit           Hard Limit           Units
Max processes             100                  unlimited            processes
Max open files            {files}                 1048576              files
"""


@pytest.mark.parametrize(("files", "most"), [("16", 16), ("unlimited", None)])
def test_what_the_session_may_have(tmp_path: Path, files: str, most: int | None) -> None:
    seen = facts(tmp_path, {"proc/self/limits": LIMITS.format(files=files)})
    assert (seen.open_files, seen.processes) == (most, 100)
