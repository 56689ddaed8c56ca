"""The hosts that a cache is warmed for, which need not be like this one.

Source: ADR 0015; PEP 425 and PEP 600 for what wheels say of hosts, npm's documentation of `os` and `cpu`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINUX = ("x86_64", "aarch64")
_PYTHON = re.compile(r"3\.\d{1,2}")
_PLATFORM = re.compile(r"linux-([a-z0-9_]+)")


@dataclass(frozen=True, slots=True)
class Target:
    """A Python, such as `3.12`, on a machine such as `x86_64` with Linux and the GNU C library."""

    python: str
    machine: str

    @property
    def name(self) -> str:
        """As it is told to people."""
        return f"Python {self.python} on linux-{self.machine}"


def targets(pythons: str, platforms: str, here: Target) -> Sequence[Target]:
    """Each Python on each platform, from options such as `3.11,3.12` and `linux-x86_64,linux-aarch64`; "" is `here`'s.

    Raises ValueError with what is wrong.
    """
    versions = [_python(text) for text in _parts(pythons)] or [here.python]
    machines = [_machine(text) for text in _parts(platforms)] or [here.machine]
    return tuple(Target(version, machine) for version in versions for machine in machines)


def _parts(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _python(text: str) -> str:
    if not _PYTHON.fullmatch(text):
        raise ValueError(f"{text!r} is no version of Python that can be warmed for: write it as 3.12")
    return text


def _machine(text: str) -> str:
    found = _PLATFORM.fullmatch(text)
    if found is None or found[1] not in LINUX:
        raise ValueError(f"{text!r} is no platform: write {' or '.join(f'linux-{one}' for one in LINUX)}")
    return found[1]
