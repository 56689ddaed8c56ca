"""docs/seccomp.md is the filter that is loaded."""

from __future__ import annotations

import errno
import runpy
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.cell import seccomp, syscalls
from support.bpf import Call, refused_with, run

ROOT = Path(__file__).resolve().parents[3]
ROWS = [line.strip("|").split("|") for line in (ROOT / "docs/seccomp.md").read_text().splitlines() if "| `" in line]
NUMBERED = [[cell.strip(" `") for cell in row] for row in ROWS if len(row) > 2]


def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts/filter_table.py"))


def test_it_is_made_from_the_filters_data() -> None:
    assert (ROOT / "docs/seccomp.md").read_text() == script()["text"](), "run scripts/filter_table.py"


@pytest.mark.parametrize(("column", "machine"), [(1, "x86_64"), (2, "aarch64")])
def test_each_refusal_that_it_names_is_what_the_filter_answers(column: int, machine: str) -> None:
    program = seccomp.program(machine)
    refused = [row for row in NUMBERED if len(row) == 5 and row[column] != "-"]
    assert len(refused) > 50
    for row in refused:
        call = Call(seccomp.AUDIT_ARCH[machine], int(row[column]))
        assert refused_with(run(program, call)) == getattr(errno, row[3]), row


def test_what_it_names_as_allowed_is_not_refused() -> None:
    allowed = set(script()["ALLOWED"])
    assert not allowed & {call[0] for _, _, calls in syscalls.DENIED for call in calls}
    table = {line.split("\t")[0] for line in Path(__file__).with_name("syscalls.tsv").read_text().splitlines()[1:]}
    assert allowed <= table
