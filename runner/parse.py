"""Hostile source is parsed in a sandbox of its own: no network, no workspace, little memory, little time."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence

from jhansi_runner.proxy.cell.process import sealed
from jhansi_runner.resolvers.interface import FileImports, Import, SourceFile
from jhansi_runner.runner import sandbox
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.inside import run_inside
from jhansi_runner.runner.interpreter import Interpreter
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.limits.model import MEMORY, OUTPUT, PROCESSES, Limit, Limits
from jhansi_runner.runner.toolchain import of_python

_SCRIPT = "/parser/script.py"
_SECONDS = 60
_MEMORY, _PROCESSES, _OUTPUT = 2 << 30, 16, 256 << 20


def sandboxed_parser(
    job: Job, etc: str, interpreter: Interpreter, script: str
) -> Callable[[Sequence[SourceFile]], Sequence[FileImports]]:
    """A parser for resolvers: a language's `script`, run by Python, which it needs nothing of but the standard library.

    What it is given may crash it; then every file has a problem.
    """
    python = of_python(interpreter)
    bounds = {MEMORY: Limit(_MEMORY), PROCESSES: Limit(_PROCESSES), OUTPUT: Limit(_OUTPUT)}
    limits = Limits(bounds, required=job.limits.required)
    arguments = [
        *sandbox.root(etc, memory=_MEMORY),
        *sandbox.toolchain(python.shown, python.hidden),
        *("--ro-bind", script, _SCRIPT, "--chdir", "/"),
        *sandbox.sealed(),
    ]

    def parse(files: Sequence[SourceFile]) -> Sequence[FileImports]:
        asked = {"files": [{"path": f.path, "data": base64.b64encode(f.data).decode()} for f in files]}
        said = bytearray()
        ended = run_inside(
            job,
            arguments,
            [interpreter.path, "-I", "-S", _SCRIPT],
            limits=limits,
            sinks=(-1, -1),
            keep=(said.extend, None),
            stdin=sealed(json.dumps(asked).encode()),
            timeout=_SECONDS,
        )
        if ended.stopped_by:
            raise RunnerError("stopped", code=128 + ended.stopped_by)
        if ended.timed_out:
            return [FileImports(f.path, (), f"could not be read within {_SECONDS} s") for f in files]
        return _answer(bytes(said), files)

    return parse


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
