"""From a package to the artifact that provides it, or to nothing: a guess is never an answer."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from jhansi_runner.resolvers import alike
from jhansi_runner.resolvers.java.artifact import Artifact, parse

CURATED, LEARNED = "curated", "learned"
"""Which map knew an artifact: ours, or the one of jars that came through the mirror."""
CLOSE = 0.75
_DIGITS = re.compile(r"[0-9]+")
_MAX_TYPOS, _MAX_LONGER, _MIN_NEAR = 2, 3, 5
_OWN = ("java.", "jdk.", "sun.")
_BINDING = "?slf4j"
_SIMPLE = Artifact("org.slf4j", "slf4j-simple", "2.0.16")
BOUND = Artifact("org.slf4j", "slf4j-api", "2.0.16")
"""What our binding binds: named beside it, or Maven may take the version that another artifact asks for."""
_BINDERS = ("ch.qos.logback:", "org.springframework.boot:", "org.apache.logging.log4j:log4j-slf4j", "io.dropwizard:")
_BINDS = ("slf4j-simple", "slf4j-nop", "slf4j-jdk14", "slf4j-log4j12", "slf4j-reload4j")


@dataclass(frozen=True, slots=True)
class Answer:
    """What provides a package: the artifacts, and the part of its name that decided.

    `binding` tells that they want a binding of SLF4J beside them. `origin` is the map that knew.
    """

    artifacts: tuple[Artifact, ...]
    matched: str
    binding: bool = False
    origin: str = CURATED


@dataclass(frozen=True, slots=True)
class NameMap:
    """`rows` by prefix, the packages of the JDK, and those that were `learned`, each by its whole name."""

    rows: Mapping[str, Answer]
    jdk: frozenset[str]
    learned: Mapping[str, Answer] = field(default_factory=dict)

    def is_jdk(self, name: str) -> bool:
        """Whether a class, or a package with `.*`, comes with Java."""
        if name.startswith(_OWN):
            return True
        return any(prefix in self.jdk for prefix in _prefixes(name)) and self.lookup(name) is None

    def lookup(self, name: str) -> Answer | None:
        """The answer by the longest known prefix of a dotted name, None when there is none."""
        if name.startswith(_OWN):
            return None
        package = name.rpartition(".")[0]
        for prefix in _prefixes(name):
            if prefix in self.jdk and prefix == package:
                return None
            if prefix in self.rows:
                return None if self._is_mistyped(package, prefix) else self.rows[prefix]
        return next((self.learned[prefix] for prefix in _prefixes(name) if prefix in self.learned), None)

    def _is_mistyped(self, package: str, prefix: str) -> bool:
        """Whether a package below a prefix is a letter away from another's: `org.junit.jupyter` is not JUnit 4's."""
        inner = package[len(prefix) + 1 :].partition(".")[0]
        if len(inner) < _MIN_NEAR:
            return False
        near = (other for other in self._below(prefix) if alike.mistakes(inner, other) == 1)
        return any(self.rows[f"{prefix}.{other}"].artifacts != self.rows[prefix].artifacts for other in near)

    def _below(self, prefix: str) -> Iterable[str]:
        inner = (name[len(prefix) + 1 :] for name in self.rows if name.startswith(f"{prefix}."))
        return (name for name in inner if "." not in name and name.islower())

    def closest(self, name: str) -> str | None:
        """The artifact of the package whose name looks most like this one, as far as that name goes."""
        parts = name.removesuffix(".*").split(".")
        best = max(((_likeness(parts, prefix.split(".")), prefix) for prefix in self.rows), default=None)
        return self.rows[best[1]].artifacts[0].key if best and best[0][0] >= CLOSE else None

    def unknown_name(self, name: str) -> str:
        """What to call a name that no map knows: its package."""
        package = name.rpartition(".")[0]
        while package and package.rpartition(".")[2][:1].isupper():
            package = package.rpartition(".")[0]
        return package or name


def binding_for(artifacts: Iterable[Artifact]) -> Artifact | None:
    """A binding of SLF4J, None where one of the artifacts is or brings one."""
    bound = any(each.key.startswith(_BINDERS) or each.name in _BINDS for each in artifacts)
    return None if bound else _SIMPLE


def _likeness(parts: Sequence[str], prefix: Sequence[str]) -> tuple[float, int, int]:
    """How much the first parts of a name are like a prefix, by the part that is least, numbers in it aside; then by how
    little their lengths differ, and how many parts they share.

    Compared as one text, what all names begin with would count most: `org.apache.commons`.
    """
    pairs = [(one, other) for one, other in zip(parts, prefix, strict=False) if one != other]
    longer = max((abs(len(one) - len(other)) for one, other in pairs), default=0)
    if len(parts) < len(prefix) or not 0 < len(pairs) <= _MAX_TYPOS or longer > _MAX_LONGER:
        return 0.0, 0, 0
    ratios = (
        difflib.SequenceMatcher(None, _DIGITS.sub("", one), _DIGITS.sub("", other)).ratio() for one, other in pairs
    )
    return min(ratios), -longer, len(prefix) - len(pairs)


def _prefixes(name: str) -> Iterable[str]:
    """The dotted prefixes, longest first."""
    name = name.removesuffix(".*")
    while name:
        yield name
        name = name.rpartition(".")[0]


def parse_rows(text: str) -> dict[str, Answer]:
    """Read rows of `artifact... | prefix...`. Raises ValueError for one that is none."""
    rows = {}
    for line in _lines(text):
        left, bar, right = line.partition(" | ")
        words = left.split()
        found = [parse(word) for word in words if word != _BINDING]
        artifacts = tuple(each for each in found if each is not None)
        if not bar or not artifacts or len(artifacts) != len(found):
            raise ValueError(f"no row of the map: {line}")
        for prefix in right.split():
            if prefix in rows:
                raise ValueError(f"no row of the map: {prefix} has one before: {line}")
            rows[prefix] = Answer(artifacts, prefix, _BINDING in words)
    return rows


def _lines(text: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


@cache
def default_names() -> NameMap:
    """The maps that are shipped."""
    data = resources.files(__package__) / "data"
    jdk = frozenset(_lines((data / "jdk.txt").read_text("utf-8")))
    return NameMap(parse_rows((data / "packages.txt").read_text("utf-8")), jdk)
