"""Notebooks: their code as one script, and a runner for it. Runs alone (`python notebook.py NOTEBOOK ARGUMENTS`).

Only the standard library is imported, and nothing of ours: the runner is shown to programs as it is.

Source: the notebook format, nbformat 4 (and 3); IPython's documentation of magics.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import NamedTuple

SUFFIX = ".ipynb"
LANGUAGE = "python"
_KEPT_MAGICS = frozenset({"time", "timeit", "capture", "prun"})
"""Cell magics whose cell is Python all the same."""
_NOT_MAGIC = ("!=", "% ", "%(", "%=")
"""How a line of Python may go on that a bracket has opened."""
_INSTALLS = re.compile(r"[%!]\s?(?:\S+\s-m\s)?(?:pip3?|conda|mamba|uv)\s.*\binstall\b")
MAX_CELLS = 5_000
MAX_LINE = 500


class Cell(NamedTuple):
    """A cell of code: its number among all cells from 1, and its first line and the line after it in the script."""

    number: int
    start: int
    end: int


class Script(NamedTuple):
    """The code of a notebook. Lines stand where the file has them, when it is written with one string to a line.

    `left_out` are cell, line and text of what is not Python; `installs` those of them that install something.
    """

    lines: list[str]
    cells: list[Cell]
    left_out: list[tuple[int, int, str]]
    installs: list[tuple[int, int, str]]


class NotANotebook(ValueError):
    """A file that is no notebook, or one in another language."""


def script(data: bytes) -> Script:
    """The code of a notebook. Raises NotANotebook."""
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text)
        cells = document["cells"] if "cells" in document else [c for w in document["worksheets"] for c in w["cells"]]
        metadata = document.get("metadata", {})
        kernel = metadata.get("kernelspec", {}).get("language") or metadata.get("language_info", {}).get("name")
        code = [(number, _source(cell)) for number, cell in enumerate(cells, 1) if cell.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise NotANotebook(f"is not a notebook: {type(fault).__name__}: {str(fault)[:80]}") from None
    if kernel not in (None, LANGUAGE, "ipython"):
        raise NotANotebook(f"is a notebook of {str(kernel)[:40]!r}, not of Python")
    made = Script([], [], [], [])
    position, line = 0, 1
    for number, source in code[:MAX_CELLS]:
        lines = source.replace("\r\n", "\n").removesuffix("\n").split("\n")
        found = next(((at, each) for at, each in enumerate(lines) if each.strip()), None)
        if found is None:
            continue
        place = text.find(json.dumps(found[1], ensure_ascii=text.isascii())[1:-1], position) if position >= 0 else -1
        if place >= 0:
            line += text.count("\n", position, place)
        position = place  # what is not found once is not looked for again
        _add(made, number, lines, line - found[0] if place >= 0 else 1)
    return made


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(str(each) for each in source)  # type: ignore[attr-defined]


def _add(made: Script, number: int, lines: list[str], at: int) -> None:
    made.lines.extend([""] * (at - 1 - len(made.lines)))
    start = len(made.lines) + 1
    other = lines[0].startswith("%%") and lines[0][2:].partition(" ")[0] not in _KEPT_MAGICS
    goes_on = False
    for offset, line in enumerate(lines):
        heads = offset == 0 and line.startswith("%%")
        kept = "" if other or heads or goes_on else _without_magic(line)
        made.lines.append(kept)
        if kept != line and (not other or heads):
            made.left_out.append((number, start + offset, line.strip()))
        if kept != line and _INSTALLS.match(line.strip()[:MAX_LINE]):
            made.installs.append((number, start + offset, line.strip()))
        goes_on = kept != line and not heads and line.endswith("\\")
    made.cells.append(Cell(number, start, len(made.lines) + 1))


def _without_magic(line: str) -> str:
    """A line of Python in the place of one that only IPython understands."""
    body = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if body.startswith(("%", "!", "?")) and not body.startswith(_NOT_MAGIC):
        return f"{indent}pass"
    if body.endswith("?") and not any(sign in body for sign in "#'\""):
        return f"{indent}pass"
    target, equals, value = body[:MAX_LINE].partition("=")
    value = value.lstrip()
    if equals and value.startswith(("!", "%")) and not value.startswith(_NOT_MAGIC) and target.strip().isidentifier():
        return f"{indent}{target.strip()} = None"
    return line


def run(path: str, made: Script) -> int:
    """Run the cells in their order, as `__main__`; the exit code. The value of a last expression is printed."""
    import ast
    import asyncio
    import builtins
    import inspect
    import linecache
    import traceback
    import types

    for number, line, text in made.left_out:
        print(f"{path}:{line}: cell {number}: left out: {text[:120]}", file=sys.stderr)
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins)
    sys.modules["__main__"] = main
    linecache.cache[path] = (0, None, [f"{line}\n" for line in made.lines], path)
    builtins.display = _display  # type: ignore[attr-defined]
    loop = None
    for cell in made.cells:
        source = "\n".join(made.lines[cell.start - 1 : cell.end - 1])
        try:
            tree = ast.parse("\n" * (cell.start - 1) + source, path)
            last = tree.body[-1:] if not source.rstrip().endswith(";") else []
            shown = [each for each in last if isinstance(each, ast.Expr)]
            parts: list[tuple[ast.AST, str]] = [(ast.Module(tree.body[: len(tree.body) - len(shown)], []), "exec")]
            parts += [(ast.Interactive(list[ast.stmt](shown)), "single")] if shown else []
            for part, mode in parts:
                code = compile(part, path, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # type: ignore[call-overload]
                if code.co_flags & inspect.CO_COROUTINE:
                    loop = loop or asyncio.new_event_loop()
                    loop.run_until_complete(eval(code, main.__dict__))  # noqa: S307  # running it is what we are for
                else:
                    exec(code, main.__dict__)  # noqa: S102
        except Exception as fault:
            frames = fault.__traceback__
            while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
                frames = frames.tb_next
            traceback.print_exception(type(fault), fault, frames)
            print(f"{path}: cell {cell.number} failed", file=sys.stderr)
            return 1
    return 0


def _display(*values: object, **_: object) -> None:
    for value in values:
        print(repr(value))


def main() -> int:
    """Run the notebook that the first argument names."""
    path = sys.argv[1]
    sys.argv[:] = sys.argv[1:]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    os.environ.setdefault("MPLBACKEND", "Agg")  # there is no page to draw into
    try:
        with open(path, "rb") as file:
            made = script(file.read())
    except (NotANotebook, OSError) as fault:
        print(f"{path}: {fault}", file=sys.stderr)
        return 2
    return run(path, made)


if __name__ == "__main__":
    sys.exit(main())
