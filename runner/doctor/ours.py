"""What is ours on this host: the policies, the proxy, the authority of the gate. Looks, and changes nothing."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import FLOOR, SITE_PATH, PolicyUnreadable, collect
from jhansi_runner.proxy.service.socket_path import connected
from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, YOU, Finding, fault, warning, well
from jhansi_runner.runner.doctor.probe_lock import held

_MAX_PROBLEMS = 10


def check_policy(explicit: str | None, env: Mapping[str, str], *, site: str = SITE_PATH) -> Finding:
    """Whether the policies that would be in force can be read and obeyed."""
    code = "JH-POLICY"
    try:
        sources = collect(explicit, env, site=site)
    except PolicyUnreadable as error:
        return fault(code, str(error), (), "")
    named = " ".join(source.name for source in sources)
    try:
        found = load(sources)
    except PolicyError as error:
        lines = [str(problem) for problem in error.problems[:_MAX_PROBLEMS]]
        at_fault = [source for source in sources if any(line.startswith(f"{source.name}:") for line in lines)]
        who = ADMINISTRATOR if any(source.role == FLOOR for source in at_fault) else YOU
        check = (f"  jhansi-runner policy check {source.name}" for source in at_fault)
        return fault(code, "the policy cannot be obeyed", (*lines, "Correct that, and check it:", *check), who)
    return well(code, f"{_floor(sources)}{named}; programs reach {_egress(found)}")


def _floor(sources: Sequence[object]) -> str:
    return "a floor of the site's and " if len(sources) > 1 else ""


def _egress(found: PolicySet) -> str:
    return "the registries through the gate" if found.egress.run == "registries" else "nothing"


def check_proxy(folders: paths.Paths) -> Finding:
    """Whether it runs, and whether others of the same user do: with other settings, or of other versions."""
    code = "JH-PROXY"
    others = _others(folders)
    noted = f"; {others} more of other versions or settings run, and end when idle" if others else ""
    try:
        endpoint = connected(folders.runtime, folders.service_key) if os.path.isdir(folders.runtime) else None
    except OSError as error:
        return fault(code, f"its socket in {folders.runtime} cannot be used: {error.strerror}", (
            "Move the folder away; the next run makes it anew:", f"  mv {folders.runtime} {folders.runtime}.away",
        ))  # fmt: skip
    if endpoint is None:
        return well(code, f"not running; the first program that needs a registry starts it{noted}")
    endpoint.close()
    return well(code, f"running{noted}")


def _others(folders: paths.Paths) -> int:
    try:
        names = os.listdir(folders.runtime)
    except OSError:
        return 0
    locks = [name for name in names if name.endswith(".lock") and name != f"{folders.service_key}.lock"]
    found = 0
    for name in locks:
        try:
            found += held(f"{folders.runtime}/{name}")
        except OSError:
            continue
    return found


def check_authority(folder: str, now: datetime.datetime) -> Finding:
    """Whether the key is its owner's alone, and the certificate valid."""
    code, key = "JH-AUTHORITY", f"{folder}/{paths.AUTHORITY_FILE}"
    try:
        found = os.lstat(key)
    except FileNotFoundError:
        return well(code, "made with the first run")
    except OSError as error:
        return fault(code, f"{key}: {error.strerror}", (f"  chmod 0700 {folder}",))
    if found.st_mode & 0o077 or found.st_uid != os.getuid():
        remedy = ("Make a new one: it is made with the next run.", f"  rm -r {folder}")
        return fault(code, f"{key} can be read by others than you", remedy)
    from jhansi_runner.proxy.gate.authority import usable

    if not usable(folder, now):
        return warning(code, "it is no longer valid, or not whole; the next run makes a new one")
    return well(code, f"valid, and its key is yours alone ({key})")
