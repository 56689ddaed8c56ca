"""What to type to mend a host: one text for each kind of remedy, commands indented on their own lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.runner.host_facts import HostFacts

RESTRICT = "kernel.apparmor_restrict_unprivileged_userns"

_ANOTHER = "on the host"
"""What remedies say that are to be typed outside of this container."""
_PROFILE = "bwrap-userns-restrict"

# ID or ID_LIKE of os-release: what its administrator types, before the names of packages
_INSTALL = {
    "debian": "apt-get install",
    "fedora": "dnf install",
    "rhel": "dnf install",
    "suse": "zypper install",
    "arch": "pacman -S",
    "alpine": "apk add",
}

_CONTAINER = {
    "docker": (
        "  docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined"
        " --security-opt systempaths=unconfined ..."
    ),
    "podman": "  podman run --security-opt unmask=ALL --security-opt label=disable ...",
    "kubernetes": (
        "  spec.hostUsers: false\n"
        "  securityContext.procMount: Unmasked\n"
        "  securityContext.seccompProfile.type: Unconfined\n"
        "  securityContext.appArmorProfile.type: Unconfined"
    ),
    "lxc": "  security.nesting=true",
}

# (a word of bwrap's message, the system call behind it); the first that fits
_CALLS = (
    ("pidfd_", "pidfd_open or pidfd_send_signal, by which a program is ended in time"),
    ("memfd_create", "memfd_create"),
    ("realpath(", "looking up a path (readlink, faccessat2)"),
    ("setns", "setns, by which the sandbox's network is entered"),
    ("uid map", "writing uid_map"),
    ("gid map", "writing gid_map"),
    ("unshare user ns", "unshare with CLONE_NEWUSER"),
    ("loopback", "bringing up the loopback of a new network namespace"),
    ("pivot_root", "pivot_root"),
    ("hostname", "sethostname"),
    ("namespace", "clone with CLONE_NEWUSER"),
    ("mount", "mount"),
    ("slave", "mount"),
    ("bind", "mount"),
)


def as_typed(text: str, uid: int) -> str:
    """A remedy as this user types it: root needs no `sudo`, which containers lack. What is for another host stays."""
    return text if uid != 0 or _ANOTHER in text else text.replace("sudo ", "")


def install(facts: HostFacts) -> str:
    """How to install bubblewrap on this distribution."""
    command = install_command(facts.distribution, dict.fromkeys(_INSTALL, "bubblewrap"))
    if not command:
        return "Install the package bubblewrap of your distribution."
    return f"Install it, or ask the administrator of this host to:\n  {command}"


def install_command(distribution: Sequence[str], packages: Mapping[str, str]) -> str:
    """What an administrator types to install packages, whose names are by ID of os-release; "" when not known."""
    family = next((name for name in distribution if name in _INSTALL and name in packages), "")
    return f"sudo {_INSTALL[family]} {packages[family]}" if family else ""


def set_sysctl(name: str, value: int) -> str:
    """Set it now and for every later start."""
    file = "/etc/sysctl.d/60-user-namespaces.conf"
    return f"  echo {name}={value} | sudo tee -a {file}\n  sudo sysctl -p {file}"


def load_profile() -> str:
    """For Ubuntu's /usr/bin/bwrap: the narrow remedy first, then the wide one."""
    target = f"/etc/apparmor.d/{_PROFILE}"
    return (
        "Load the profile that lets bwrap, and only bwrap, make them:\n"
        "  sudo apt-get install apparmor-profiles\n"
        f"  sudo install -m 0644 /usr/share/apparmor/extra-profiles/{_PROFILE} {target}\n"
        f"  sudo apparmor_parser -r {target}\n"
        f"or, wider because it is for every program, lift the restriction:\n{set_sysctl(RESTRICT, 0)}"
    )


def container_options(facts: HostFacts) -> str:
    """What the container must be started with. The host's own restriction holds inside it as well."""
    how = _CONTAINER.get(facts.container, "  (see its manual: user namespaces, seccomp, masked /proc)")
    text = f"Start the container with:\n{how}\nor run on the host itself; privileged mode is not needed."
    if facts.apparmor_restrict:
        text += f"\nAppArmor on this host restricts them as well; on the host:\n{set_sysctl(RESTRICT, 0)}"
    return text


def blocked_call(said: str) -> str:
    """The system call behind one of bwrap's messages."""
    return next((call for word, call in _CALLS if word in said), "what a sandbox needs")
