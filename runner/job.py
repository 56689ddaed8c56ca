"""A job: what is to be run, and where, settled before anything is decided. Light: a warm `exec` imports this module."""

from __future__ import annotations

import os
import sys

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.proxy.policy.sources import SANDBOX, PolicyUnreadable, Source, collect, digest
from jhansi_runner.runner import host, sandbox, spoken, ticket
from jhansi_runner.runner.account import Account
from jhansi_runner.runner.errors import NOTHING_TO_RUN, REFUSED, RunnerError
from jhansi_runner.runner.limits.model import (
    DISK,
    OPTIONS,
    TIME,
    Limit,
    Limits,
    defaults,
    host_memory,
    narrowed,
    of_options,
    parse,
)
from jhansi_runner.runner.workspace import PEOPLE, Workspace, open_workspace, true_path
from jhansi_runner.runner.workspace_lock import is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from jhansi_runner.proxy.service.client import Starting
    from jhansi_runner.runner.options import ExecOptions
    from jhansi_runner.runner.outlet import Outlet


SANDBOX_POLICY = "sandbox-policy"
"""What stands in refusals for the file of a sandbox's own policy."""


class Named:
    """A sandbox that has a name, as a run in it needs to know it.

    `key` stands for `Job.sandbox`, and `work` is its workspace; `policy` is the text of its own policy, "" for none,
    `limits` are options of `exec` by name, `language` is "" for any; `run` is the journal's id of the run, "" for a new
    one. `timeout` is in seconds, for programs that ask for none, where the policy does not say less. Whoever holds the
    sandbox busy has checked all of this. `room` are the bytes that the sandbox may still take, None for any. `usher` is
    the socket of one (`proxy/cell/doorway.py`) for the first doorway, -1 for none.
    """

    __slots__ = ("id", "key", "language", "limits", "policy", "room", "run", "timeout", "usher", "work")

    def __init__(self, id_: str, key: str, work: str) -> None:
        self.id, self.key, self.work = id_, key, work
        self.policy = self.language = self.run = ""
        self.limits: Mapping[str, str] = {}
        self.timeout: float | None = None
        self.room: int | None = None
        self.usher = -1

    def take_usher(self) -> int:
        """The socket of an usher, whom nobody else has then; -1 for none."""
        usher, self.usher = self.usher, -1
        return usher


class Job:
    """What is to be run, and where: everything that was settled before anything is decided.

    `named` is the sandbox when it has a name; what it allows can only narrow what is asked for and allowed elsewhere.
    `offline` tells that nobody but the cache is asked. `given` are the limits that options ask for, for the program
    alone; `granted` those that it has, and `limits` those of installers and builds: both are the defaults until `bound`
    is told what the policy allows.
    """

    __slots__ = (
        "account",
        "bwrap",
        "cwd",
        "entry",
        "env",
        "folders",
        "given",
        "granted",
        "limits",
        "links",
        "name",
        "named",
        "offline",
        "options",
        "outlet",
        "policy",
        "run",
        "sandbox",
        "sources",
        "starting",
        "workspace",
    )

    def __init__(
        self, options: ExecOptions, folders: paths.Paths, env: Mapping[str, str], named: Named | None = None
    ) -> None:
        self.options, self.folders, self.account, self.env = options, folders, Account(), env
        self.named = named
        self.given = _given(options, named)
        self.limits = self.granted = defaults(host_memory())
        try:
            self.sources: tuple[Source, ...] = collect(options.policy, env)
        except PolicyUnreadable as error:
            raise RunnerError(str(error)) from None
        if named is not None and named.policy:
            self.sources += (Source(SANDBOX_POLICY, named.policy.encode(), SANDBOX),)
        self.policy = digest(self.sources)
        self.offline = _offline(options, env)
        self.workspace = _workspace(options, folders, env, named)
        self.cwd = sandbox.WORKSPACE if named is not None else _inside(self.workspace, _current())
        self.entry = _entry(options, self.workspace, named)
        if options.test:
            from jhansi_runner.runner.testing import as_tests

            as_tests(options, self.workspace, self.entry)
            self.entry = ""
        self.bwrap = _bwrap(env, self.workspace)
        self.run = (named.run if named is not None else "") or os.urandom(8).hex()
        self.starting: Starting | None = None
        self.outlet: Outlet | None = None
        self.links = 0
        words = options.command
        tells = (os.path.basename(spoken.spoken(words)[0]), spoken.named(words)) if words else ()  # language and needs
        flags = tuple(name if getattr(options, name) else "" for name in ("no_install", "fix", "test"))
        tools = env.get("PATH", "")  # where the language's programs are looked for
        choices = (options.language or "", options.python or "", *flags, " ".join(tells), tools, *_product())
        self.sandbox = named.key if named is not None else ticket.key(self.workspace, "", ())[:16]
        self.name = ticket.key(self.workspace, self.entry or "--", choices)

    @property
    def told(self) -> tuple[str, str]:
        """The ids of the run and of its sandbox, as outcomes tell them."""
        return (self.run, self.sandbox) if self.named is None else (f"run_{self.run}", self.named.id)

    @property
    def private(self) -> str:
        """The folder of our state for what belongs to this workspace alone."""
        return self.folders.private(self.sandbox)

    def bound(self, allowed: Limits) -> None:
        """Keep all limits within those of the policy. Raises RunnerError when an option asks for more."""
        usual = defaults(host_memory())
        seconds = self.named.timeout if self.named is not None else None
        timed = Limits(dict([*usual.items(), *([] if seconds is None else [(TIME, Limit(seconds, "the service"))])]))
        try:
            self.granted = _within(narrowed(allowed, self.given, timed), self.named)
            self.limits = narrowed(allowed, Limits({}, required=self.given.required), usual)
        except ValueError as error:
            raise RunnerError(str(error), code=REFUSED) from None

    def site(self, name: str, *, private: bool) -> str:
        """The packages of a stored set, "" for none."""
        return f"{self.folders.stored_set(name, self.sandbox, private=private)}/site" if name else ""


def _offline(options: ExecOptions, env: Mapping[str, str]) -> bool:
    try:
        found = options.offline or always_offline(env)
    except ValueError as error:
        raise RunnerError(str(error)) from None
    if options.missing is not None and not found:
        raise RunnerError("--missing is for what --offline does not find in the cache: add --offline")
    return found


def _given(options: ExecOptions, named: Named | None) -> Limits:
    texts = {name: getattr(options, option.removeprefix("--")) for name, option in OPTIONS.items()}
    try:
        given = of_options(texts, required=options.require_limits)
    except ValueError as error:
        raise RunnerError(str(error)) from None
    if named is None:
        return given
    own = {name: named.limits.get(option.removeprefix("--")) for name, option in OPTIONS.items()}
    try:
        wide = Limits({name: Limit(parse(name, text), named.id) for name, text in own.items() if text is not None})
        return narrowed(wide, given, Limits({}))
    except ValueError as error:
        raise RunnerError(str(error), code=REFUSED) from None


def _within(limits: Limits, named: Named | None) -> Limits:
    """Let a run take no more of the disk than its sandbox has left. Raises ValueError when it has nothing left."""
    if named is None or named.room is None:
        return limits
    if named.room <= 0:
        why = "holds all that it may, or folders in folders too deep to be counted"
        raise ValueError(f"{named.id} {why}: remove files of it, or use another sandbox")
    own = limits.get(DISK)
    if own is not None and own.value <= named.room:
        return limits
    left = (DISK, Limit(named.room, "the service"))
    return Limits(dict([*limits.items(), left]), required=limits.required)


def _product() -> tuple[str, ...]:
    """What changes when another version of ours is installed, or a package that brings a language."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return ticket.signature(__file__), ticket.signature(f"{sys.prefix}/lib/{version}/site-packages")


def _workspace(options: ExecOptions, folders: paths.Paths, env: Mapping[str, str], named: Named | None) -> Workspace:
    import pwd

    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = env.get("HOME", "/")
    ours = (folders.cache, folders.state, folders.runtime, folders.data)
    program = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))), sys.prefix, sys.base_prefix)
    way = os.path.join(_came_by(env), options.workspace or "") if named is None else named.work
    path = true_path(way, lambda each: is_known(folders, each))
    places = tuple(place for place in program if place not in ("/", "/usr"))
    homes = {home, env.get("HOME") or home}
    if os.getuid() == 0:  # to root, everybody's home is open
        homes |= {each.pw_dir for each in pwd.getpwall() if PEOPLE[0] <= each.pw_uid <= PEOPLE[1]}
    for each in homes:
        found = open_workspace(path, each, ours, places, own=os.path.realpath(named.work) if named is not None else "")
    return found


def _current() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise RunnerError("the current folder is gone: change to another one", code=NOTHING_TO_RUN) from None


def _came_by(env: Mapping[str, str]) -> str:
    """The current folder by the way that the shell came, which its true path does not tell."""
    here, way = _current(), env.get("PWD", "")
    return way if os.path.isabs(way) and os.path.realpath(way) == here else here


def _inside(workspace: Workspace, folder: str) -> str:
    path = os.path.realpath(folder)
    if path == workspace.path:
        return sandbox.WORKSPACE
    if path.startswith(workspace.path + "/"):
        return sandbox.WORKSPACE + path.removeprefix(workspace.path)
    return sandbox.WORKSPACE


def _entry(options: ExecOptions, workspace: Workspace, named: Named | None) -> str:
    """The program's path below the workspace, "" for a command, or where there are tests alone to run."""
    if options.command or (options.test and not options.file):
        return ""
    base = _current() if options.workspace is None and named is None else workspace.path
    asked = options.file
    path = os.path.normpath(os.path.join(base, asked))
    if not os.path.lexists(path) and options.workspace is not None:
        path = os.path.normpath(os.path.join(_current(), asked))
    folder, name = os.path.split(path)
    path = os.path.join(os.path.realpath(folder), name)
    if path == workspace.path:
        raise RunnerError(f"{asked or 'an empty name'} is a folder: name the file to run", code=NOTHING_TO_RUN)
    if not path.startswith(workspace.path + "/"):
        where = f"the workspace {workspace.path}" if named is None else named.id
        hint = f"name its folder: jhansi-runner exec --workspace {folder} {name}"
        hint = hint if named is None else "name a file by its path in the sandbox"
        raise RunnerError(f"{asked} is not in {where}", code=NOTHING_TO_RUN, lines=(hint,))
    entry = path.removeprefix(workspace.path + "/")
    leads_out = named is not None and not os.path.realpath(path).startswith(workspace.path + "/")
    if leads_out or not os.path.exists(path):  # who asks for a sandbox by its name is not told what the host has
        where = workspace.path if named is None else named.id
        lines = () if named is None else ("write it there first",)
        raise RunnerError(f"there is no file {asked} in {where}", code=NOTHING_TO_RUN, lines=lines)
    if os.path.isdir(path):
        raise RunnerError(f"{asked} is a folder: name the file to run", code=NOTHING_TO_RUN)
    return entry


def _bwrap(env: Mapping[str, str], workspace: Workspace) -> str:
    """The bubblewrap to use: the system's, which alone has AppArmor's permission on Ubuntu 24.04, else one on PATH.

    Never one in the workspace, where a program may have put it. Raises RunnerError.
    """
    folders = [folder for folder in env.get("PATH", "").split(":") if not _below(folder, workspace.path)]
    found = host.find_bwrap(":".join(["/usr/bin", *folders]))
    if found is None or host.is_setuid(os.stat(found)) or _below(found, workspace.path):
        from jhansi_runner.runner.trouble import explain

        raise explain(found, "")
    return found


def _below(path: str, folder: str) -> bool:
    real = os.path.realpath(path)
    return real == folder or real.startswith(folder + "/")
