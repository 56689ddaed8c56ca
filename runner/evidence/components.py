"""The packages of a stored set, each with its artifacts, its licence and its needs, and what does not add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.licences import LONGEST
from jhansi_runner.proxy.policy.spdx import ALL, ANY, UNKNOWN, read_expression
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.evidence.asked import Asked
from jhansi_runner.runner.evidence.stored import Artifact, Contents
from jhansi_runner.runner.rejudge import is_of

NOASSERTION = "NOASSERTION"
_BESIDE = (".pom", ".mod", ".info", ".module", ".metadata")
"""Files that tell about a package and are not it."""


@dataclass(frozen=True, slots=True)
class Component:
    """One installed package. `artifacts` begins with the package itself, `needs` are purls, `asked` is who asked."""

    purl: str
    name: str
    version: str
    artifacts: tuple[Artifact, ...]
    needs: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()

    @property
    def declared(self) -> str:
        """The licence as its author wrote it, "" for none."""
        return self.artifacts[0].licence if self.artifacts else ""

    @property
    def licence(self) -> str:
        """An SPDX expression, or NOASSERTION."""
        return spdx(self.declared)


def components(packages: Iterable[Locked], contents: Contents, asked: Sequence[Asked]) -> list[Component]:
    """The components of a set, by purl. `asked` is what one program asked for, which decides about extras."""
    named = {one.purl: one for one in packages}  # a tree may hold one package in several places
    found = [named[purl] for purl in sorted(named)]
    artifacts: dict[str, list[Artifact]] = {}
    for each in contents.artifacts:
        artifacts.setdefault(each.purl, []).append(each)
    askers = {one.purl: tuple(each for each in asked if _asks_for(each, one)) for one in found}
    needs = _needs(found, contents, askers)
    return [
        Component(
            one.purl,
            one.name,
            one.version,
            tuple(sorted(artifacts.get(one.purl, ()), key=lambda each: (each.filename.endswith(_BESIDE), -each.size))),
            tuple(sorted(needs.get(one.purl, set()) & named.keys())),
            askers[one.purl],
        )
        for one in found
    ]


def unaccounted(packages: Sequence[Locked], contents: Contents) -> list[str]:
    """A sentence for each package that no artifact of the mirror's accounts for, and each that fits no package."""
    named = {one.purl: one for one in packages}
    known = {each.purl for each in contents.artifacts}
    problems = [f"{purl}: no artifact of it passed the mirror" for purl in sorted(named.keys() - known)]
    for each in contents.artifacts:
        one = named.get(each.purl)
        if one is None:
            problems.append(f"{each.purl}: {each.filename} was handed out, and the lock does not name it")
        elif not is_of(one, each):
            problems.append(f"{each.purl}: {each.filename} has none of the hashes that the lock gives")
    return problems


def spdx(declared: str) -> str:
    """A declared licence as an SPDX expression, NOASSERTION where it is none."""
    if not declared.strip() or len(declared) > LONGEST:
        return NOASSERTION
    stack: list[tuple[str, str]] = []
    for part in read_expression(declared):
        if part in (ALL, ANY):
            right, left = stack.pop(), stack.pop()
            sides = [f"({text})" if part == ALL and joined == ANY else text for text, joined in (left, right)]
            stack.append((f" {part} ".join(sides), part))
        elif part.startswith(UNKNOWN):
            return NOASSERTION
        else:
            stack.append((part, ""))
    return stack[0][0]


def _asks_for(asked: Asked, one: Locked) -> bool:
    wanted, there = Coordinate.parse(asked.purl), Coordinate.parse(one.purl)
    return wanted.at(None) == there.at(None) and wanted.version in (None, there.version)


def _needs(
    packages: Sequence[Locked], contents: Contents, askers: Mapping[str, Sequence[Asked]]
) -> dict[str, set[str]]:
    """Who needs whom, with the extras that were asked for, and those that these ask for in turn."""
    active = {(one.purl, "") for one in packages}
    active |= {(purl, extra) for purl, asked in askers.items() for each in asked for extra in each.extras}
    waiting = sorted(active)
    by_source: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    for need in contents.needs:
        by_source.setdefault((need.purl, need.extra), []).append((need.needed, need.extras))
    found: dict[str, set[str]] = {}
    while waiting:
        source = waiting.pop()
        for needed, extras in by_source.get(source, ()):
            if needed != source[0]:  # an extra that is made of others names its own package
                found.setdefault(source[0], set()).add(needed)
            for extra in extras:
                if (needed, extra) not in active:
                    active.add((needed, extra))
                    waiting.append((needed, extra))
    return found
