"""Where the policy comes from: the site's floor, then the user's choice or the shipped default."""

from __future__ import annotations

import errno
import os

from jhansi_runner.proxy.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SITE_PATH = "/etc/jhansi-runner/policy.yaml"
DEFAULT_PATH = os.path.join(os.path.dirname(__file__), "default.yaml")
SIZE_LIMIT = 1 << 20
"""Bytes; a larger policy file is an error."""

FLOOR = "floor"
MAIN = "main"
SANDBOX = "sandbox"
"""What a sandbox brings: it narrows what the files before it allow, and names no host (`narrower.py`)."""

_KIND, _PIPE = 0o170000, 0o010000
_SHELLS_PIPES = ("/dev/", "/proc/")  # where a shell puts `<(...)`
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


class PolicyUnreadable(Exception):
    """A policy file that must count cannot be read; nothing may run without it."""


class Source:
    """One policy file as read: `name` is its path as shown to people, `role` is FLOOR, MAIN or SANDBOX."""

    # A plain class, because importing dataclasses costs a warm exec more than reading the file.
    __slots__ = ("data", "name", "role")

    def __init__(self, name: str, data: bytes, role: str = MAIN) -> None:
        self.name = name
        self.data = data
        self.role = role

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.data)} bytes, {self.role!r})"


def collect(explicit: str | None, env: Mapping[str, str], *, site: str = SITE_PATH) -> tuple[Source, ...]:
    """Read the files in force, the floor first. `explicit` is what `--policy` names.

    Raises PolicyUnreadable if a file that exists, or that was asked for, cannot be read in full.
    """
    floor = _read_if_there(site, "ask who administers this host")
    main_path, main = _main(explicit, env)
    main_source = Source(main_path, main, MAIN)
    return (main_source,) if floor is None else (Source(site, floor, FLOOR), main_source)


def shown(source: Source) -> str:
    """A policy file's name as those get to read it whom it refuses something: without the folders of the host."""
    name = os.path.basename(source.name)
    return f"the site's {name}" if source.role == FLOOR else name


def without_folders(sources: Iterable[Source]) -> list[Source]:
    """The same under the names that `shown` gives them."""
    return [Source(shown(one), one.data, one.role) for one in sources]


def digest(sources: Iterable[Source]) -> str:
    """Return the sha256, in hex, of what the sources say and in which role; where they lie does not count."""
    state = sha256(b"jhansi-runner policy 1\n")
    for source in sources:
        for part in (source.role.encode(), source.data):
            state.update(len(part).to_bytes(8, "big"))
            state.update(part)
    return state.hexdigest()


def _main(explicit: str | None, env: Mapping[str, str]) -> tuple[str, bytes]:
    if explicit is not None:
        return explicit, _read(explicit, "name a readable file with --policy")
    own = own_path(env)
    data = _read_if_there(own, "make it a readable file, or name another one with --policy") if own else None
    if own and data is not None:
        return own, data
    return DEFAULT_PATH, _read(DEFAULT_PATH, "install jhansi-runner again, or name a policy with --policy")


def own_path(env: Mapping[str, str]) -> str | None:
    """Return the path of the user's own file; JHANSI_HOME replaces the XDG directories."""
    if env.get("JHANSI_HOME"):
        return os.path.join(env["JHANSI_HOME"], "policy.yaml")
    config = env.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(config):  # the XDG specification: a relative path is to be ignored
        home = env.get("HOME") or _home_of_user()
        if not home:
            return None
        config = os.path.join(home, ".config")
    return os.path.join(config, "jhansi-runner", "policy.yaml")


def _home_of_user() -> str | None:
    import pwd  # only a service without HOME pays for this

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return None


def _read_if_there(path: str, remedy: str) -> bytes | None:
    # A link that leads nowhere was put there by someone who meant a policy to be in force.
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _ABSENT:
            return None
        raise _unreadable(path, error, remedy) from error
    return _read(path, remedy)


def _read(path: str, remedy: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if os.fstat(descriptor).st_mode & _KIND == _PIPE and not path.startswith(_SHELLS_PIPES):
                raise ValueError("it is a pipe")  # whoever put it there could keep us waiting
            os.set_blocking(descriptor, True)
            data = _read_all(descriptor)
        finally:
            os.close(descriptor)
        if len(data) > SIZE_LIMIT:
            raise ValueError(f"it is larger than {SIZE_LIMIT} bytes")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, remedy) from error
    return data


def _read_all(descriptor: int) -> bytes:
    parts = []
    left = SIZE_LIMIT + 1
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _unreadable(path: str, error: OSError | ValueError, remedy: str) -> PolicyUnreadable:
    why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return PolicyUnreadable(f"{path}: the policy cannot be read: {why}. Nothing runs without it. Next: {remedy}")
