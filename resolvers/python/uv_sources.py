"""`[tool.uv.sources]`: where uv takes a package from, if not from the registry.

Source: uv's documentation, "Dependency sources".
"""

from __future__ import annotations

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.resolvers.python.manifest import Draft

_TABLE = "sources"
_ELSEWHERE = ("git", "path", "url", "workspace")


class Sources:
    """The sources that a project names. The registry's package of such a name is somebody else's."""

    def __init__(self, uv: toml.Table, path: str, text: str) -> None:
        self._path, self._text = path, text
        self._indexes = indexes.by_name(uv.get("index"))
        self._named: dict[str, tuple[str, object]] = {
            canonicalize_name(key): (key, value) for key, value in toml.table(uv, _TABLE, path, text).items()
        }

    def note(self, draft: Draft) -> None:
        """Tell of indexes that nothing is taken from."""
        indexes.note(self._indexes, self._path, toml.line_of(self._text, "[[tool.uv.index]]"), draft)

    def check(self, name: str, line: int) -> None:
        """Raises ManifestError for a dependency, by its canonical name, that does not come from the registry."""
        if name not in self._named:
            return
        key, value = self._named[name]
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, dict):
                raise toml.wrong(self._path, self._text, key, "a table")
            if any(kind in entry for kind in _ELSEWHERE):
                hint = "name a released version, or put the code into the workspace and drop the dependency"
                message = f"{name} comes from tool.uv.sources, not from the registry"
                raise ManifestError(self._path, line, message, hint)
            where = toml.line_of(self._text, key, toml.line_of(self._text, "[tool.uv.sources]"))
            indexes.check(name, entry.get("index"), self._indexes, self._path, where)
