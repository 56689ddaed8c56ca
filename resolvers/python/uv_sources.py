"""`[tool.uv.sources]`: where uv takes a package from, if not from the registry.

Source: uv's documentation, "Dependency sources".
"""

from __future__ import annotations

import posixpath

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import ManifestError, Requirement, View
from jhansi_runner.resolvers.python import indexes, toml, uv_workspace
from jhansi_runner.resolvers.python.manifest import Draft, LocalProject
from jhansi_runner.resolvers.python.requirements_file import folder_of

_TABLE = "sources"
_ELSEWHERE = ("git", "path", "url", "workspace")


class Sources:
    """The sources that a project names. The registry's package of such a name is somebody else's."""

    def __init__(self, view: View, uv: toml.Table, path: str, text: str, project: toml.Table) -> None:
        self._view, self._path, self._text = view, path, text
        self._own = canonicalize_name(toml.string(project, "name", path, text))
        self._extras = {canonicalize_name(each) for each in toml.table(project, "optional-dependencies", path, text)}
        self._indexes = indexes.by_name(uv.get("index"))
        self._named: dict[str, tuple[str, object]] = {
            canonicalize_name(key): (key, value) for key, value in toml.table(uv, _TABLE, path, text).items()
        }

    def note(self, draft: Draft) -> None:
        """Tell of indexes that nothing is taken from."""
        indexes.note(self._indexes, self._path, toml.line_of(self._text, "[[tool.uv.index]]"), draft)

    def local(self, found: Requirement) -> LocalProject | None:
        """The project of the workspace that a dependency is; None for one that comes from the registry.

        Raises ManifestError for one that comes from elsewhere.
        """
        if found.extras and found.name == self._own and self._extras.issuperset(map(canonicalize_name, found.extras)):
            return LocalProject(posixpath.dirname(self._path), found.extras, self._path, found.line)
        key, value = self._named.get(found.name, ("", []))
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, dict):
                raise toml.wrong(self._path, self._text, key, "a table")
            if (folder := self._folder(found, entry)) is not None:
                return LocalProject(folder, found.extras, self._path, found.line)
            if any(kind in entry for kind in _ELSEWHERE):
                hint = "name a released version, or put the code into the workspace and drop the dependency"
                message = f"{found.name} comes from tool.uv.sources, not from the registry"
                raise ManifestError(self._path, found.line, message, hint)
            where = toml.line_of(self._text, key, toml.line_of(self._text, "[tool.uv.sources]"))
            indexes.check(found.name, entry.get("index"), self._indexes, self._path, where)
        return None

    def _folder(self, found: Requirement, entry: toml.Table) -> str | None:
        if entry.get("workspace") is True:
            return uv_workspace.find(self._view, self._path, found.name)
        return folder_of(entry.get("path"), self._path, found.line)
