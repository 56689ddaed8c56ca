"""README.md tells the truth: each command in it is run, and prints what is shown."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from support.console import Block, Step, blocks, matches, options_shown

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
NOT_COMMANDS = {"text", "mermaid"}
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


def run(block: Block, directory: Path, command: str, home: str) -> list[tuple[int, str]]:
    """Run all of a block in one shell; the exit code and the text of each step, both streams in one."""
    mark = secrets.token_hex(16)
    script = ""
    for step in block.steps:
        name = re.fullmatch(r"cat ([\w.-]+)", step.command)
        if name and not (directory / name[1]).exists():
            (directory / name[1]).write_text(step.output)
        script += f"{step.command}\nset -- $?; printf '%s %d\\n' {mark} $1; (exit $1)\n"
    user = directory.with_name("user")
    user.mkdir()
    environment = {
        "HOME": str(user),
        "JHANSI_HOME": home,
        "PATH": f"{Path(command).parent}:{os.environ['PATH']}",
        **{name: value for name, value in os.environ.items() if _says_how_to_reach_the_network(name)},
    }
    printed = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    ).stdout
    parts = re.split(rf"{mark} (\d+)\n", printed)
    return [(int(code), text) for text, code in zip(parts[::2], parts[1::2], strict=False)]


def _says_how_to_reach_the_network(name: str) -> bool:
    return name.lower().endswith("_proxy") or name in {"SSL_CERT_FILE", "SSL_CERT_DIR"}


_PATIENCE = re.compile(r"^jhansi-runner: still at it: .*\n", re.MULTILINE)
"""What a slow machine is told besides."""


def _problem(step: Step, code: int, printed: str, code_is_shown: bool) -> str:
    printed = _PATIENCE.sub("", printed)
    if not matches(step.output, printed):
        return f"README.md:{step.line}: `{step.command}` printed\n{printed}\nand not\n{step.output}"
    if code and not code_is_shown:
        return f"README.md:{step.line}: `{step.command}` ended with {code}; show it with `$ echo $?`"
    return ""


@pytest.mark.parametrize("block", RUN_HERE)
def test_block_prints_what_it_shows(block: Block, command: str, jhansi_home: str) -> None:
    directory = Path(jhansi_home, "workspace")
    directory.mkdir()
    steps = block.steps
    results = run(block, directory, command, jhansi_home + "/home")
    assert len(results) == len(steps), f"README.md:{block.line}: the shell ended early"
    shown = [step.command == "echo $?" for step in steps[1:]] + [False]
    problems = [_problem(step, *result, after) for step, result, after in zip(steps, results, shown, strict=True)]
    assert not any(problems), "\n".join(filter(None, problems))


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
