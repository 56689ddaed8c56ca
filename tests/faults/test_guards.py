"""The list of guards is that of the sources, of the tests and of the documentation. `without.py` removes the guards."""

from __future__ import annotations

import re

import pytest
from faults.guards import ALL, GUARDS, Guard

from support.tree import ROOT

DOCUMENT = (ROOT / "docs" / "faults.md").read_text()
FAULTS = 12


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.fault}-{guard.what.replace(' ', '-')}")
def test_a_guard_is_there_with_the_tests_that_miss_it(guard: Guard) -> None:
    source = (ROOT / guard.file).read_text()
    for before, after in guard.texts:
        assert source.count(before) == 1
        assert before != after
    assert set(guard.types) <= set(ALL)
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert re.search(rf"^def {name}\(" if name else "^def test_", (ROOT / "tests" / file).read_text(), re.MULTILINE)


def test_every_fault_has_a_guard_and_every_guard_is_documented() -> None:
    assert {guard.fault for guard in GUARDS} == set(range(1, FAULTS + 1))
    rows = re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)
    assert [int(row) for row in rows] == list(range(1, FAULTS + 1))
    for guard in GUARDS:
        (row,) = (line for line in DOCUMENT.splitlines() if line.startswith(f"| {guard.fault} |"))
        assert guard.what in row
        assert all(f"`{test}`" in row for test in guard.tests)
