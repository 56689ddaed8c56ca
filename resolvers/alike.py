"""Names that an author may have mistyped: not widely known, and one or two mistakes away from one that is."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jhansi_runner.resolvers.interface import Requirement

MAX_NOTES = 20
_SHORTEST = 5
_LONG = 10
"""From this length on, two mistakes may be meant for the name; of shorter ones too many are that close."""


def notes(asked: Collection[Requirement], known: Collection[str]) -> Iterator[str]:
    """A sentence about each package of a manifest whose name looks mistyped. Nothing is refused: its author decides."""
    told = 0
    for each in asked:
        if each.name in known or told >= MAX_NOTES:
            continue
        if near := closest(each.name, known):
            told += 1
            yield (
                f"{each.file}:{each.line}: {each.name} is no widely used package, and its name is close to that of "
                f"{near}: correct it if that is meant"
            )


def closest(name: str, known: Collection[str]) -> str | None:
    """The known name with the fewest mistakes, None where all have too many."""
    most = 0 if len(name) < _SHORTEST else 1 if len(name) < _LONG else 2
    letters = set(name)
    found = [
        (mistakes(name, each), each)
        for each in known
        if most and abs(len(each) - len(name)) <= most and len(letters.symmetric_difference(each)) <= 2 * most
    ]
    least = min(found, default=(most + 1, ""))
    return least[1] if least[0] <= most else None


def mistakes(one: str, other: str) -> int:
    """Letters that were added, left out, or changed, and neighbours that changed places.

    Source: the restricted distance of Damerau and Levenshtein.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]
