"""How often an import name is answered rightly, and that practically none is answered wrongly."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.python.names import default_names
from support.accuracy import NOTHING, PYTHON, rows, score


@pytest.mark.parametrize(("file", "least"), [("first.tsv", 99.0), ("second.tsv", 97.5), ("fresh.tsv", 98.0)])
def test_names_that_programs_import_are_answered_rightly_or_not_at_all(file: str, least: float) -> None:
    listed = rows(PYTHON, file)
    assert len({name for name, _ in listed}) == len(listed) >= 500
    found = score(PYTHON, listed)
    assert found.wrong == ()
    assert found.share(found.right) >= least


@pytest.mark.parametrize("file", ["traps.tsv", "fresh-traps.tsv"])
def test_famous_modules_the_hosts_own_misspelt_and_invented_names_install_nothing_wrong(file: str) -> None:
    found = score(PYTHON, rows(PYTHON, file))
    assert (found.wrong, found.undecided) == ((), ())


def test_a_misspelt_name_is_answered_with_the_closest_real_one() -> None:
    names = default_names()
    closest = {"reqeusts": "requests", "pandsa": "pandas", "matplotlb": "matplotlib", "selenuim": "selenium"}
    assert {name: (names.lookup(name), names.closest(name)) for name in closest} == {
        name: (None, near) for name, near in closest.items()
    }


def test_a_score_tells_wrong_from_undecided() -> None:
    listed = [("numpy", frozenset({"numpy"})), ("yaml", frozenset({"yaml"})), ("nmupy", frozenset({"numpy"}))]
    found = score(PYTHON, [*listed, ("utils", frozenset({NOTHING}))])
    assert (found.right, found.wrong, found.undecided) == (("numpy", "utils"), ("yaml",), ("nmupy",))
    assert found.share(found.wrong) == 25
