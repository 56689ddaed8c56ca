"""The sandbox's arguments for bubblewrap: a root built from an allowlist, and nothing of the host beside it.

Pure: what is mounted is decided from what is handed in. Light: a warm `exec` imports this module.

Source: bwrap(1); ADR 0004.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy.cell.doorway import PORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORKSPACE, DEPENDENCIES = "/sandbox", "/deps"
HOME = "/tmp/home"  # noqa: S108  # a tmpfs of the sandbox's own
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
MINIMUM_BWRAP = (0, 8, 0)

_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_NAMES = "/interpreter"
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


def root(etc: str, usr: str = "/usr") -> list[str]:
    """The root: the system's programs read-only, a made-up `/etc`, sized memory for temporary files.

    `etc` is a folder of ours that stands in for `/etc`.
    """
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
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(_SHARED_BYTES), "--perms", "1777", "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--size", str(_TEMPORARY_BYTES), "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108
        *("--dir", HOME),
    ]


def sealed() -> list[str]:
    """The last arguments: what is not meant to be written cannot be, not even the empty root."""
    return ["--remount-ro", "/dev", "--remount-ro", "/"]


def interpreter(python: str) -> list[str]:
    """Name the interpreter `python` and `python3`, whatever the host calls it."""
    return ["--symlink", python, f"{_NAMES}/python", "--symlink", python, f"{_NAMES}/python3"]


def toolchain(prefix: str, site: Sequence[str]) -> list[str]:
    """Show an interpreter that lives outside `/usr`, read-only, where it is; hide the packages that the host gave it.

    A program that got a package from the host would break on the next one, and nobody would have judged the package.
    """
    arguments = [] if not prefix or _below(prefix, "/usr") else ["--ro-bind", prefix, prefix]
    for folder in site:
        if os.path.isdir(folder) and (_below(folder, "/usr") or _below(folder, prefix)):
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


def environment(variables: Mapping[str, str]) -> list[str]:
    """Set the sandbox's variables; there are no others."""
    return [word for name, value in variables.items() for word in ("--setenv", name, value)]


def variables(prefix: str, *, door: bool, dependencies: bool) -> dict[str, str]:
    """The variables that every program gets. `door` tells whether there is a way to the gate."""
    paths = [f"{DEPENDENCIES}/bin"] if dependencies else []
    paths.append(_NAMES)
    if prefix and not _below(prefix, "/usr"):
        paths.append(f"{prefix}/bin")
    found = {
        "PATH": ":".join([*paths, "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": HOME,
        "USER": "sandbox",
        "LOGNAME": "sandbox",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",  # noqa: S108
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }
    if dependencies:
        found["PYTHONPATH"] = DEPENDENCIES
    if door:
        found.update(dict.fromkeys(_PROXIES, f"http://127.0.0.1:{PORT}"))
        found.update(dict.fromkeys(_LOCAL, "localhost,127.0.0.1,::1"))
        found.update(dict.fromkeys(TRUST, CERTIFICATES))
    return found


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
