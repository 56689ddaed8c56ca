"""Which wheels of a release the clients of other hosts would take.

Source: PEP 425, PEP 600; pip's documentation, "Compatibility tags"; `packaging.tags`, whose order pip has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import BuildTag, InvalidWheelFilename, parse_wheel_filename

from jhansi_runner.runner.warm.targets import Target

GLIBCS = (17, 28, 40)
"""The minor versions of the oldest and of the newest C library (glibc 2) that a host of a target may have."""
_OLDEST = {"x86_64": 5, "aarch64": 17}
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_LAST_PATCH = 99


@dataclass(frozen=True, slots=True)
class Offer:
    """A file as an index lists it. `requires` is its Requires-Python, "" for any."""

    filename: str
    requires: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Names of wheels, the targets that have none, and those whose Python the release is not for."""

    wheels: tuple[str, ...]
    without: tuple[Target, ...]
    unfit: tuple[Target, ...]


def choose(offers: Sequence[Offer], targets: Iterable[Target]) -> Choice:
    """The wheels that the first choice of a target's host may be, for the oldest and the newest C library.

    Those that run everywhere come as well: what is first chosen may not be there for a library between the two.
    """
    taken: dict[str, None] = {}
    without, unfit = [], []
    for target in targets:
        fitting = [offer for offer in offers if _takes(offer.requires, target.python)]
        if offers and not fitting:
            unfit.append(target)
            continue
        found = [best for glibc in GLIBCS if (best := _best(fitting, _ranks(target, glibc)))]
        found += _everywhere(fitting, _ranks(target, GLIBCS[-1]))
        taken.update(dict.fromkeys(found))
        if not found:
            without.append(target)
    return Choice(tuple(taken), tuple(without), tuple(unfit))


def is_for(filename: str, target: Target) -> bool:
    """Whether a wheel can be used by some host of a target."""
    ranks = _ranks(target, GLIBCS[-1])
    return any(tag in ranks for tag in _read(filename)[1])


def is_wheel(filename: str) -> bool:
    """Whether a file is a wheel."""
    return filename.endswith(".whl")


def tags(target: Target, glibc: int) -> Iterator[Tag]:
    """The tags that a host takes, the best first. `glibc` is the minor version of its C library."""
    major, minor = map(int, target.python.split("."))
    platforms = list(_platforms(target.machine, glibc))
    name = f"cp{major}{minor}"
    yield from cpython_tags((major, minor), abis=[name], platforms=platforms)
    yield from compatible_tags((major, minor), interpreter=name, platforms=platforms)


def _platforms(machine: str, glibc: int) -> Iterator[str]:
    for minor in range(glibc, _OLDEST[machine] - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"
    yield f"linux_{machine}"


@lru_cache(maxsize=64)
def _ranks(target: Target, glibc: int) -> dict[Tag, int]:
    ranks: dict[Tag, int] = {}
    for number, tag in enumerate(tags(target, glibc)):
        ranks.setdefault(tag, number)
    return ranks


def _best(offers: Iterable[Offer], ranks: dict[Tag, int]) -> str:
    """The wheel that comes first by its tags, then by its build number; "" for none."""
    found = ""
    least: tuple[int, tuple[int, int, str]] | None = None
    for offer in offers:
        build, own = _read(offer.filename)
        rank = min((ranks[tag] for tag in own if tag in ranks), default=None)
        if rank is None:
            continue
        order = (rank, _later_first(build))
        if least is None or order < least:
            found, least = offer.filename, order
    return found


def _later_first(build: BuildTag) -> tuple[int, int, str]:
    return (0, -build[0], build[1]) if build else (1, 0, "")


def _everywhere(offers: Iterable[Offer], ranks: dict[Tag, int]) -> list[str]:
    pure = []
    for offer in offers:
        _, own = _read(offer.filename)
        if any(tag.platform == "any" and tag in ranks for tag in own):
            pure.append(offer.filename)
    return pure


@lru_cache(maxsize=4096)
def _read(filename: str) -> tuple[BuildTag, frozenset[Tag]]:
    if not is_wheel(filename):
        return (), frozenset()
    try:
        _, _, build, own = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return (), frozenset()
    return build, own


@lru_cache(maxsize=4096)
def _takes(requires: str, python: str) -> bool:
    """Whether some release of a Python is one that a file is for; what cannot be read says nothing, as for pip."""
    try:
        wanted = SpecifierSet(requires)
    except InvalidSpecifier:
        return True
    return any(wanted.contains(f"{python}.{patch}", prereleases=True) for patch in (_LAST_PATCH, 0))
