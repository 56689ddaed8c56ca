"""What the nursery is told to run: the options of `exec`, and what a run in a sandbox that has a name has besides.

Pure, but for the file in memory that carries it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.runner import sandbox
from jhansi_runner.runner.engine.interface import Wanted
from jhansi_runner.runner.job import Named
from jhansi_runner.runner.limits.model import OPTIONS, TIME, parse
from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.sandboxes.errors import bad_request, refused
from jhansi_runner.runner.sandboxes.model import Program
from jhansi_runner.runner.sandboxes.places import key

_LIMITS = {option.removeprefix("--") for option in OPTIONS.values()}
_TIMEOUT = OPTIONS[TIME].removeprefix("--")
_INSIDE = f"{sandbox.WORKSPACE}/"
_LONGEST_WORD = 130_000
"""Bytes of an argument, a line for a shell or a variable's value; of a variable with its name Linux takes 131,071.

Source: execve(2).
"""
_PLACED, _QUOTED, _GOES_ON = re.compile(r"\$\{?[@*#1-9]"), re.compile(r"'[^']*'"), re.compile(r"[;&|(]\Z|(\A|\s)#")
"""How a line of shell speaks of its arguments, what is text there, and where a word at the end would be no argument."""


@dataclass(frozen=True, slots=True)
class Order:
    """One run. `options` are attributes of ExecOptions; the rest is as in `Wanted` and `Named`.

    `most` are the bytes that the sandbox may hold, 0 for any.
    """

    run: str
    sandbox: str
    work: str
    options: Mapping[str, object]
    policy: str = ""
    timeout: float | None = None
    most: int = 0

    def to_file(self) -> int:
        """A file in memory that holds it. Raises OSError."""
        return sealed(json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, data: bytes) -> Order:
        """What `to_file` wrote."""
        return cls(**json.loads(data))

    def exec_options(self) -> ExecOptions:
        """What `exec` is asked to do."""
        made = ExecOptions()
        for name, value in self.options.items():
            setattr(made, name, value)
        return made

    def named(self) -> Named:
        """The sandbox that it is to be run in; its limits are among the options."""
        made = Named(self.sandbox, key(self.sandbox), self.work)
        made.run, made.policy, made.timeout = self.run.rpartition("_")[2], self.policy, self.timeout
        return made


def order(wanted: Wanted, timeout: float, longest: float, *, offline: bool = False, most: int = 0) -> Order:
    """The order for a run. `timeout` is for programs that ask for none, `longest` the most that one may ask for.

    `most` is as in `Order`. Raises SandboxError for what makes no sense, or is too much.
    """
    program = wanted.program
    _require_sense(program)
    if program.timeout is not None and program.timeout > longest:
        what = f"timeout {program.timeout:.15g}: a program may have {longest:.15g} seconds"
        raise refused(what, "ask for less, or the operator for a higher --longest-timeout", "bad_timeout")
    options: dict[str, object] = {"json": True, "json_lines": True}
    if wanted.language:
        options["language"] = wanted.language
    options.update({name: text for name, text in wanted.limits.items() if name in _LIMITS})
    seconds = [program.timeout] if program.timeout is not None else []
    if _TIMEOUT in wanted.limits:
        seconds.append(parse(TIME, wanted.limits[_TIMEOUT]))
    if seconds:
        options[_TIMEOUT] = f"{min(*seconds, longest):.15g}"
    options["offline"], options["no_install"] = offline or program.offline, program.no_install
    options["env"] = [f"{name}={value}" for name, value in program.env.items()]
    options["test"] = program.test
    if program.command:
        words = _shell(program) if isinstance(program.command, str) else list(program.command)
        options["before" if program.test else "command"] = words if program.test else [*words, *program.args]
    if program.test or not program.command:
        options["file"] = program.filename.removeprefix(_INSIDE)
        options["arguments"] = list(program.args)
    return Order(wanted.run, wanted.sandbox, wanted.work, options, wanted.policy, timeout, most)


def _shell(program: Program) -> list[str]:
    """A line for a shell. Arguments are words at its end, unless it says itself where it wants them, or is several."""
    line = str(program.command).rstrip()
    spoken = _QUOTED.sub("''", line)
    if program.args and not program.test and "\n" not in line and not _PLACED.search(spoken):
        if _GOES_ON.search(spoken):
            raise bad_request("the command does not say where its arguments go", 'write "$@" there')
        line = f'{line} "$@"'
    return ["sh", "-c", line, "sh"]


def kind(program: Program) -> str:
    """What is run: `test`, `command` or `file`."""
    return "test" if program.test else "command" if program.command else "file"


def _require_sense(program: Program) -> None:
    words = (program.command,) if isinstance(program.command, str) else program.command
    texts = [program.filename, *words, *program.args, *program.env, *program.env.values()]
    if not (program.test or program.filename or any(words)):
        raise bad_request("there is nothing to run", 'name a file of the sandbox, give a command, or ask for "test"')
    if program.filename and any(words):
        raise bad_request("there is a file to run, and a command", "give one of them")
    for text in texts:
        if not _is_word(text):
            raise bad_request(f"{text[:80]!r} cannot be given to a program", "leave out NULs and halves of characters")
        if len(text.encode()) > _LONGEST_WORD:
            hint = "write it to a file of the sandbox, or give it as the program's input"
            raise bad_request(f"{text[:80]!r}... has more than the {_LONGEST_WORD} bytes that a word may have", hint)
    for name in program.env:
        if not (name.isascii() and name.isidentifier()):
            raise bad_request(f"{name[:80]!r} is not the name of a variable", "letters, digits and _ make one")
    if program.timeout is not None:
        try:
            parse(TIME, f"{program.timeout:.15g}")
        except ValueError as error:
            raise bad_request(f"timeout {error}") from None


def _is_word(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
