"""Import paths of Go: which are of the standard library, which module one is likely in, which looks like another's.

The go command finds modules by asking the registry; what is here is what can be told before anybody is asked.

Source: the Go modules reference, "Module paths"; cmd/go/internal/vcs, vcsPaths.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from jhansi_runner.proxy.registries import golang_names

KNOWN, PATH, MISSED = "known", "path", "missing"
"""How it was known that a module is needed: by the list of widely used ones, by the rules of an import path's host, or
because a program missed it when it ran.
"""
_OWNED = frozenset(("github.com", "bitbucket.org", "gitlab.com", "codeberg.org", "gitee.com", "git.sr.ht", "gitea.com"))
"""Hosts where a module is called after its owner and its repository."""
_GROUPS = ("golang.org/x", "gorm.io/driver", "gorm.io/plugin", "cloud.google.com/go", "gonum.org/v1", "honnef.co/go")
"""Paths below which each name is a module of its own."""
_VERSIONED = "gopkg.in"
"""The host that writes the major version as `name.vN`, with or without an owner before it."""
_MAJOR = re.compile(r"v[2-9]|v[1-9][0-9]+")
_DOTTED = re.compile(r".+\.v[0-9]+")
_CLOSE = 0.75
_NEAR = 2
_MIN_NEAR = 5
_FAMILY = 8
_MIN_NAME = 3
_MARKS = re.compile(r"[-_.]")


@dataclass(frozen=True, slots=True)
class Names:
    """`std` are the packages of the standard library, `known` modules that are widely used."""

    std: frozenset[str]
    known: frozenset[str]

    def is_std(self, path: str) -> bool:
        """Whether a package comes with Go. Those for Go's own use count: the go command says why they cannot be had."""
        first = path.partition("/")[0]
        return path in self.std or path in ("C", "unsafe") or (first in ("internal", "vendor", "cmd"))

    def module_of(self, path: str) -> str | None:
        """The module that a package is likely in; None for a path that no module can have."""
        parts = path.split("/")
        known = next((end for end in range(len(parts), 0, -1) if "/".join(parts[:end]) in self.known), 0)
        family = next((end for end in range(len(parts) - 1, 0, -1) if "/".join(parts[:end]) in self._families()), 0)
        length = max(known, family + 1 if family else 0) or _length(parts)
        if length < len(parts) and _MAJOR.fullmatch(parts[length]):
            length += 1
        module = "/".join(parts[:length])
        return module if golang_names.is_module(module) else None

    def closest(self, path: str) -> str | None:
        """The widely used module that a path most looks like: one of the same name, else one spelt like it."""
        lowered = (self.module_of(path) or path).lower()
        same = [known for known in self.known if _is_called(known, lowered)]
        if same:
            return min(same, key=lambda known: (-_alike(known, lowered), known.count("/"), len(known), known))
        host, _, rest = lowered.partition("/")
        spellings = _index(self.known).spellings.get(host, {})
        near = difflib.get_close_matches(rest, spellings, n=1, cutoff=_CLOSE)
        return spellings[near[0]] if near else None

    def imitates(self, module: str) -> str | None:
        """The widely used module that this one could be mistaken for: another's name, a letter or two apart.

        Somebody else with a project of the same name is no imitation, nor is another major version.
        """
        base, index = _base(module), _index(self.known)
        if "/" not in base or base in index.bases:
            return None
        if _plain(base) in index.plain:
            return index.plain[_plain(base)]
        owner, name = _owner(base)
        for other, known in index.of_name.get(name, ()):
            if _is_near(owner, other, _NEAR):
                return known
        for project, known in index.of_owner.get(owner, ()):
            if "/" not in name and _is_near(name, project, 1):
                return known
        return None

    def _families(self) -> frozenset[str]:
        """Paths right below which there are many modules, and so another one too."""
        return _families(self.known)


@dataclass(slots=True)
class _Index:
    """Known modules by their path without the major version, by what is left of it without case and marks, by their
    names and owners, and by their host.
    """

    bases: set[str] = field(default_factory=set)
    plain: dict[str, str] = field(default_factory=dict)
    of_name: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    of_owner: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    spellings: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def _index(known: frozenset[str]) -> _Index:
    found = _Index()
    for module in sorted(known):
        base = _base(module)
        owner, name = _owner(base)
        found.bases.add(base)
        found.plain.setdefault(_plain(base), module)
        found.of_name.setdefault(name, []).append((owner, module))
        found.of_owner.setdefault(owner, []).append((name, module))
        host, _, rest = module.lower().partition("/")
        found.spellings.setdefault(host, {}).setdefault(rest, module)
    return found


@cache
def _families(known: frozenset[str]) -> frozenset[str]:
    count = Counter(name.rpartition("/")[0] for name in known)
    return frozenset(parent for parent, children in count.items() if children >= _FAMILY and parent != _VERSIONED)


def _is_called(known: str, path: str) -> bool:
    """Whether people mean a module by a path: they leave out its host, or all but its name, or take another owner."""
    if "/" in path and "." not in path.partition("/")[0]:
        return _base(known).lower().endswith("/" + path)
    name = _words(_base(path))[0]
    return len(name) >= _MIN_NAME and name in _words(known)


def _alike(known: str, path: str) -> int:
    """How many parts two paths have in common from the start, but for the host."""
    pairs = zip(known.lower().split("/")[1:], path.split("/")[1:], strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _words(module: str) -> tuple[str, ...]:
    """The names by which people call a module: its last part, without a version and what is put around it."""
    last = [part for part in module.split("/") if not _MAJOR.fullmatch(part)][-1].lower()
    last = re.sub(r"\.v[0-9]+$", "", last)
    return last, last.removeprefix("go-"), last.removesuffix("-go"), last.removesuffix(".go")


def _length(parts: list[str]) -> int:
    """How many parts of a path name its module, by the rules of its host."""
    host = parts[0]
    if host in _OWNED:
        length = 3
    elif host == _VERSIONED:
        length = 2 if len(parts) > 1 and _DOTTED.fullmatch(parts[1]) else 3
    elif any("/".join(parts[:2]) == group for group in _GROUPS):
        length = 3
    else:
        length = 2
    length = min(length, len(parts))
    for at in range(length, len(parts)):
        if _MAJOR.fullmatch(parts[at]):
            return at + 1
    return length


def _base(module: str) -> str:
    """A module without its major version."""
    head, _, last = module.rpartition("/")
    return head if head and _MAJOR.fullmatch(last) else re.sub(r"\.v[0-9]+$", "", module)


def _plain(module: str) -> str:
    return _MARKS.sub("", module.lower())


def _owner(module: str) -> tuple[str, str]:
    """Owner with the host, and the rest."""
    parts = module.lower().split("/")
    end = 2 if parts[0] in _OWNED and len(parts) > 2 else 1
    return "/".join(parts[:end]), "/".join(parts[end:])


def _is_near(one: str, other: str, most: int) -> bool:
    """Whether two names that differ could be taken for each other; of paths, the last part counts."""
    host, _, last = other.rpartition("/")
    fits = one.rpartition("/")[0] == host and len(last) >= _MIN_NEAR and abs(len(one) - len(other)) <= most
    return fits and one != other and _distance(one, other) <= most


def _distance(one: str, other: str) -> int:
    """Edits from one word to the other, of which swapping two neighbours is one.

    Source: optimal string alignment.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


@cache
def default_names() -> Names:
    """The lists that are shipped."""
    data = resources.files(__package__) / "data"
    return Names(_rows((data / "std.txt").read_text("utf-8")), _rows((data / "known.txt").read_text("utf-8")))


def _rows(text: str) -> frozenset[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset(line for line in lines if line)
