"""The limits of a run: how much of what, and who set it. Pure. Light: a warm `exec` imports this module.

Source: ADR 13.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy.policy.sizes import read_size, size_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEMORY, PROCESSES, CPUS, DISK, FILES = "memory", "processes", "cpus", "disk", "files"
OUTPUT, TIME = "output", "time"
NAMES = (MEMORY, PROCESSES, CPUS, DISK, FILES, OUTPUT, TIME)
OPTIONS = {name: f"--{name}" for name in NAMES} | {TIME: "--timeout"}
DEFAULT_PROCESSES = 4096
LEAST_MEMORY = 16 << 20
"""Bytes; with less not even the sandbox starts."""

_SIZES = (MEMORY, DISK, OUTPUT)
_COUNTS = (PROCESSES, FILES)
_MOST_SIZE, _MOST_PROCESSES, _MOST_CPUS, _MOST_FILES, _MOST_SECONDS = 1 << 50, 1 << 22, 1024.0, 1 << 32, 1e9


class Limit:
    """One limit: bytes, a count of processes or files, CPUs, or seconds; `origin` is who set it, "" for nobody."""

    __slots__ = ("origin", "value")

    def __init__(self, value: float, origin: str = "") -> None:
        self.value, self.origin = float(value), origin


class Limits:
    """What a run may use, by the names above; what is not named has no limit.

    `required` tells that nothing is to run where the kernel does not count memory and processes itself.
    """

    __slots__ = ("_limits", "required")

    def __init__(self, limits: Mapping[str, Limit], *, required: bool = False) -> None:
        self._limits, self.required = {name: limits[name] for name in NAMES if name in limits}, required

    def get(self, name: str) -> Limit | None:
        """One limit, None for no limit."""
        return self._limits.get(name)

    def value(self, name: str) -> float | None:
        """How much, None for no limit."""
        found = self._limits.get(name)
        return None if found is None else found.value

    def amount(self, name: str) -> int | None:
        """How many bytes, processes or files, None for no limit."""
        found = self._limits.get(name)
        return None if found is None else int(found.value)

    def items(self) -> list[tuple[str, Limit]]:
        """All that are set, in the order of `NAMES`."""
        return list(self._limits.items())

    @property
    def are_asked_for(self) -> bool:
        """Whether somebody set one that a control group can hold, or requires one."""
        return self.required or any(
            name in (MEMORY, PROCESSES, CPUS) and limit.origin for name, limit in self._limits.items()
        )


def parse(name: str, text: str) -> float:
    """Read a limit as it is written on the command line. Raises ValueError with what to write."""
    if name in _SIZES:
        size = read_size(text)
        if name == MEMORY and size < LEAST_MEMORY:
            raise ValueError(f"{text} is too little for any program: write {size_text(LEAST_MEMORY)} or more")
        if not 0 < size <= _MOST_SIZE:
            raise ValueError(f"{text} is no size that a program could be held to")
        return size
    what, most = {
        PROCESSES: ("a number of processes, such as 500", _MOST_PROCESSES),
        CPUS: ("a number of CPUs, such as 1.5", _MOST_CPUS),
        FILES: ("a number of files, such as 100000", _MOST_FILES),
        TIME: ("a number of seconds above 0", _MOST_SECONDS),
    }[name]
    try:
        value = float(int(text)) if name in _COUNTS else float(text)
    except (ValueError, OverflowError):
        value = -1.0
    if not (0 < value <= most) or (name == CPUS and value < 0.01):
        raise ValueError(f"{text}: give {what}")
    return value


def of_options(texts: Mapping[str, str | None], *, required: bool) -> Limits:
    """The limits that options ask for, None for none. Raises ValueError with what to write."""
    found = {}
    for name, text in texts.items():
        if text is not None:
            try:
                found[name] = Limit(parse(name, text), OPTIONS[name])
            except ValueError as error:
                raise ValueError(f"{OPTIONS[name]} {error}") from None
    return Limits(found, required=required)


def shown(name: str, value: float) -> str:
    """Write a limit as people read it."""
    if name in _SIZES:
        return size_text(int(value))
    if name in _COUNTS:
        return str(int(value))
    return f"{value:g} s" if name == TIME else f"{value:g}"


def host_memory() -> int:
    """Bytes of memory that this host has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def defaults(host_memory: int) -> Limits:
    """What holds where nobody set anything: three quarters of the host's memory, and 4,096 processes and threads."""
    memory = max(host_memory * 3 // 4, LEAST_MEMORY)
    return Limits({MEMORY: Limit(memory), PROCESSES: Limit(DEFAULT_PROCESSES)})


def narrowed(policy: Limits, given: Limits, default: Limits) -> Limits:
    """The limits of a run: what its options ask for, within the policy; where neither says anything, the default.

    Raises ValueError for an option that asks for more than the policy allows.
    """
    found = {}
    for name in NAMES:
        wide, own = policy.get(name), given.get(name)
        if wide is not None and own is not None and own.value > wide.value:
            asked, allowed = shown(name, own.value), shown(name, wide.value)
            raise ValueError(f"{own.origin} {asked} is more than the {allowed} that {wide.origin} allows")
        chosen = own or wide or default.get(name)
        if chosen is not None:
            found[name] = chosen
    return Limits(found, required=policy.required or given.required)


def as_pairs(limits: Limits) -> list[tuple[str, str]]:
    """The limits as a ticket keeps them: name, and value with origin."""
    pairs = [(name, f"{limit.value!r} {limit.origin}") for name, limit in limits.items()]
    return [*pairs, ("required", "yes")] if limits.required else pairs


def of_pairs(pairs: Sequence[tuple[str, str]]) -> Limits:
    """The limits that a ticket keeps. Raises ValueError for pairs of another form."""
    found, required = {}, False
    for name, text in pairs:
        value, _, origin = text.partition(" ")
        if (name, text) == ("required", "yes"):
            required = True
        elif name in NAMES and 0 < float(value) < float("inf"):
            found[name] = Limit(float(value), origin)
        else:
            raise ValueError(f"{name} {text!r} is no limit")
    return Limits(found, required=required)
