"""Reads source files of a workspace within bounds, whatever the language; what was left out is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from jhansi_runner.resolvers.interface import SourceFile, View, ViewError

MAX_FILES = 2_000
MAX_BYTES = 32 << 20
MAX_FOLDERS = 2_000


class Reader:
    """Reads each file once. `notes` are sentences for the user, each with its place."""

    def __init__(self, view: View, files: int = 0, total: int = 0) -> None:
        """The bounds are those above, unless others are given."""
        self._view, self._most, self._total = view, files or MAX_FILES, total or MAX_BYTES
        self._seen: set[str] = set()
        self._bytes = 0
        self.notes: list[str] = []

    def read(self, paths: Iterable[str]) -> list[SourceFile]:
        """Those of the files that are there, can be read, were not read before, and are within the bounds."""
        sources = []
        for path in paths:
            if path in self._seen:
                continue
            if len(self._seen) >= self._most or self._bytes >= self._total:
                self.notes.append(f"{path}: the scan stopped here, at {len(self._seen)} files")
                break
            self._seen.add(path)
            try:
                data = self._view.read(path)
            except ViewError as fault:
                self.notes.append(f"{path}: not scanned: {fault.reason}")
                continue
            if data is not None:
                self._bytes += len(data)
                sources.append(SourceFile(path, data))
        return sources

    def walk(
        self, skipped: Callable[[str], bool], apart: Callable[[Sequence[str]], bool] = lambda _: False
    ) -> Iterator[tuple[str, list[str]]]:
        """The folders of the workspace with their names, in order.

        Left out are those whose own name is `skipped`, and those that by what is in them are `apart`.
        """
        folders, listed = [""], 0
        while folders:
            folder = folders.pop()
            listed += 1
            if listed > MAX_FOLDERS:
                self.notes.append(f"{folder}: the scan stopped here, at {MAX_FOLDERS} folders")
                return
            try:
                names = sorted(self._view.names(folder))
            except ViewError as fault:
                self.notes.append(f"{folder or 'the workspace'}: not scanned: {fault.reason}")
                continue
            if apart(names):
                continue
            yield folder, names
            inner = [name[:-1] for name in names if name.endswith("/") and not skipped(name[:-1])]
            folders.extend(f"{folder}/{name}" if folder else name for name in reversed(inner))
