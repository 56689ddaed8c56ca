"""The sandbox's arguments for bubblewrap: a root built from an allowlist, and nothing of the host beside it.

Pure: what is mounted is decided from what is handed in. Light: a warm `exec` imports this module.

Source: bwrap(1); ADR 0004.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy.cell.devices import devices
from jhansi_runner.proxy.cell.doorway import PORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKSPACE = "/sandbox"
PLACES = ("/deps", "/node_modules", "/keep", "/launch", "/stage", "/tools")
"""Where a language may put its set, what it keeps, and what its programs are launched with."""
HOME = "/tmp/home"  # noqa: S108  # a tmpfs of the sandbox's own
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_NAMES = "/interpreter"
_HOSTS_OWN = ("keys", "key-users", "cmdline")
"""Files of `/proc` with no namespace: they name the user's keys, and tell what the host was started with."""
_TEMPORARY_BYTES, _SHARED_BYTES, _EMPTY_BYTES = 2 << 30, 1 << 30, 4096

_NAMESPACES = (
    "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session",
    "--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--clearenv",
)  # fmt: skip

TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")
"""Variables by which clients are told whom to trust: the gate's authority, which is all that the sandbox has."""
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "YARN_HTTPS_PROXY")
_LOCAL = ("NO_PROXY", "no_proxy")
OWN_VARIABLES = frozenset((*TRUST, *_PROXIES, *_LOCAL, "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"))
"""Variables that `--env` may not change, because the way out or the loader hangs on them."""


def root(etc: str, usr: str = "/usr", memory: int | None = None) -> list[str]:
    """The root: the system's programs read-only, a made-up `/etc`, sized memory for temporary files.

    `etc` is a folder of our state that stands in for `/etc`; `memory` is how many bytes the sandbox may have, None for
    any.
    """
    most = _TEMPORARY_BYTES if memory is None else memory
    arguments = [*_NAMESPACES, "--ro-bind", usr, "/usr"]
    for name in _SYSTEM_LINKS:
        path = "/" + name
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            arguments += ["--ro-bind", path, path]
    arguments += ["--ro-bind", etc, "/etc"]
    for name in ("ld.so.cache", "alternatives"):
        if os.path.exists("/etc/" + name):
            arguments += ["--ro-bind", "/etc/" + name, "/etc/" + name]
    return [
        *arguments,
        *("--proc", "/proc", "--size", str(_EMPTY_BYTES), "--perms", "0555", "--tmpfs", "/proc/1", *_hidden()),
        *("--dev", "/dev", *devices(os.path.dirname(etc))),
        *("--size", str(min(_SHARED_BYTES, most)), "--perms", "1777", "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--size", str(min(_TEMPORARY_BYTES, most)), "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108
        *("--dir", HOME),
    ]


def _hidden() -> list[str]:
    """Hide files of `/proc`: opening one is refused. What only root can read would be open to root's programs."""
    names = [name for name in _HOSTS_OWN if os.path.exists("/proc/" + name)]
    if os.geteuid() == 0:
        with os.scandir("/proc") as entries:
            names += [each.name for each in entries if not each.name.isdigit() and _is_roots(each)]
    return [word for name in names for word in ("--ro-bind", "/dev/null", "/proc/" + name)]


def _is_roots(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and not entry.stat(follow_symlinks=False).st_mode & 0o004


def sealed() -> list[str]:
    """The last arguments: what is not meant to be written cannot be, not even the empty root.

    Files of `/proc` that look only at who writes them are the user's: root would set `/proc/sys/kernel/core_pattern`, a
    program that the host runs. `/proc/1` is bubblewrap: its memory, and `exe`, a way to the host's own file past every
    mount of ours. It is hidden.
    """
    return [word for place in ("/dev", "/proc/1", "/proc", "/") for word in ("--remount-ro", place)]


def programs(named: Sequence[tuple[str, str]]) -> list[str]:
    """Give programs the names by which they are called, whatever the host calls them: name and path of each."""
    return [word for name, path in named for word in ("--symlink", path, f"{_NAMES}/{name}")]


def toolchain(shown: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """Show what belongs to a language's programs, read-only, where it is; hide the packages that the host gave them.

    A program that got a package from the host would break on the next one, and nobody would have judged the package.
    """
    arguments = [word for path in shown for word in ("--ro-bind", path, path)]
    for folder in hidden:
        if os.path.isdir(folder):
            arguments += ["--size", str(_EMPTY_BYTES), "--tmpfs", folder, "--remount-ro", folder]
    return arguments


def workspace(path: str, protected: Sequence[str], *, writable: bool = True) -> list[str]:
    """Show the workspace, its protected names read-only. They exist, and are no links."""
    arguments = ["--bind" if writable else "--ro-bind", path, WORKSPACE]
    for name in protected:
        arguments += ["--ro-bind", f"{path}/{name}", f"{WORKSPACE}/{name}"]
    return arguments


def read_only(shown: Sequence[tuple[str, str]]) -> list[str]:
    """Show host paths read-only: the true path and the place, of each."""
    return [word for path, place in shown for word in ("--ro-bind", path, place)]


def writable(shown: Sequence[tuple[str, str]]) -> list[str]:
    """Show folders of our state that a program may write to: the true path and the place, of each."""
    return [word for path, place in shown for word in ("--bind", path, place)]


def environment(variables: Mapping[str, str]) -> list[str]:
    """Set the sandbox's variables; there are no others."""
    return [word for name, value in variables.items() for word in ("--setenv", name, value)]


def variables(before: Sequence[str], after: Sequence[str], *, door: bool) -> dict[str, str]:
    """The variables that every program gets. `door` tells whether there is a way to the gate.

    On PATH, `before` come ahead of the names of programs, and `after` behind them.
    """
    found = {
        "PATH": ":".join([*before, _NAMES, *after, "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": HOME,
        "USER": "sandbox",
        "LOGNAME": "sandbox",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",  # noqa: S108
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }
    if door:
        found.update(dict.fromkeys(_PROXIES, f"http://127.0.0.1:{PORT}"))
        found.update(dict.fromkeys(_LOCAL, "localhost,127.0.0.1,::1"))
        found.update(dict.fromkeys(TRUST, CERTIFICATES))
    return found
