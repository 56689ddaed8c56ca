"""A module for code that has none: which of its imports mean folders of the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.golang.names import Names
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.golang.scan import Scanner

PROGRAM = "program"
"""What a module is called that nobody imports from."""


@dataclass(frozen=True, slots=True)
class Made:
    """A module that we make up: what it is called, and its folder."""

    module: str
    folder: str

    def folder_of(self, path: str) -> str | None:
        """The folder of a package, where the path is one of this module's."""
        if path == self.module:
            return self.folder
        return join(self.folder, path[len(self.module) + 1 :]) if path.startswith(self.module + "/") else None


def made_module(scanner: Scanner, tops: Sequence[str], names: Names) -> Made:
    """The module by whose path local packages are imported: `shop/db` is `db` of a module `shop` when there is a
    folder `db`. `tops` are the folders that may be its root, the nearest first.
    """
    for _, each in scanner.scan.imports(tests=True):
        if names.is_std(each.name):
            continue
        module = names.module_of(each.name)
        if module in names.known:
            continue
        parts = each.name.split("/")
        least = len(module.split("/")) if module else 1
        for top in tops:
            for at in range(least, len(parts)):
                if all(part not in ("", ".", "..") for part in parts) and scanner.has(join(top, "/".join(parts[at:]))):
                    return Made("/".join(parts[:at]), top)
    return Made(PROGRAM, tops[0])
