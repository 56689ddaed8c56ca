"""The line that adds a requirement to a manifest, as its author would write it."""

from __future__ import annotations

from jhansi_runner.resolvers.interface import NOTHING, SCAN, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.python.inline import SUFFIX
from jhansi_runner.resolvers.python.manifest import PYPROJECT

_POETRY = b"[tool.poetry.dependencies]"


def addition(plan: Plan, new: Requirement, view: View) -> tuple[str, str]:
    """The manifest's path and the line for it. The path is "" where there is no manifest, the line where a tool
    writes the file.
    """
    source, text = plan.source, new.text.replace('"', "'")
    if source in (SCAN, NOTHING):
        return "", new.text
    if source.endswith(SUFFIX):
        return source.removesuffix(SUFFIX), f'#   "{text}",'
    name = source.rpartition("/")[2]
    if name.endswith(".txt"):
        return source, new.text
    if name == "setup.cfg":
        return source, f"    {new.text}"
    if name == PYPROJECT:
        return source, _poetry(new) if _is_poetry(view, source) else f'    "{text}",'
    return source, ""


def _is_poetry(view: View, path: str) -> bool:
    try:
        data = view.read(path) or b""
    except ViewError:
        return False
    return _POETRY in data and b"\ndependencies = [" not in data


def _poetry(new: Requirement) -> str:
    version = new.specifier or "*"
    if not new.extras:
        return f'{new.name} = "{version}"'
    extras = ", ".join(f'"{each}"' for each in new.extras)
    return f'{new.name} = {{ version = "{version}", extras = [{extras}] }}'
