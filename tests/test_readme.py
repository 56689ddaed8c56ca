"""README.md tells the truth: each command in it is run, and prints what is shown."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.console import Block, blocks, options_shown
from support.documents import Reader, problems

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
NOT_COMMANDS = {"json", "mermaid", "text"}
"""Languages of blocks in which nothing is shown that a reader could run."""

ALL = blocks(README.read_text()) if README.exists() else ()
CONSOLE = [block for block in ALL if block.language == "console"]


def _for_make(block: Block) -> bool:
    return any(step.command.startswith("make ") for step in block.steps)


def _marks(block: Block) -> list[pytest.MarkDecorator]:
    """`online` for a block that says so; one that needs a program of the host is skipped where that is missing."""
    needed = [word.removeprefix("needs-") for word in block.info if word.startswith("needs-")]
    missing = [name for name in needed if shutil.which(name) is None]
    marks = [pytest.mark.online] if "online" in block.info else []
    return (
        [*marks, pytest.mark.skipif(bool(missing), reason=f"{' '.join(missing)} not installed")] if missing else marks
    )


RUN_HERE = [
    pytest.param(block, id=f"line {block.line}", marks=_marks(block)) for block in CONSOLE if not _for_make(block)
]


@pytest.mark.parametrize("block", RUN_HERE)
def test_block_prints_what_it_shows(block: Block, command: str, jhansi_home: str) -> None:
    directory = Path(jhansi_home, "workspace")
    directory.mkdir()
    assert problems(README.name, block, Reader(command, directory, Path(jhansi_home, "home"))) == []


def test_there_is_something_to_run() -> None:
    assert any(not _for_make(block) for block in CONSOLE), "README.md shows no command of ours"
    assert any(_for_make(block) for block in CONSOLE), "README.md does not show how to set up"


def test_every_block_is_one_that_is_run() -> None:
    unknown = [f"line {b.line}: {b.language!r}" for b in ALL if b.language not in {"console", *NOT_COMMANDS}]
    assert not unknown, f"only `console` blocks are run: {unknown}"


def test_blocks_for_make_show_the_two_commands_and_nothing_else() -> None:
    """They are not run in here, as one of them runs this: test_demo.py and .ci/run do it."""
    steps = [step for block in CONSOLE if _for_make(block) for step in block.steps]
    assert {step.command.partition("#")[0].strip() for step in steps} == {"make demo", "make test"}
    assert re.search(r"\bmake test\b", (ROOT / ".ci" / "run").read_text())


def test_every_option_shown_exists(command: str) -> None:
    shown = {found for block in CONSOLE for step in block.steps if (found := options_shown(step.command))}
    assert shown
    assert [problem for found in sorted(shown) for problem in _unknown_options(command, *found)] == []


def _unknown_options(command: str, subcommands: tuple[str, ...], options: tuple[str, ...]) -> list[str]:
    words = [command, *subcommands, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{subcommands}: {done.stderr}"
    unknown = [option for option in options if not re.search(rf"{re.escape(option)}(?![\w-])", done.stdout)]
    return [f"`jhansi-runner {' '.join(subcommands)} --help` does not know {option}" for option in unknown]
