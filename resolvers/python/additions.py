"""The line that adds a requirement to a manifest, as its author would write it."""

from __future__ import annotations

import re
import tomllib

from jhansi_runner.resolvers.interface import NOTHING, SCAN, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.python.inline import START, SUFFIX
from jhansi_runner.resolvers.python.manifest import PYPROJECT

_PROJECT = "[project]"
_ONE_LINE = re.compile(
    r"^(?P<head>#?[ \t]*dependencies[ \t]*=[ \t]*\[)(?P<items>[^\n]*)\](?P<tail>[ \t]*(?:#[^\n]*)?)$", re.MULTILINE
)
_NEXT = re.compile(r"\n(?:\[|# ///)")
_POETRY = b"[tool.poetry.dependencies]"


def addition(plan: Plan, new: Requirement, view: View) -> tuple[str, str]:
    """The manifest's path and the line for it. The path is "" where there is no manifest, the line where a tool
    writes the file. A list that stands on one line is given whole, to stand in its place.
    """
    source, text = plan.source, new.text.replace('"', "'")
    if source in (SCAN, NOTHING):
        return "", new.text
    if source.endswith(SUFFIX):
        path = source.removesuffix(SUFFIX)
        return path, _whole(view, path, START, text) or f'#   "{text}",'
    name = source.rpartition("/")[2]
    if name.endswith(".txt"):
        return source, new.text
    if name == "setup.cfg":
        return source, f"    {new.text}"
    if name == PYPROJECT:
        return source, _poetry(new) if _is_poetry(view, source) else _whole(
            view, source, _PROJECT, text
        ) or f'    "{text}",'
    return source, ""


def _whole(view: View, path: str, header: str, text: str) -> str:
    """The line with the list of dependencies below a header, and one more in it; "" where it has several lines."""
    _, _, below = _read(view, path).decode("utf-8-sig", "replace").partition(header)
    found = _ONE_LINE.search(_NEXT.split(below, maxsplit=1)[0])
    if found is None:
        return ""
    items = found["items"].strip().rstrip(",").rstrip()
    line = f'{found["head"]}{items}{", " if items else ""}"{text}"]{found["tail"]}'
    try:
        asked = [tomllib.loads(each.removeprefix("#"))["dependencies"] for each in (found[0], line)]
    except (tomllib.TOMLDecodeError, KeyError):
        return ""
    return line if asked[1] == [*asked[0], text] else ""


def _is_poetry(view: View, path: str) -> bool:
    data = _read(view, path)
    return _POETRY in data and b"\ndependencies = [" not in data


def _read(view: View, path: str) -> bytes:
    try:
        return view.read(path) or b""
    except ViewError:
        return b""


def _poetry(new: Requirement) -> str:
    version = new.specifier or "*"
    if not new.extras:
        return f'{new.name} = "{version}"'
    extras = ", ".join(f'"{each}"' for each in new.extras)
    return f'{new.name} = {{ version = "{version}", extras = [{extras}] }}'
