"""Which of several alternatives a program needs: `try: import a` / `except ImportError: import b`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import Enum, auto

from jhansi_runner.resolvers.interface import Import


class Status(Enum):
    """What is known of an import."""

    FREE = auto()  # the standard library, or a file of the workspace
    KNOWN = auto()  # a package provides it
    UNKNOWN = auto()


def needed(imports: Iterable[Import], status: Callable[[Import], Status]) -> tuple[Import, ...]:
    """The imports that need a package: all that have no alternative, and of the others one each."""
    groups: dict[int, list[Import]] = defaultdict(list)
    chosen: list[Import] = []
    for each in imports:
        if each.type_checking or each.name.startswith("."):
            continue
        if each.group is None:
            chosen.append(each)
        else:
            groups[each.group].append(each)
    for group in groups.values():
        chosen.extend(_choose(group, status))
    return tuple(each for each in chosen if status(each) is not Status.FREE)


def _choose(group: list[Import], status: Callable[[Import], Status]) -> list[Import]:
    """A name that a free import binds needs no package; a fallback is for what is unknown."""
    free = {each.binds for each in group if each.binds and status(each) is Status.FREE}
    known = {each.binds for each in group if each.binds and status(each) is Status.KNOWN}
    open_binds = {each.binds for each in group} - free
    taken: set[str] = set()
    chosen: list[Import] = []
    satisfied = False
    for branch in sorted({each.branch for each in group}):
        if satisfied:
            break
        satisfied = True
        picked = []
        for each in (item for item in group if item.branch == branch and item.binds in open_binds - taken):
            if status(each) is Status.UNKNOWN:
                satisfied = False
                if each.binds in known:
                    continue
            picked.append(each)
        taken.update(each.binds for each in picked if each.binds)
        chosen.extend(picked)
    return chosen
