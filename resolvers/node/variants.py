"""Which packages of npm's lock a host takes: the lock names the variants of all systems.

Source: npm's documentation of package.json, "os", "cpu" and "libc"; npm-install-checks, "checkPlatform".
"""

from __future__ import annotations

from collections.abc import Sequence

from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.node import lock as locks
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.node.text import Table
from jhansi_runner.resolvers.node.tree import fitting
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

_CPUS = {"x86_64": "x64", "aarch64": "arm64"}
_OS, _LIBC = "linux", "glibc"


def fetched(text: str, machines: Sequence[str]) -> Sequence[Locked]:
    """The packages of a lock that any of the machines takes, as npm left it. Raises UnfitLock.

    It need not be a lock that fits a set of ours: whoever has npm installs it with that.
    """
    found: dict[str, Locked] = {}
    entries = locks.entries(text)
    for machine in machines:
        unfit = frozenset(place for place, entry in entries.items() if not _fits(entry, _CPUS[machine]))
        for _, place, entry in locks.fetched(fitting(entries, unfit)):
            one = _locked(place, entry)
            found[one.purl] = one
    return tuple(found[purl] for purl in sorted(found))


def _locked(place: str, entry: Table) -> Locked:
    name, version, url = locks.package_at(place, entry), entry.get("version"), entry.get("resolved")
    if not isinstance(version, str) or not registry.VERSION.fullmatch(version):
        raise UnfitLock(f"{name} has no version in the lock")
    if not isinstance(url, str) or not registry.is_file_of(url, name):
        raise UnfitLock(f"{name} {version} does not come from the registry: {str(url)[:120]}")
    sha512 = registry.sha512_of(entry.get("integrity"))
    return Locked(name, version, npm(name, version).purl, (f"sha512:{sha512}",) if sha512 else ())


def _fits(entry: Table, cpu: str) -> bool:
    return all(_lists(entry.get(key), value) for key, value in (("os", _OS), ("cpu", cpu), ("libc", _LIBC)))


def _lists(said: object, value: str) -> bool:
    """Whether a value is one of a list, or is not left out by it."""
    words = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    if not words or words == ["any"]:
        return True
    return f"!{value}" not in words and (value in words or all(str(word).startswith("!") for word in words))
