"""How often an import is answered with its module, on a list by somebody who had not seen our names."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.golang.names import default_names
from support.accuracy_paths import of_go, rows, score

TRAPS = rows("golang", "traps.tsv")


def test_imports_are_answered_with_their_module() -> None:
    listed = rows("golang", "fresh.tsv")
    assert len({name for name, _ in listed}) == len(listed) >= 82
    found = score(of_go, listed)
    assert (found.wrong, found.undecided) == ((), ())


@pytest.mark.parametrize(("name", "closest"), [(name, near) for name, (near,) in TRAPS if near != "-"])
def test_what_looks_like_another_has_that_for_its_closest(name: str, closest: str) -> None:
    assert default_names().closest(name) == closest


def test_no_trap_is_taken_for_a_module_that_is_widely_known() -> None:
    asked = {module for name, _ in TRAPS for module in of_go(name) or ()}
    assert len(asked) <= 10
    assert not asked & default_names().known
