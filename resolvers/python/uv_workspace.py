"""`[tool.uv.workspace]`: which folder has the project that another one names as `{workspace = true}`.

Source: uv's documentation, "Using workspaces".
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import View, ViewError
from jhansi_runner.resolvers.python import toml
from jhansi_runner.resolvers.python.local import join, parents
from jhansi_runner.resolvers.python.manifest import PYPROJECT, read

_TABLE = "workspace"
MAX_MEMBERS = 200


def find(view: View, path: str, name: str) -> str | None:
    """The folder of the member with a canonical name, for the pyproject.toml at `path`. Raises ManifestError."""
    for folder in parents(path):
        root = join(folder, PYPROJECT)
        document, text = _document(view, root)
        uv = toml.table(toml.table(document, "tool", root, text), "uv", root, text)
        if _TABLE in uv:
            patterns = toml.strings(toml.table(uv, _TABLE, root, text), "members", root, text)
            members = (folder, *_members(view, folder, patterns))
            return next((each for each in members if _name(view, join(each, PYPROJECT)) == name), None)
    return None


def _members(view: View, folder: str, patterns: list[str]) -> list[str]:
    """The folders that match, each part of a pattern in its turn."""
    found: list[str] = []
    for pattern in patterns:
        reached = [folder]
        for part in pattern.strip("/").split("/"):
            if part in ("", ".", ".."):
                reached = []
            reached = [join(each, name) for each in reached for name in _folders(view, each, part)][:MAX_MEMBERS]
        found += reached
    return found[:MAX_MEMBERS]


def _folders(view: View, folder: str, part: str) -> Iterator[str]:
    if not any(sign in part for sign in "*?["):
        yield part
        return
    try:
        names = view.names(folder)
    except ViewError:
        return
    yield from fnmatch.filter((name[:-1] for name in names if name.endswith("/")), part)


def _name(view: View, path: str) -> str:
    document, text = _document(view, path)
    return canonicalize_name(toml.string(toml.table(document, "project", path, text), "name", path, text))


def _document(view: View, path: str) -> tuple[toml.Table, str]:
    data = read(view, path)
    return toml.parse(data, path) if data is not None else ({}, "")
