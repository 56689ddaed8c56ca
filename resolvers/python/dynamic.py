"""Dependencies of a `pyproject.toml` that its build would look up: read where they lie, else the build is asked.

Source: PEP 621 for `dynamic`; setuptools' documentation, "Dynamic Metadata", and that of hatch-requirements-txt.
"""

from __future__ import annotations

import posixpath

from jhansi_runner.resolvers.interface import View
from jhansi_runner.resolvers.python import setup_files, toml
from jhansi_runner.resolvers.python.backend import ask_for, build_system
from jhansi_runner.resolvers.python.manifest import Draft

_PLACES = (
    ("setuptools", "dynamic", "dependencies", "file"),
    ("hatch", "metadata", "hooks", "requirements_txt", "files"),
)
"""Where in the table `tool` backends are told which files to read."""


def is_dynamic(document: toml.Table, extras: tuple[str, ...], path: str, text: str) -> bool:
    """Whether only the build knows what a project with these extras depends on. Raises ManifestError."""
    if "project" in document:
        dynamic = _dynamic(document, path, text)
        return "dependencies" in dynamic or _extras_are(dynamic, extras)
    build = toml.table(document, "build-system", path, text)
    return "build-backend" in build and not build_system(document, path, text).is_setuptools


def collect(view: View, document: toml.Table, path: str, text: str, draft: Draft, extras: tuple[str, ...]) -> None:
    """Add what the files that a build would read ask for, or what the build said. Raises ManifestError."""
    readable = not _extras_are(_dynamic(document, path, text), extras)
    for place in _PLACES if readable else ():
        value = _at(toml.table(document, "tool", path, text), place)
        if value is None:
            continue
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise toml.wrong(path, text, place[-1], "a list of strings")
        setup_files.from_files(view, path, names, draft)
        return
    build, folder, before = build_system(document, path, text), posixpath.dirname(path), len(draft.requirements)
    if readable and build.is_setuptools:
        setup_files.collect(view, folder, draft)
        if len(draft.requirements) > before or draft.unbuilt is not None:
            return
    word = "dynamic" if "project" in document else "build-backend"
    ask_for(draft, folder, path, toml.line_of(text, word), build, extras)


def _dynamic(document: toml.Table, path: str, text: str) -> list[str]:
    return toml.strings(toml.table(document, "project", path, text), "dynamic", path, text)


def _extras_are(dynamic: list[str], extras: tuple[str, ...]) -> bool:
    return bool(extras) and "optional-dependencies" in dynamic


def _at(table: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
