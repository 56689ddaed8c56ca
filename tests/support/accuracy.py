"""How well import names are answered, on lists of names with the distributions that provide them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.python.names import NameMap

FOLDER = Path(__file__).parents[1] / "resolvers" / "python" / "accuracy"
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


def rows(file: str) -> list[tuple[str, frozenset[str]]]:
    """The import names of a list, each with the distributions that are right: `name<TAB>one|other<TAB>domain`."""
    found = []
    for line in (FOLDER / file).read_text("utf-8").splitlines():
        name, accepted, _ = line.split("\t")
        found.append((name, frozenset(accepted.split("|"))))
    return found


def score(names: NameMap, listed: Sequence[tuple[str, frozenset[str]]]) -> Score:
    """Ask for each name of a list."""
    right, wrong, undecided = [], [], []
    for name, accepted in listed:
        answer = names.lookup(name)
        provided = {canonicalize_name(Requirement(text).name) for text in answer.requirements} if answer else {NOTHING}
        if provided & accepted:
            right.append(name)
        elif answer is None:
            undecided.append(name)
        else:
            wrong.append(name)
    return Score(tuple(right), tuple(wrong), tuple(undecided))
