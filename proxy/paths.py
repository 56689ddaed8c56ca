"""Where the product keeps what it keeps: the cache, the state, the runtime folder.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy.digests import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITY_FILE = "jhansi-runner-ca.pem"
"""Key and certificate of the gate's authority."""
AUTHORITY_CERTIFICATE = "jhansi-runner-ca-cert.pem"
"""The certificate alone."""
_SERVICE_ENVIRONMENT = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy",
    "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "JHANSI_PROXY_IDLE",
    "JHANSI_CACHE_LIMIT",
)  # fmt: skip
"""What shapes the proxy's view of the world: a shell with another value gets a proxy of its own."""


_SERVICE_PROTOCOL = "1"
"""Raised with every change of what runner and service say to each other: an upgrade must not meet an old service."""


_LONGEST = 488
"""Bytes of a folder's path: SQLite takes 503 for a database, and the cache's has `/index/cache.db` after it."""


class UnsafeFolder(Exception):
    """A folder of ours belongs to somebody else, or others may write to it, or its path is too long."""


class Paths:
    """The folders of one user. Nothing is made until `make` is called.

    `cache` may be deleted at any time, `state` holds stored sets, the ledger and the gate's CA, `data` the files of
    sandboxes, `runtime` holds control sockets and is on a local file system.

    Source: XDG Base Directory Specification; `JHANSI_HOME` puts all of them below one folder.
    """

    __slots__ = ("cache", "data", "runtime", "service_key", "state")

    def __init__(self, env: Mapping[str, str], uid: int, nodename: str) -> None:
        home = env.get("JHANSI_HOME")
        base = env.get("HOME") or _home(uid)
        if home:
            home = os.path.abspath(home)
            self.cache, self.state = home + "/cache", home + "/state"
            self.data, self.runtime = home + "/data", home + "/run"
        else:
            self.cache = _xdg(env, "XDG_CACHE_HOME", base + "/.cache") + "/jhansi-runner"
            self.state = _xdg(env, "XDG_STATE_HOME", base + "/.local/state") + "/jhansi-runner"
            self.data = _xdg(env, "XDG_DATA_HOME", base + "/.local/share") + "/jhansi-runner"
            runtime = env.get("XDG_RUNTIME_DIR", "")
            usable = os.path.isabs(runtime) and os.path.isdir(runtime)
            self.runtime = runtime + "/jhansi-runner" if usable else f"/tmp/jhansi-runner-{uid}"  # noqa: S108
        shape = "\0".join(
            [
                *(_SERVICE_PROTOCOL, os.path.dirname(os.path.abspath(__file__)), nodename, self.cache, self.state),
                *(env.get(name, "") for name in _SERVICE_ENVIRONMENT),
            ]
        )
        self.service_key = sha256(shape.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    @property
    def sandboxes(self) -> str:
        """Sandboxes that have a name, each a folder."""
        return self.data + "/sandboxes"

    @property
    def service(self) -> str:
        """What is known of sandboxes and their runs."""
        return self.state + "/service"

    @property
    def sets(self) -> str:
        """Stored sets of dependencies, named by the digest of their lock."""
        return self.state + "/sets"

    def private(self, sandbox: str) -> str:
        """The folder of what belongs to one workspace alone."""
        return f"{self.state}/private/{sandbox}"

    def stored_set(self, name: str, sandbox: str, *, private: bool) -> str:
        """The folder of a stored set, which is a workspace's own when it is private."""
        return f"{self.private(sandbox) if private else self.sets}/{name}"

    @property
    def requests(self) -> str:
        """Locks, named by the digest of the request that was resolved to them."""
        return self.state + "/requests"

    @property
    def tickets(self) -> str:
        """What was decided for a workspace, so that a repeat decides nothing."""
        return self.state + "/tickets"

    @property
    def staging(self) -> str:
        """Installs under way; on the file system of the sets, so that a rename completes them."""
        return self.state + "/staging"

    @property
    def runs(self) -> str:
        """The journal of runs, its index, and what programs asked for."""
        return self.state + "/runs"

    @property
    def locks(self) -> str:
        """Lock files, which hold nothing."""
        return self.state + "/locks"

    @property
    def ledger(self) -> str:
        """The folder of the request ledger."""
        return self.state + "/ledger"

    @property
    def authority(self) -> str:
        """The folder of the gate's certificate authority: key and certificate."""
        return self.state + "/authority"

    @property
    def authority_certificate(self) -> str:
        """The public half, which sandboxes trust."""
        return f"{self.authority}/{AUTHORITY_CERTIFICATE}"


def _home(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_dir
    except KeyError:
        return "/nonexistent"


def _xdg(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, "")
    return value if os.path.isabs(value) else default


def current(env: Mapping[str, str]) -> Paths:
    """The folders for this user on this host. Raises UnsafeFolder when a path of theirs is too long."""
    found = Paths(env, os.getuid(), os.uname().nodename)
    for folder in (found.cache, found.state, found.data, found.runtime):
        if (size := len(os.fsencode(folder))) > _LONGEST:
            what = f"{folder[:60]}... is too long a path ({size} bytes, at most {_LONGEST})"
            raise UnsafeFolder(f"{what}: set JHANSI_HOME to a shorter one")
    return found


def make(folder: str) -> str:
    """Make a folder that its owner can enter and nobody else can write to, and return it.

    Raises UnsafeFolder where it exists and is somebody else's: `/tmp` is shared.
    """
    try:
        _make_all(folder)
    except NotADirectoryError:
        raise UnsafeFolder(f"{folder} lies in something that is not a folder: move that away") from None
    found = os.lstat(folder)
    if found.st_uid != os.getuid():
        raise UnsafeFolder(f"{folder} belongs to user {found.st_uid}, not to you: set JHANSI_HOME to a folder of yours")
    if found.st_mode & 0o170000 != 0o040000:
        raise UnsafeFolder(f"{folder} is not a folder: move it away")
    if found.st_mode & 0o022 or found.st_mode & 0o700 != 0o700:  # a program may have changed that of its own folder
        os.chmod(folder, 0o700)
    return folder


def _make_all(folder: str) -> None:
    """Make a folder and what is missing above it, all for the owner alone, whatever the umask is.

    Source: XDG Base Directory Specification, "Referencing this specification"; `os.makedirs` has a mode for the last.
    """
    try:
        os.mkdir(folder, 0o700)
        return
    except FileExistsError:
        return
    except FileNotFoundError:
        _make_all(os.path.dirname(folder))
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:  # somebody else was quicker
        pass
