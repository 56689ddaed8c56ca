"""The report: everything that is looked at, in order, and what it comes to."""

from __future__ import annotations

import datetime
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jhansi_runner.proxy import paths
from jhansi_runner.resolvers.all import BrokenResolver, resolvers
from jhansi_runner.runner import host
from jhansi_runner.runner.doctor import bwrap, clock, kernel, limits, ours, places, tools
from jhansi_runner.runner.doctor.facts import Host, read_host, read_place
from jhansi_runner.runner.doctor.findings import Finding, State, fault, warning
from jhansi_runner.runner.doctor.topics import TOPICS
from jhansi_runner.runner.doctor.trial import EXEC, SANDBOX, hold_trial, nothing_tried, state_of
from jhansi_runner.runner.host_remedies import as_typed
from jhansi_runner.runner.limits.host_groups import read_facts
from jhansi_runner.runner.limits.tiers import offer
from jhansi_runner.runner.visible import private_folders
from jhansi_runner.runner.workspace import enclosing
from jhansi_runner.runner.workspace_lock import is_known

_CAUSES = ("JH-MACHINE", "JH-SECCOMP", "JH-USERNS", "JH-PROC", "JH-BWRAP")


@dataclass(frozen=True, slots=True)
class Report:
    """A host and what was found of it, in the order of `TOPICS`."""

    host: Host
    findings: tuple[Finding, ...]


def examine(env: Mapping[str, str], policy: str | None, command: Sequence[str] = EXEC) -> Report:
    """Look at this host, and hold the trial. `command` starts `exec`. Raises UnsafeFolder."""
    folders = paths.current(env)
    found = read_host(host.find_bwrap(":".join(["/usr/bin", env.get("PATH", "")])), try_flaw=bwrap.follows_links)
    looked = [
        *_host(found, env),
        *_state(folders, policy, env),
        *_tools(folders, env, found),
        *_trial(folders, env, command),
    ]
    looked = [_typed(one) for one in _once(looked)]
    order = list(TOPICS)
    return Report(found, tuple(sorted(looked, key=lambda finding: order.index(finding.code))))


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, without telling twice how to mend what keeps a sandbox from being made."""
    causes = [one.code for one in findings if one.code in _CAUSES and one.state is State.FAULT]
    first = (f"Mend {', '.join(causes)} first.",)
    return [
        replace(one, remedy=first, who="") if causes and one.code == SANDBOX and one.state is State.FAULT else one
        for one in findings
    ]


def _typed(one: Finding) -> Finding:
    return replace(one, remedy=tuple(as_typed("\n".join(one.remedy), os.getuid()).splitlines()))


def _host(found: Host, env: Mapping[str, str]) -> Iterator[Finding]:
    yield kernel.check_machine(found)
    yield kernel.check_seccomp(found)
    yield kernel.check_userns(found)
    yield kernel.check_proc(found)
    yield kernel.check_ptrace(found)
    yield kernel.check_root(found)
    yield bwrap.check_bwrap(found)
    yield bwrap.check_flaw(found)
    yield limits.check_limits(offer(read_facts(env)))
    yield limits.check_crashes(found)


def _state(folders: paths.Paths, policy: str | None, env: Mapping[str, str]) -> Iterator[Finding]:
    yield ours.check_policy(policy, env)
    for code, path in ((places.CACHE, folders.cache), (places.STATE, folders.state), (places.RUNTIME, folders.runtime)):
        try:
            yield places.check_place(code, read_place(path), os.getuid(), own_home=bool(env.get("JHANSI_HOME")))
        except OSError as error:
            yield fault(code, f"{path}: {error.strerror}")
    yield ours.check_proxy(folders)
    now = time.time()
    try:
        yield ours.check_authority(folders.authority, datetime.datetime.fromtimestamp(now, datetime.UTC))
    except OverflowError:  # a clock that is that far off is told below
        yield warning("JH-AUTHORITY", "cannot be judged by this clock")
    yield clock.check_clock(now, *_latest(folders))


def _latest(folders: paths.Paths) -> tuple[float, str]:
    """When the last of our own files was written, and which one."""
    times = {}
    for path in (os.path.abspath(__file__), f"{folders.runs}/journal", folders.authority_certificate):
        try:
            times[path] = os.stat(path).st_mtime
        except OSError:
            continue
    path = max(times, key=lambda each: times[each], default="")
    return times.get(path, 0.0), path


def _tools(folders: paths.Paths, env: Mapping[str, str], found: Host) -> Iterator[Finding]:
    private = private_folders(folders)

    def planted(path: str) -> bool:
        above = {folder for each in (os.path.abspath(path), os.path.realpath(path)) for folder in enclosing(each)}
        return any(is_known(folders, folder) for folder in above)

    try:
        languages = resolvers()
    except BrokenResolver as error:
        yield warning("JH-PYTHON", f"a package that brings a language is broken: {error}")
        return
    for resolver in languages.values():
        if resolver.language in tools.CODES:
            yield tools.check_tool(tools.look(resolver, env, planted, private), found.basic.distribution)


def _trial(folders: paths.Paths, env: Mapping[str, str], command: Sequence[str]) -> list[Finding]:
    everything = {**state_of(folders), "ledger": f"{folders.ledger}/", "cache": f"{folders.cache}/"}
    own = {f"your {name}": path for name, path in everything.items() if os.path.exists(path)}
    try:
        return hold_trial(command, env, own)
    except OSError as error:
        remedy = ("Make room in the folder for temporary files, or name another one:", "  export TMPDIR=/a/folder")
        told = fault(SANDBOX, f"the trial could not be prepared in {tempfile.gettempdir()}: {error.strerror}", remedy)
        return [told, *nothing_tried("no program could be run")]
