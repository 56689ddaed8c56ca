"""What an install or a program missed in the cache, as a list that `cache warm` takes on a host that has registries.

What clients asked for and did not get is known exactly. Where they were shown a listing that had nothing for them, it
is what the plan asks for and what they say they wanted, if they asked for it and nothing in the cache fits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import GOLANG, MAVEN, PYPI, Coordinate
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.policy.ranges import exact
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.maven_paths import PLUGIN_GROUPS
from jhansi_runner.proxy.shortage import shortage
from jhansi_runner.resolvers.golang.names import PATH
from jhansi_runner.resolvers.interface import Requirement
from jhansi_runner.resolvers.unmet import Unmet, unmet
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.kept import one_fits, opened
from jhansi_runner.runner.record import Record
from jhansi_runner.runner.warm.list_file import write
from jhansi_runner.runner.warm.lists import line_of
from jhansi_runner.runner.warm.wants import Exact, Open, Want

_SHOWN = 20
_PREFIX = re.compile(r"No plugin found for prefix '([A-Za-z0-9._-]{1,100})'")


def missing(entries: Sequence[Entry], words: str, requirements: Sequence[Requirement], cache: str) -> Sequence[Want]:
    """What was missing: of one failed install or program, its `entries` and `words`, and what was asked for."""
    found = shortage(entries, registries())
    certain = (each for each in requirements if not (each.optional or each.url or each.origin == PATH))
    planned = [Unmet(*_pinned(each), sure=False) for each in certain]
    said = unmet(words)
    wants: dict[Want, None] = {}
    with opened(cache) as kept:
        for one in found.coordinates:
            if one.version is not None:
                wants[Exact(one, "")] = None
            elif kept.is_needed(one, found, planned):
                wants |= dict.fromkeys(_as_wanted(one, planned, said))
        for each in (*planned, *said):
            if each.package in found.asked and kept.lacks(each, found):
                wants[_want(each.package, each.specifier)] = None
    found_by_prefix = _PREFIX.search(words)
    return [
        one
        for one in wants
        if (isinstance(one, Exact) or not _is_within(one, wants))
        and not (found_by_prefix and _is_another_plugin(one.coordinate, found_by_prefix[1]))
    ]


def not_cached(requirements: Iterable[Requirement], cache: str) -> Sequence[Want]:
    """What of these requirements nothing in the cache fits."""
    with opened(cache) as kept:
        wanted = (Unmet(*_pinned(each), sure=False) for each in requirements if not each.url)
        return [_want(each.package, each.specifier) for each in wanted if not kept.fits(each)]


def tell(job: Job, wants: Sequence[Want], record: Record | None) -> tuple[str, ...]:
    """Write the list, and note it in the record; the lines that say so."""
    lines = sorted({line_of(want) for want in wants})
    if record is not None:
        record.missing = sorted({*record.missing, *lines})
        lines = record.missing
    path = job.options.missing or f"{paths.make(f'{job.folders.state}/missing')}/{job.sandbox}.txt"
    head = f"# What {job.workspace.path} misses in the cache of {os.uname().nodename}."
    text = "\n".join(["".join(c if c.isprintable() else "?" for c in head), *lines, ""])
    write(path, text)
    shown = [f"  {line}" for line in lines[:_SHOWN]]
    shown += [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    verb = "is" if len(lines) == 1 else "are"
    return (
        f"{counted(len(lines), 'package')} {verb} not in the cache, which is all that is asked offline:",
        *shown,
        f"written to {path}: on the other side run `jhansi-runner cache warm {os.path.basename(path)}`",
    )


def say_missing(job: Job, wants: Sequence[Want], record: Record | None) -> None:
    """The same, said at once."""
    for line in tell(job, wants, record) if wants else ():
        say(line)


def _is_another_plugin(package: Coordinate, prefix: str) -> bool:
    """Whether Maven tried a plugin only because any may have the prefix that was called for."""
    usual = (f"maven-{prefix}-plugin", f"{prefix}-maven-plugin")
    return package.type == MAVEN and package.namespace in PLUGIN_GROUPS and package.name not in usual


def _is_within(open_: Open, wants: Iterable[Want]) -> bool:
    """Whether another want says more: of the same package one release in this range or, for any version, a range."""
    others = [one for one in wants if one is not open_ and one.coordinate.at(None) == open_.coordinate]
    exacts = {one.coordinate.version or "" for one in others if isinstance(one, Exact)}
    return bool(others) if not open_.specifier else one_fits(open_.coordinate.type, exacts, open_.specifier)


def _as_wanted(package: Coordinate, planned: Sequence[Unmet], said: Sequence[Unmet]) -> Sequence[Want]:
    """A package of which no version is known, with the range that somebody wants of it; a Go module by its plan."""
    ranges = [each for each in (*planned, *said) if each.package == package]
    if package.type == GOLANG and not ranges:
        ranges = [each for each in planned if package.path.startswith(f"{each.package.path}/")]
    return [_want(each.package, each.specifier) for each in ranges] or [Open(package, "", "")]


def _pinned(each: Requirement) -> tuple[Coordinate, str]:
    found = Coordinate.parse(each.purl)
    return found.at(None), "" if each.specifier == "*" else each.specifier or found.version or ""


def _ordered(specifier: str) -> str:
    """A range of PEP 440 in one spelling, the lower bound first."""
    parts = dict.fromkeys("".join(part.split()) for part in specifier.split(","))
    return ",".join(sorted(filter(None, parts), key=lambda part: (part[0] in "<!", part)))


def _want(package: Coordinate, specifier: str) -> Want:
    """One release where the range is one version, else the range."""
    version = specifier.removeprefix("==").strip() if package.type == PYPI else specifier.removeprefix("=").strip()
    try:
        exact(package.type, version)
    except ValueError:
        return Open(package, _ordered(specifier) if package.type == PYPI else specifier, "")
    return Exact(package.at(version), "")
