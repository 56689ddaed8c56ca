"""How well import names are answered, on lists of names with the distributions that provide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.node.names import default_names as node_names
from jhansi_runner.resolvers.node.names import package_of
from jhansi_runner.resolvers.python.names import default_names as python_names

FOLDER = Path(__file__).parents[1] / "resolvers"
PYTHON, NODE = "python", "node"
NOTHING = "-"
"""In place of distributions: nothing may be installed for this name."""


@dataclass(frozen=True, slots=True)
class Score:
    """Import names by how they were answered. `wrong` would install what does not provide the name."""

    right: tuple[str, ...]
    wrong: tuple[str, ...]
    undecided: tuple[str, ...]

    def share(self, names: Sequence[str]) -> float:
        """Per cent of all names."""
        return 100 * len(names) / (len(self.right) + len(self.wrong) + len(self.undecided))


def rows(language: str, file: str) -> list[tuple[str, frozenset[str]]]:
    """The import names of a list, each with the packages that are right: `name<TAB>one|other<TAB>domain`."""
    found = []
    for line in (FOLDER / language / "accuracy" / file).read_text("utf-8").splitlines():
        name, accepted, _ = line.split("\t")
        found.append((name, frozenset(accepted.split("|"))))
    return found


def answer(language: str, name: str) -> frozenset[str]:
    """The packages that the maps which are shipped give for an import, empty where they do not know."""
    if language == NODE:
        package = package_of(name)
        return frozenset([package] if package and node_names().is_known(package) else [])
    found = python_names().lookup(name)
    return frozenset(canonicalize_name(Requirement(text).name) for text in found.requirements) if found else frozenset()


def score(language: str, listed: Sequence[tuple[str, frozenset[str]]]) -> Score:
    """Ask for each name of a list."""
    right, wrong, undecided = [], [], []
    for name, accepted in listed:
        provided = answer(language, name)
        if (provided or {NOTHING}) & accepted:
            right.append(name)
        elif not provided:
            undecided.append(name)
        else:
            wrong.append(name)
    return Score(tuple(right), tuple(wrong), tuple(undecided))
