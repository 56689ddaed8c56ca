"""How often an import is answered with the right package, and that practically none is answered wrongly."""

from __future__ import annotations

from support.accuracy import NODE, rows, score


def test_names_that_programs_import_are_answered_rightly_or_not_at_all() -> None:
    listed = rows(NODE, "fresh.tsv")
    assert len({name for name, _ in listed}) == len(listed) >= 350
    found = score(NODE, listed)
    assert found.wrong == ()
    assert found.share(found.right) >= 98.0


def test_misspelt_and_invented_names_and_a_program_s_own_files_install_nothing() -> None:
    found = score(NODE, rows(NODE, "fresh-traps.tsv"))
    assert (found.wrong, found.undecided) == ((), ())
