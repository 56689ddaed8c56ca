"""From what an import says to the package that it means, or to nothing: a name that exists is not yet the right one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

KNOWN = "known"
PATH = "path"
CLOSE = 0.75
MAX_NAME = 214
SHORT = 4
"""Of names this long, and shorter ones, all sorts of others are one mistake away."""

UNKNOWN = "no file of the workspace provides it, and it is no widely used package"
TYPES = "types"
WHY_NOT = {
    "word": "a file or an alias of the program's own is more likely to be meant than the package of this name",
    TYPES: "types are mostly meant by it, which nothing has to provide at run time: write `import type`",
    "old": "the package of this name was given up, or was once published with hostile code",
}
"""Why a known package is not installed for an import, by the kinds of `data/not.txt`."""
NEXT = "; if you mean a package, name it in package.json"

_PAIRS = ("meant.txt", "not.txt")
_FORMS = "forms.txt"
_PACKAGE = re.compile(r"(@[A-Za-z0-9_][\w.-]*/)?[A-Za-z0-9_-][\w.-]*", re.ASCII)


def package_of(specifier: str) -> str | None:
    """The package that an import takes something from: `@scope/a` for `@scope/a/b`. None where it can be none."""
    parts = specifier.split("/")
    name = "/".join(parts[: 2 if specifier.startswith("@") else 1])
    return name if _PACKAGE.fullmatch(name) and len(name) <= MAX_NAME else None


@dataclass(frozen=True, slots=True)
class NameMap:
    """`known` holds names of widely used packages; `meant` what is meant by names that people get wrong.

    `refused` has those that no import is enough for, and why, as a key of `WHY_NOT`. `forms` has npm's ranges of
    versions, by how something is imported, and what.
    """

    known: frozenset[str]
    meant: Mapping[str, str]
    refused: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def is_known(self, name: str) -> bool:
        """Whether a package of that name is what everybody means by it."""
        return name in self.known and name not in self.refused

    def versions(self, form: str, specifier: str) -> str:
        """The range of versions that offer what an import takes, "" for any. `form` is one of `data/forms.txt`."""
        return self.forms.get((PATH, specifier)) or self.forms.get((form, specifier), "")

    def undecided(self, name: str) -> str:
        """Why nothing is installed for a name that is not known, and what to do next."""
        return (WHY_NOT[self.refused[name]] if name in self.refused else UNKNOWN) + NEXT

    def closest(self, name: str) -> str | None:
        """The widely used package whose name looks most like `name`; within a scope, one of its own."""
        lowered = name.lower()
        if lowered in self.meant:
            return self.meant[lowered]
        if lowered in self.refused:
            return None
        if lowered in self.known:
            return lowered
        scope, slash, _ = lowered.rpartition("/")
        candidates = self._like(lowered, scope + slash)
        if len(lowered) == SHORT:  # a letter that was left out, and nothing else
            candidates = [known for known in candidates if len(known) == SHORT + 1]
        cutoff = CLOSE if len(lowered) > SHORT else 2 * SHORT / (2 * SHORT + 1)
        near = difflib.get_close_matches(lowered, candidates, n=1, cutoff=cutoff)
        return near[0] if near else None

    def _like(self, name: str, scope: str) -> list[str]:
        """The names that may be close: of the same scope, and of nearly the same length."""
        longest = len(name) * (2 / CLOSE - 1)  # of two names, what is alike is at most the shorter one
        return sorted(
            known
            for known in self.known - self.refused.keys()
            if known.startswith(scope or "") and len(name) / 2 < len(known) <= longest
        )


def rows(text: str) -> list[str]:
    """The lines of a data file that hold something."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


@cache
def default_names() -> NameMap:
    """The maps that are shipped."""
    data = resources.files(__package__) / "data"
    known = [name for file in ("known.txt", "more.txt") for name in rows((data / file).read_text("utf-8"))]
    meant, refused = (dict(row.split() for row in rows((data / file).read_text("utf-8"))) for file in _PAIRS)
    forms = {
        (form, what): versions for form, what, versions in map(str.split, rows((data / _FORMS).read_text("utf-8")))
    }
    return NameMap(frozenset(known), meant, refused, forms)
