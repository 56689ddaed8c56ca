"""How many of the names that programs import are answered with the right distribution. Needs no network."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.table import Line
from support import accuracy_paths
from support.accuracy import NODE, PYTHON, rows, score

_LISTS = {
    (PYTHON, "first.tsv"): "Python names, the half that the maps were mended on",
    (PYTHON, "second.tsv"): "Python names, the half that they were not",
    (PYTHON, "traps.tsv"): "Python names that mislead",
    (PYTHON, "fresh.tsv"): "Python names, by somebody who had not seen the maps",
    (PYTHON, "fresh-traps.tsv"): "Python names that mislead, likewise",
    (NODE, "fresh.tsv"): "Node names, by somebody who had not seen the maps",
    (NODE, "fresh-traps.tsv"): "Node names that mislead, likewise",
}


def lines() -> Iterator[Line]:
    """The lines about import names: per cent of each list."""
    for (language, file), title in _LISTS.items():
        listed = rows(language, file)
        found = score(language, listed)
        title = f"{title} ({len(listed)})"
        yield Line(f"{title}: right", "%", [found.share(found.right)], aim="98 %")
        yield Line(f"{title}: wrong", "%", [found.share(found.wrong)], aim="0 %")
        yield Line(f"{title}: undecided", "%", [found.share(found.undecided)])
    yield from _go()
    yield from _java()


def _go() -> Iterator[Line]:
    listed = accuracy_paths.rows("golang", "fresh.tsv")
    found, title = accuracy_paths.score(accuracy_paths.of_go, listed), f"Go imports, a fresh list ({len(listed)})"
    yield Line(f"{title}: right", "%", [found.share(found.right)])
    yield Line(f"{title}: wrong", "%", [found.share(found.wrong)], aim="0 %")


def _java() -> Iterator[Line]:
    listed, brings = accuracy_paths.rows("java", "fresh.tsv"), dict(accuracy_paths.rows("java", "brings.tsv"))
    found, title = accuracy_paths.score(accuracy_paths.of_java, listed), f"Java imports, a fresh list ({len(listed)})"
    wrong = [name for name in found.wrong if not (accuracy_paths.of_java(name) or set()) & brings.get(name, set())]
    yield Line(f"{title}: right", "%", [found.share(found.right)])
    yield Line(f"{title}: another that brings it", "%", [found.share(found.wrong) - found.share(wrong)])
    yield Line(f"{title}: wrong", "%", [found.share(wrong)], aim="0 %")
    yield Line(f"{title}: undecided", "%", [found.share(found.undecided)])
