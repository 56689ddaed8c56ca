"""Hostile source is parsed in a sandbox of its own: no network, no workspace, little memory, little time."""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
from collections.abc import Callable, Sequence

from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.resolvers.interface import FileImports, Import, SourceFile
from jhansi_runner.runner import sandbox
from jhansi_runner.runner.interpreter import Interpreter
from jhansi_runner.runner.toolchain import of_python
from jhansi_runner.runner.trouble import explain

_SCRIPT = "/parser/script.py"
_SECONDS = 60
_MEMORY = 2 << 30
_CPU_SECONDS = 45


def sandboxed_parser(
    bwrap: str, etc: str, interpreter: Interpreter, filter_: bytes, script: str
) -> Callable[[Sequence[SourceFile]], Sequence[FileImports]]:
    """A parser for resolvers: a language's `script`, run by Python, which it needs nothing of but the standard library.

    What it is given may crash it; then every file has a problem.
    """
    python = of_python(interpreter)
    options = [
        *sandbox.root(etc),
        *sandbox.toolchain(python.shown, python.hidden),
        *("--ro-bind", script, _SCRIPT, "--chdir", "/"),
        *sandbox.sealed(),
    ]

    def parse(files: Sequence[SourceFile]) -> Sequence[FileImports]:
        asked = {"files": [{"path": f.path, "data": base64.b64encode(f.data).decode()} for f in files]}
        arguments = sealed(b"".join(os.fsencode(option) + b"\0" for option in options))
        seccomp = sealed(filter_)
        command = [bwrap, "--args", str(arguments), "--seccomp", str(seccomp), "--"]
        try:
            done = subprocess.run(
                [*command, interpreter.path, "-I", "-S", _SCRIPT],
                input=json.dumps(asked).encode(),
                capture_output=True,
                timeout=_SECONDS,
                env={},
                pass_fds=(arguments, seccomp),
                preexec_fn=_limit,  # no thread has been started here
                check=False,
            )
        except subprocess.TimeoutExpired:
            return [FileImports(f.path, (), f"could not be read within {_SECONDS} s") for f in files]
        finally:
            os.close(arguments)
            os.close(seccomp)
        words = done.stderr.decode("utf-8", "replace")
        if words.startswith("bwrap:") and not done.stdout:
            raise explain(bwrap, words)
        return _answer(done.stdout, files)

    return parse


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(output: bytes, files: Sequence[SourceFile]) -> Sequence[FileImports]:
    """Read what the parser says: it has looked at hostile source, so its words are checked too."""
    try:
        found = json.loads(output)["files"]
        answers = {str(one["path"]): _file(one) for one in found}
    except (ValueError, KeyError, TypeError, RecursionError):
        answers = {}
    crashed = "it broke the parser"
    return [answers.get(f.path) or FileImports(f.path, (), crashed) for f in files]


def _file(one: dict[str, object]) -> FileImports:
    rows = one["imports"]
    if not isinstance(rows, list):
        raise TypeError("imports")
    problem = one.get("problem")
    words = None if problem is None else str(problem)
    return FileImports(str(one["path"]), tuple(_import(row) for row in rows), words, one.get("facts"))


def _import(row: dict[str, object]) -> Import:
    group = row.get("group")
    return Import(
        name=str(row["name"]),
        line=int(str(row["line"])),
        optional=bool(row.get("optional")),
        type_checking=bool(row.get("type_checking")),
        group=None if group is None else int(str(group)),
        branch=int(str(row.get("branch") or 0)),
        binds=str(row.get("binds") or ""),
    )
