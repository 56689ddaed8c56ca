"""A reader of a document, who types what its examples show, and compares what is printed."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.console import Block, Step, matches

_PATIENCE = re.compile(r"^jhansi-runner: still at it: .*\n", re.MULTILINE)
"""What a slow machine is told besides."""
_EXPORTED = ".exported"


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who calls our command by that path, in a folder of theirs, with a home of their own.

    `argv` is what their shell is started by, `env` further variables. One who reads `on` has in each block what they
    exported in those before.
    """

    command: str
    directory: Path
    home: Path
    argv: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    on: bool = False


def problems(document: str, block: Block, reader: Reader) -> list[str]:
    """What a block promises and does not print, when all of it is typed into one shell."""
    steps = block.steps
    results = _typed(block, reader)
    if len(results) != len(steps):
        return [f"{document}:{block.line}: the shell ended early"]
    shown = [step.command == "echo $?" for step in steps[1:]] + [False]
    found = [
        _problem(document, step, *result, after) for step, result, after in zip(steps, results, shown, strict=True)
    ]
    return [problem for problem in found if problem]


def _typed(block: Block, reader: Reader) -> list[tuple[int, str]]:
    """The exit code and the text of each step, both streams in one."""
    mark, directory = secrets.token_hex(16), reader.directory
    script = f"[ ! -e {_EXPORTED} ] || . ./{_EXPORTED}\n" if reader.on else ""
    for step in block.steps:
        name = re.fullmatch(r"cat ([\w.-]+)", step.command)
        if name and (reader.on or not (directory / name[1]).exists()):
            (directory / name[1]).write_text(step.output)
        script += f"{step.command}\nset -- $?; printf '%s %d\\n' {mark} $1; (exit $1)\n"
    script += f"export -p >{_EXPORTED}\n" if reader.on else ""
    user = directory.with_name(f"{directory.name}-user")
    user.mkdir(exist_ok=True)
    environment = {
        "HOME": str(user),
        "JHANSI_HOME": str(reader.home),
        "PATH": f"{Path(reader.command).parent}:{os.environ['PATH']}",
        **{name: value for name, value in os.environ.items() if _says_how_to_reach_the_network(name)},
        **reader.env,
    }
    printed = subprocess.run(
        [*reader.argv, "bash", "-c", script],
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


def _problem(document: str, step: Step, code: int, printed: str, code_is_shown: bool) -> str:
    printed = _PATIENCE.sub("", printed)
    if not matches(step.output, printed):
        return f"{document}:{step.line}: `{step.command}` printed\n{printed}\nand not\n{step.output}"
    if code and not code_is_shown:
        return f"{document}:{step.line}: `{step.command}` ended with {code}; show it with `$ echo $?`"
    return ""
