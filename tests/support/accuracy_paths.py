"""How well imports of Go and Java are answered, on lists of them with the modules or artifacts that provide them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from jhansi_runner.resolvers.golang import names as golang
from jhansi_runner.resolvers.java import names as java
from support.accuracy import Score

_FOLDER = Path(__file__).parents[1] / "resolvers"


def rows(language: str, file: str) -> list[tuple[str, frozenset[str]]]:
    """The imports of a list, each with what is right: `import<TAB>one|other`."""
    lines = (_FOLDER / language / "accuracy" / file).read_text("utf-8").splitlines()
    return [(name, frozenset(accepted.split("|"))) for name, accepted in (line.split("\t") for line in lines)]


def of_go(path: str) -> frozenset[str] | None:
    """The module that is asked for when a program imports a package, None where none is."""
    names = golang.default_names()
    module = names.module_of(path)
    return None if module is None or names.imitates(module) is not None else frozenset({module})


def of_java(name: str) -> frozenset[str] | None:
    """The artifacts that are installed for an import, None where none is."""
    names = java.default_names()
    answer = None if names.is_jdk(name) else names.lookup(name)
    return None if answer is None else frozenset(each.key for each in answer.artifacts)


def score(answer: Callable[[str], frozenset[str] | None], listed: Sequence[tuple[str, frozenset[str]]]) -> Score:
    """Ask for each import of a list. One whose answer is not of the list counts as wrong, also where it brings it."""
    right: list[str] = []
    wrong: list[str] = []
    undecided: list[str] = []
    for name, accepted in listed:
        found = answer(name)
        (undecided if found is None else right if found & accepted else wrong).append(name)
    return Score(tuple(right), tuple(wrong), tuple(undecided))
