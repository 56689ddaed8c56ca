"""What lies at a path that somebody wants to be warmed: which languages, and which manifest is meant. Pure.

Nothing is read but through a view, which follows no link.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import NOTHING, SCAN, View, ViewError
from jhansi_runner.resolvers.reading import Reader
from jhansi_runner.resolvers.resolver import Resolver

_REQUIREMENTS = "requirements.txt"
_LEFT_BEHIND = frozenset({"__pycache__", "build", "dist", "node_modules", "site-packages", "target", "vendor"})
_ALTERNATIVES = ("java", "python")
"""Languages of whose manifests one decides alone."""
_ALONE = {"java": ("settings.gradle", "settings.gradle.kts")}
"""What stands for a project too where none of the manifests lies beside it."""
_MOST_NOTES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A project in one language: `folder` is its path, `shown` what people call it.

    `manifest` is the one that decides, "" for whichever; `alias` is the name that its language knows such a file by.
    `entry` is the program that is meant, "" for all.
    """

    folder: str
    shown: str
    language: str
    manifest: str = ""
    alias: str = ""
    entry: str = ""

    def path(self, file: str) -> str:
        """A file of the project as people call it; "" is that which decides, or the project."""
        name = self.manifest if file in ("", self.alias, SCAN, NOTHING) else file
        return os.path.normpath(os.path.join(self.shown, name)) if name else self.shown

    def sentence(self, text: str) -> str:
        """A sentence of a resolver, which knows neither where the project lies nor what a manifest is called."""
        if self.alias and text.startswith(self.alias):
            return self.path("") + text.removeprefix(self.alias)
        return f"{self.shown}: {text}" if self.shown not in ("", ".") else text


def of_file(name: str, folder: str, shown: str, languages: Mapping[str, Resolver]) -> Place | None:
    """What a file of a folder is; None for one that is neither a manifest nor a source."""
    for language, each in languages.items():
        if name in each.manifests or name in _ALONE.get(language, ()):
            return Place(folder, shown, language, name, name)
    if name.lower().endswith((".txt", ".in")):
        return Place(folder, shown, "python", name, _REQUIREMENTS)
    for language, each in languages.items():
        if name.lower().endswith(tuple(each.suffixes)):
            return Place(folder, shown, language, entry=name)
    return None


def of_folder(
    view: View, folder: str, shown: str, languages: Mapping[str, Resolver]
) -> tuple[Sequence[Place], list[str]]:
    """The languages of a folder, by its manifests, else by its sources, and sentences on what is left out."""
    names = _names(view, "")
    found = []
    for language, each in languages.items():
        there = next((name for name in (*each.manifests, *_ALONE.get(language, ())) if name in names), None)
        if there is not None:
            found.append(Place(folder, shown, language, there, there))
    if found:
        return found, _below(view, names, shown, languages)
    reader = Reader(view)
    suffixes = set()
    for _, inside in reader.walk(lambda name: name.startswith(".") or name in _LEFT_BEHIND):
        suffixes |= {name.rpartition(".")[2].lower() for name in inside if "." in name}
    for language, each in languages.items():
        if any(suffix.lstrip(".") in suffixes for suffix in each.suffixes):
            found.append(Place(folder, shown, language))
    return found, reader.notes


class OneManifest:
    """A view of a folder in which one manifest decides: those that would come before it are not seen."""

    def __init__(self, view: View, place: Place, order: Sequence[str]) -> None:
        """`order` are the names of the language's manifests, the one that decides first."""
        self._view, self._name, self._alias = view, place.manifest, place.alias
        alternatives = order if place.language in _ALTERNATIVES else ()
        self._hidden = set(alternatives[: alternatives.index(place.alias)]) if place.alias in alternatives else set()

    def read(self, path: str) -> bytes | None:
        """As `View.read`."""
        if path in self._hidden:
            return None
        return self._view.read(self._name if path == self._alias else path)

    def names(self, folder: str) -> tuple[str, ...]:
        """As `View.names`."""
        found = self._view.names(folder)
        if folder:
            return found
        return tuple(sorted({self._alias if name == self._name else name for name in found} - self._hidden))


def _below(view: View, names: Sequence[str], shown: str, languages: Mapping[str, Resolver]) -> list[str]:
    notes = []
    for name in names:
        if name.endswith("/") and not name.startswith(".") and name[:-1] not in _LEFT_BEHIND:
            inside = set(_names(view, name[:-1]))
            for each in languages.values():
                told = sorted(inside & set(each.manifests))
                if told:
                    path = f"{shown.rstrip('/')}/{name[:-1]}"
                    notes.append(f"{path}/{told[0]}: is warmed with what needs it; to warm all of it, name {path} too")
    return notes[:_MOST_NOTES]


def _names(view: View, folder: str) -> tuple[str, ...]:
    try:
        return view.names(folder)
    except ViewError:
        return ()
