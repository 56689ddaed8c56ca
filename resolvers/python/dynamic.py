"""Dependencies of a `pyproject.toml` that its build backend would look up. No backend is run.

Source: PEP 621 for `dynamic`; setuptools' documentation, "Dynamic Metadata", and that of hatch-requirements-txt.
"""

from __future__ import annotations

from jhansi_runner.resolvers.interface import View
from jhansi_runner.resolvers.python import toml
from jhansi_runner.resolvers.python.manifest import Draft
from jhansi_runner.resolvers.python.setup_files import from_files

_PLACES = (
    ("setuptools", "dynamic", "dependencies", "file"),
    ("hatch", "metadata", "hooks", "requirements_txt", "files"),
)
"""Where in the table `tool` backends are told which files to read."""


def collect(view: View, document: toml.Table, path: str, text: str, draft: Draft) -> None:
    """Add what the files that a backend would read ask for; a note where it would run code. Raises ManifestError."""
    for place in _PLACES:
        value = _at(toml.table(document, "tool", path, text), place)
        if value is None:
            continue
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise toml.wrong(path, text, place[-1], "a list of strings")
        from_files(view, path, names, draft)
        return
    build = toml.table(document, "build-system", path, text)
    backend = toml.string(build, "build-backend", path, text) or "setuptools"
    line = toml.line_of(text, "dynamic")
    draft.note(path, line, f"dependencies are dynamic, and {backend} is not run: write them into [project]")


def _at(table: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
