"""From an import name to the distribution that provides it, or to nothing: a guess is never an answer."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

from packaging.requirements import Requirement as Pep508
from packaging.utils import canonicalize_name

CURATED = "curated"
PIPREQS = "pipreqs"
IDENTITY = "identity"
LEARNED = "learned"

# `google.cloud.vision_v1` is a module of the distribution that provides `google.cloud.vision`.
VERSIONED = re.compile(r"_v\d\w*$")
NEVER = "-"
CLOSE = 0.75


@dataclass(frozen=True, slots=True)
class Answer:
    """What provides an import: PEP 508 requirements, the part of the name that decided, which map knew."""

    requirements: tuple[str, ...]
    matched: str
    origin: str


@dataclass(frozen=True, slots=True)
class NameMap:
    """The maps in their order. `curated` gives () for a name that no package may be installed for.

    `known` and `ranked` hold canonical names of distributions that are imported by their own name; `ranked` those that
    are less well known. `learned` has names from wheels that no other map has: see `learned.py`. `devices` are imports
    that work only with a device, by their first part.
    """

    curated: Mapping[str, tuple[str, ...]]
    pipreqs: Mapping[str, str]
    known: frozenset[str]
    ranked: frozenset[str] = frozenset()
    learned: Mapping[str, str] = field(default_factory=dict)
    devices: frozenset[str] = frozenset()

    def needs_device(self, name: str) -> bool:
        """Whether an import works only with a device, which no sandbox shows."""
        return name.partition(".")[0] in self.devices

    def lookup(self, name: str) -> Answer | None:
        """The answer for a dotted import name by its longest known prefix, None when no map is sure."""
        for prefix in _prefixes(name):
            if prefix in self.curated:
                requirements = self.curated[prefix]
                return Answer(requirements, prefix, CURATED) if requirements else None
        top = name.partition(".")[0]
        if top in self.pipreqs:
            return Answer((self.pipreqs[top],), top, PIPREQS)
        if top == top.lower() and self._is_known(canonicalize_name(top)):
            return Answer((canonicalize_name(top),), top, IDENTITY)
        if top in self.learned:
            return Answer((self.learned[top],), top, LEARNED)
        return None

    def is_distribution(self, name: str) -> bool:
        """Whether a canonical name is that of a distribution that one of our maps gives as an answer."""
        return name in self.distributions()

    def distributions(self) -> frozenset[str]:
        """The canonical names of all distributions that our maps give as an answer."""
        return self.known | self.ranked | {_name(text) for row in self.curated.values() for text in row}

    def _is_known(self, distribution: str) -> bool:
        return distribution in self.known or distribution in self.ranked

    def undecided_name(self, name: str) -> str:
        """The part of an unknown name to show: its first, or in a shared namespace what comes after that."""
        parts = name.split(".")
        length = 1
        while length < len(parts) and self.is_shared(".".join(parts[:length])):
            length += 1
        return ".".join(parts[:length])

    def is_shared(self, name: str) -> bool:
        """Whether a name belongs to nobody: a namespace of many distributions, or a word too general."""
        return self.curated.get(name) == ()

    def closest(self, name: str) -> str | None:
        """The real distribution whose import name looks most like `name`; in a namespace, one of its own."""
        if self.is_shared(name) or name.replace("_", "-") in self.distributions():
            return None  # of two names that are the same, one is no correction of the other
        namespace, dot, _ = name.rpartition(".")
        spellings: dict[str, str] = {}
        for word, requirements in sorted(self.curated.items()):
            if requirements and word.startswith(namespace + dot):
                distribution = canonicalize_name(Pep508(requirements[0]).name)
                spellings[word.lower()] = distribution
                spellings.setdefault(namespace + dot + distribution.replace("-", "_"), distribution)
        if not dot:
            spellings |= {known.replace("-", "_"): known for known in sorted(self.known)}
        near = _nearest(name.lower(), spellings)
        if near is None and not dot:
            spellings = {each.replace("-", "_"): each for each in sorted(self.ranked)}
            near = _nearest(name.lower(), spellings)
        return spellings[near] if near else None


@cache
def _name(requirement: str) -> str:
    return canonicalize_name(Pep508(requirement).name)


def _nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that looks most alike; one with the same letters in another order before all others."""
    near = difflib.get_close_matches(word, words, n=5, cutoff=CLOSE)
    return next((each for each in near if sorted(each) == sorted(word)), near[0] if near else None)


def _prefixes(name: str) -> list[str]:
    """The dotted prefixes, longest first, each followed by itself without an API version."""
    parts = name.split(".")
    found = []
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        found.append(prefix)
        if length > 1 and (plain := VERSIONED.sub("", prefix)) != prefix:
            found.append(plain)
    return found


def parse_curated(text: str) -> dict[str, tuple[str, ...]]:
    """Read rows of `import requirement...`; "-" as the requirement means that nothing may be installed."""
    rows: dict[str, tuple[str, ...]] = {}
    for line in _rows(text):
        name, *requirements = line.split()
        rows[name] = () if requirements == [NEVER] else tuple(requirements)
    return rows


def parse_known(text: str) -> frozenset[str]:
    """Read rows of one canonical distribution name each."""
    return frozenset(_rows(text))


def parse_pipreqs(text: str, widely_used: frozenset[str]) -> dict[str, str]:
    """Read pipreqs' rows of `import:distribution` whose distribution is widely used.

    The others are left out: among them are names that anybody could have registered.
    """
    rows: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, distribution = line.strip().partition(":")
        if separator and name and canonicalize_name(distribution) in widely_used:
            rows[name] = canonicalize_name(distribution)
    return rows


def _rows(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _pipreqs_text() -> str:
    """pipreqs' mapping as text; the package is found but not imported. "" when it is not installed."""
    spec = importlib.util.find_spec("pipreqs")
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).with_name("mapping")
    return path.read_text("utf-8") if path.is_file() else ""


@cache
def default_names() -> NameMap:
    """The maps that are shipped."""
    data = resources.files(__package__) / "data"
    curated = parse_curated((data / "curated.txt").read_text("utf-8"))
    known = parse_known((data / "known.txt").read_text("utf-8"))
    ranked = parse_known((data / "ranked.txt").read_text("utf-8"))
    targets = {canonicalize_name(Pep508(text).name) for row in curated.values() for text in row}
    pipreqs = parse_pipreqs(_pipreqs_text(), known | targets)
    devices = frozenset(_rows((data / "devices.txt").read_text("utf-8")))
    return NameMap(curated, pipreqs, known, ranked, devices=devices)
