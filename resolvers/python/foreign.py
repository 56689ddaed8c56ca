"""Resolutions for hosts that are not this one: other Pythons, other machines, and other C libraries.

What a wheel asks of the C library decides which version an installer there takes, so each host is resolved twice: with
the oldest library that distributions still have, and with the newest.

Source: uv's documentation of `--python-version` and `--python-platform`; PEP 600.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jhansi_runner.resolvers.elsewhere import Attempt, Host
from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.python import steps
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

_LIBRARIES = ("2_28", "2_40")
"""The C library of RHEL 8, and the newest that uv knows by name."""


def attempts(plan: Plan, python: str, hosts: Sequence[Host], *, build: bool) -> Sequence[Attempt]:
    """A resolution for each host and each of the libraries. `python` is the interpreter here, for what is built."""
    found = []
    for host in hosts:
        for library in _LIBRARIES:
            platform = f"{host.machine}-manylinux_{library}"
            output = f"lock-{host.python}-{platform}.txt"
            target = ("--python-version", host.python, "--python-platform", platform)
            step = steps.resolve(plan, python, build=build, target=target, output=output)
            only = f"with glibc {library.replace('_', '.')}"
            found.append(Attempt((host,), (step,), (output,), only))
    return found


def locked(plan: Plan, attempt: Attempt, left: Mapping[str, str]) -> Sequence[Locked]:
    """The packages of a lock, with the author's hashes alone where there are any. Raises UnfitLock."""
    (name,) = attempt.files
    if name not in left:
        raise UnfitLock("uv left no lock")
    return steps.locked(steps.narrowed(left[name], plan))
