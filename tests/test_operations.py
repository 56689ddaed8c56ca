"""docs/operations.md tells the truth: an operator types what it shows, in one home from the first block to the last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jhansi_runner.runner.api.families import families
from jhansi_runner.runner.sandboxes.told import Metrics, Server, Tallies
from support.console import blocks
from support.documents import Reader, problems

GUIDE = Path(__file__).resolve().parent.parent / "docs/operations.md"
TEXT = GUIDE.read_text()
BLOCKS = [block for block in blocks(TEXT) if block.language == "console"]


def test_an_operator_sees_what_it_shows(command: str, jhansi_home: str) -> None:
    directory = Path(jhansi_home, "operator")
    directory.mkdir()
    reader = Reader(command, directory, Path(jhansi_home, "home"))
    assert len(BLOCKS) > 2
    for block in BLOCKS:
        (directory / "serve.log").unlink(missing_ok=True)
        assert problems(GUIDE.name, block, reader) == []


def test_what_is_not_run_is_said_to_be_so() -> None:
    assert {block.language for block in blocks(TEXT)} == {"console", "sh"}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"jhansi_runner_(\w+)", TEXT))))
def test_each_count_that_it_names_is_there(name: str) -> None:
    told = Metrics("", Tallies(), {}, 0, 0, Server(0, 0, 0, 0, 0, 0, {}))
    found = {family.name for family in families(told, {})}
    assert re.sub(r"(_seconds)_(count|sum|bucket)$", r"\1", name) in found


def test_each_option_of_serve_that_it_names_is_there() -> None:
    from jhansi_runner.runner.cli_serve import serve

    known = {option for each in serve.params for option in each.opts}
    named = set(re.findall(r"^\| `(--[\w-]+)`", TEXT, re.MULTILINE))
    named |= {
        option for line in re.findall(r"jhansi-runner serve .*", TEXT) for option in re.findall(r" (--[\w-]+)", line)
    }
    assert len(named) > 10
    assert named - known == set()
