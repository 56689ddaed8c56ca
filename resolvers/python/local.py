"""Which imports mean the workspace's own files. Source: Python's reference, "The import system"."""

from __future__ import annotations

import posixpath

from jhansi_runner.resolvers.interface import FileImports, View, ViewError

MAX_ROOTS = 64


def join(folder: str, name: str) -> str:
    """A path below `folder`, where "" is the workspace."""
    return f"{folder}/{name}" if folder else name


def parents(path: str) -> tuple[str, ...]:
    """The folders that hold `path`, nearest first, the workspace "" last."""
    folders = []
    while path:
        path = posixpath.dirname(path)
        folders.append(path)
    return tuple(folders)


def search_paths(file: FileImports) -> tuple[str, ...]:
    """The folders of the workspace that a file puts on `sys.path`, as our parser says: its words, checked.

    What is not relative to the file itself is relative to where the program starts, which we take for the workspace
    or the file's folder.
    """
    listed = file.facts.get("paths") if isinstance(file.facts, dict) else None
    found: dict[str, None] = {}
    for entry in listed if isinstance(listed, list | tuple) else ():
        match entry:
            case [bool(beside), str(path)] | (bool(beside), str(path)) if not path.startswith("/"):
                for base in (posixpath.dirname(file.path), *(() if beside else ("",))):
                    folder = posixpath.normpath(posixpath.join(base, path))
                    if folder.split("/")[0] != "..":
                        found["" if folder == "." else folder] = None
    return tuple(found)


class Modules:
    """Finds local modules from import roots, reading folder listings through a view, each once."""

    def __init__(self, view: View, roots: tuple[str, ...]) -> None:
        self._view = view
        self._roots = roots
        self._listings: dict[str, frozenset[str]] = {}

    def look_in(self, folders: tuple[str, ...]) -> None:
        """Add import roots behind those that there are."""
        self._roots = tuple(dict.fromkeys((*self._roots, *folders)))[:MAX_ROOTS]

    def absolute(self, name: str) -> tuple[str, ...] | None:
        """The files that importing a dotted name runs, or None when the name is not local."""
        for root in self._roots:
            files = self._below(root, name.split("."))
            if files is not None:
                return files
        return None

    def relative(self, importer: str, name: str) -> tuple[str, ...]:
        """The same for a name with leading dots, as the file `importer` sees it."""
        tail = name.lstrip(".")
        folders = parents(importer)
        level = len(name) - len(tail)
        if level > len(folders):
            return ()
        return self._below(folders[level - 1], tail.split(".")) or () if tail else ()

    def _below(self, folder: str, parts: list[str]) -> tuple[str, ...] | None:
        """A folder without `__init__.py` is ours only when a module is in it: otherwise a package wins."""
        files: list[str] = []
        regular = False
        for part in parts:
            here = self._names(folder)
            if f"{part}/" in here and "__init__.py" in self._names(join(folder, part)):
                folder = join(folder, part)
                files.append(join(folder, "__init__.py"))
                regular = True
            elif f"{part}.py" in here:
                return (*files, join(folder, f"{part}.py"))
            elif any(name.startswith(f"{part}.") and name.endswith(".so") for name in here):
                return tuple(files)
            elif f"{part}/" in here:
                folder = join(folder, part)
            else:
                break
        return tuple(files) if regular else None

    def _names(self, folder: str) -> frozenset[str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(self._view.names(folder))
            except ViewError:
                self._listings[folder] = frozenset()
        return self._listings[folder]
