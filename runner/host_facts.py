"""What decides whether a sandbox can be made on this host. Read only after bwrap failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from jhansi_runner.runner.host import is_setuid, parse_version

# (where its trace is, relative to the root; what it is)
_CONTAINER_TRACES = (
    ("var/run/secrets/kubernetes.io", "kubernetes"),
    ("run/.containerenv", "podman"),
    (".dockerenv", "docker"),
    ("dev/lxd/sock", "lxc"),
    ("dev/incus/sock", "lxc"),
)
_KINDS = ("cgroup", "ipc", "mnt", "net", "pid", "uts")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """None for a number: this kernel has no such switch; for `bwrap_version`: it could not be read.

    `container` is kubernetes, podman, docker, lxc, what systemd says, or "". `apparmor_profile` is the file
    in /etc/apparmor.d that names this bwrap, or "". `distribution` holds ID and ID_LIKE of os-release.
    `seccomp_inherited`: a filter from outside is in force. `nested`: this user namespace does not map all
    ids. `proc`: `/proc` is mounted. `forbidden` are the kinds of namespaces, other than user, of which none may be
    made. `open_files` and `processes` are how many this session may have, None for any number.
    """

    bwrap: str | None
    bwrap_version: tuple[int, int, int] | None = None
    bwrap_setuid: bool = False
    unprivileged_userns_clone: int | None = None
    max_user_namespaces: int | None = None
    apparmor_restrict: int | None = None
    apparmor_profile: str = ""
    selinux_enforcing: bool = False
    kernel_has_userns: bool = True
    container: str = ""
    seccomp_inherited: bool = False
    nested: bool = False
    distribution: tuple[str, ...] = ()
    proc: bool = True
    forbidden: tuple[str, ...] = ()
    open_files: int | None = None
    processes: int | None = None


def run_version(bwrap: str) -> str:
    """What `bwrap --version` prints; empty if it cannot be run or does not answer within 5 s."""
    try:
        done = subprocess.run([bwrap, "--version"], env={}, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout


def read_facts(bwrap: str | None, *, root: str = "/", version_of: Callable[[str], str] = run_version) -> HostFacts:
    """Look at the files under `root`; what cannot be read counts as absent. Never raises for an odd host."""

    def text(path: str) -> str:
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                return file.read(1 << 16)
        except OSError:
            return ""

    def number(path: str) -> int | None:
        found = text(path).strip()
        return int(found) if found.isascii() and found.isdigit() else None

    def limit(name: str) -> int | None:
        found = next((line for line in text("proc/self/limits").splitlines() if line.startswith(name)), "")
        soft = found.removeprefix(name).split()[:1]
        return int(soft[0]) if soft and soft[0].isdigit() else None

    traces = (name for path, name in _CONTAINER_TRACES if os.path.exists(os.path.join(root, path)))
    return HostFacts(
        bwrap=bwrap,
        bwrap_version=parse_version(version_of(bwrap)) if bwrap else None,
        bwrap_setuid=_setuid(bwrap),
        unprivileged_userns_clone=number("proc/sys/kernel/unprivileged_userns_clone"),
        max_user_namespaces=number("proc/sys/user/max_user_namespaces"),
        apparmor_restrict=number("proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        apparmor_profile=_profile_for(bwrap, os.path.join(root, "etc/apparmor.d"), text) if bwrap else "",
        selinux_enforcing=number("sys/fs/selinux/enforce") == 1,
        kernel_has_userns=os.path.lexists(os.path.join(root, "proc/self/ns/user")),
        container=next(traces, "") or text("run/systemd/container").strip(),
        seccomp_inherited="\nSeccomp:\t2" in text("proc/self/status"),
        nested=text("proc/self/uid_map").split() not in ([], ["0", "0", "4294967295"]),
        distribution=_distribution(text("etc/os-release")),
        proc=os.path.isdir(os.path.join(root, "proc/self")),
        forbidden=tuple(kind for kind in _KINDS if number(f"proc/sys/user/max_{kind}_namespaces") == 0),
        open_files=limit("Max open files"),
        processes=limit("Max processes"),
    )


def _setuid(bwrap: str | None) -> bool:
    try:
        return bwrap is not None and is_setuid(os.stat(bwrap))
    except OSError:
        return False


def _profile_for(bwrap: str, folder: str, text: Callable[[str], str]) -> str:
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return ""
    return next((name for name in names if bwrap in text(f"etc/apparmor.d/{name}").split()), "")


def _distribution(os_release: str) -> tuple[str, ...]:
    values = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    return tuple(" ".join(values.get(key, "").strip("\"'") for key in ("ID", "ID_LIKE")).split())
