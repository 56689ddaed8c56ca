"""Which imports mean the workspace's own files.

Source: Node's "Modules: CommonJS modules" and "Modules: Packages" (subpath imports); TypeScript's `paths`.
"""

from __future__ import annotations

import posixpath

from jhansi_runner.resolvers.interface import View, ViewError
from jhansi_runner.resolvers.node.patterns import Patterns
from jhansi_runner.resolvers.node.text import Table, parse_lenient, strings

SOURCES = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")
_ADDED = (*SOURCES, ".json", ".node")
_WRITTEN = {".js": (".ts", ".tsx", ".jsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}
"""TypeScript has imports name the file that it will write, and means the one that it reads."""
_MAX_EXTENDS = 5


def join(folder: str, name: str) -> str:
    """A path below `folder`, where "" is the workspace, and as a name the folder itself."""
    return f"{folder}/{name}" if folder and name else folder or name


def parents(path: str) -> tuple[str, ...]:
    """The folders that hold `path`, nearest first, the workspace "" last."""
    folders = []
    while path:
        path = posixpath.dirname(path)
        folders.append(path)
    return tuple(folders)


def inside(path: str) -> str | None:
    """A path without "." and "..", None when it leads out of the workspace. "" is the workspace."""
    path = posixpath.normpath(path)
    return None if path.startswith(("..", "/")) else "" if path == "." else path


class Files:
    """Finds the files that imports name, reading them and settings through a view, each once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._files: dict[str, bool] = {}
        self._settings: dict[str, Table | None] = {}
        self._patterns: dict[str, Patterns] = {}

    def relative(self, importer: str, specifier: str) -> tuple[str, ...]:
        """The files that a relative import runs: one, or none when it is not there."""
        return self._at(join(posixpath.dirname(importer), specifier))

    def mapped(self, importer: str, specifier: str) -> tuple[str, ...] | None:
        """The same for a name that settings of the workspace turn into files; None when they do not."""
        if specifier.startswith("#"):
            return self._subpath(importer, specifier)
        return self._own(importer, specifier) or self._by_paths(importer, specifier)

    def packages(self, importer: str, specifier: str) -> list[str]:
        """The packages that a subpath import (`#name`) stands for."""
        return [text for text in self._targets(importer, specifier)[1] if not text.startswith((".", "#", "/"))]

    def _targets(self, importer: str, specifier: str) -> tuple[str, list[str]]:
        for folder in parents(importer):
            settings = self._read(join(folder, "package.json"))
            if settings is not None:
                imports = settings.get("imports")
                return folder, self._matches(join(folder, "package.json"), imports, specifier)
        return "", []

    def _subpath(self, importer: str, specifier: str) -> tuple[str, ...] | None:
        folder, targets = self._targets(importer, specifier)
        found = [file for text in targets if text.startswith("./") for file in self._at(join(folder, text))]
        return tuple(found) or (() if targets else None)

    def _own(self, importer: str, specifier: str) -> tuple[str, ...] | None:
        """A package may import itself by its name, if it says what it exports."""
        for folder in parents(importer):
            settings = self._read(join(folder, "package.json"))
            if settings is None:
                continue
            name, exports = settings.get("name"), settings.get("exports")
            if (
                not isinstance(name, str)
                or not exports
                or specifier.split("/")[: name.count("/") + 1] != name.split("/")
            ):
                return None
            return tuple(
                file for text in strings(exports)[:20] if "*" not in text for file in self._at(join(folder, text))
            )
        return None

    def _by_paths(self, importer: str, specifier: str) -> tuple[str, ...] | None:
        for folder in parents(importer):
            for name in ("tsconfig.json", "jsconfig.json"):
                if self._read(join(folder, name)) is not None:
                    return self._by_settings(join(folder, name), specifier)
        return None

    def _by_settings(self, path: str, specifier: str) -> tuple[str, ...] | None:
        base, found = "", None
        for _ in range(_MAX_EXTENDS):
            settings = self._read(path)
            options = settings.get("compilerOptions") if settings else None
            if isinstance(options, dict):
                folder = join(posixpath.dirname(path), str(options.get("baseUrl", ".")))
                paths = options.get("paths")
                for text in self._matches(path, paths, specifier):
                    if files := self._at(join(folder, text)):
                        return files
                if "baseUrl" in options and (files := self._at(join(folder, specifier))):
                    return files
            base = settings.get("extends") if settings else None  # type: ignore[assignment]
            if not isinstance(base, str) or not base.startswith("."):
                return found
            path = inside(join(posixpath.dirname(path), base if base.endswith(".json") else f"{base}.json")) or ""
        return found

    def _matches(self, path: str, told: object, specifier: str) -> list[str]:
        """What the patterns of the settings at `path` make of a name."""
        if path not in self._patterns:
            self._patterns[path] = Patterns(told if isinstance(told, dict) else {})
        return self._patterns[path].targets(specifier)

    def _at(self, path: str) -> tuple[str, ...]:
        """The file that a path without or with its suffix means, or that of a folder."""
        return self._file_at(path) or self._in_folder(path)

    def _file_at(self, path: str) -> tuple[str, ...]:
        where = inside(path)
        if not where:
            return ()
        stem, suffix = posixpath.splitext(where)
        written = (stem + other for other in _WRITTEN.get(suffix, ()))
        candidates = (where, *written, *(where + end for end in _ADDED))
        return tuple(filter(None, (next(filter(self._is_file, candidates), ""),)))

    def _in_folder(self, path: str) -> tuple[str, ...]:
        """What runs for a folder: its `main`, a file or a folder with an index, whose own `main` does not count."""
        folder = inside(path)
        if folder is None:
            return ()
        main = (self._read(join(folder, "package.json")) or {}).get("main")
        if isinstance(main, str):
            named = join(folder, main)
            if found := self._file_at(named) or self._index(named):
                return found
        return self._index(folder)

    def _index(self, path: str) -> tuple[str, ...]:
        folder = inside(path)
        if folder is None:
            return ()
        indexes = (join(folder, f"index{end}") for end in _ADDED)
        return tuple(filter(None, (next(filter(self._is_file, indexes), ""),)))

    def _is_file(self, path: str) -> bool:
        """Asks for the file and not for its folder: a listing changes whenever a program leaves something there."""
        if path not in self._files:
            try:
                self._files[path] = self._view.read(path) is not None
            except ViewError:
                self._files[path] = False
        return self._files[path]

    def _read(self, path: str) -> Table | None:
        if path not in self._settings:
            try:
                data = self._view.read(path) if path else None
            except ViewError:
                data = None
            self._settings[path] = None if data is None else parse_lenient(data.decode("utf-8-sig", "replace"))
        return self._settings[path]
