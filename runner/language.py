"""Which language is it? The user says so, or the file, or the command, or the manifests that lie there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from jhansi_runner.resolvers.interface import View, ViewError
from jhansi_runner.resolvers.resolver import Resolver
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError

_DEFAULT = "python"
_FIRST_LINE = 256
_MOST = 50


def choose(
    languages: Mapping[str, Resolver], asked: str | None, entry: str | None, command: str, view: View
) -> Resolver:
    """The language of the program `entry`, or of a `command` (its first word) when that is None.

    Raises RunnerError when it cannot be told.
    """
    if asked is not None:
        if asked not in languages:
            raise RunnerError(f"--language {asked}: there are {_listed(languages)}")
        return languages[asked]
    if entry is not None:
        return _of_file(languages, entry, view)
    name = os.path.basename(command)
    for each in languages.values():
        if name in each.commands:
            return each
    return _of_folder(languages, view)


def _of_file(languages: Mapping[str, Resolver], entry: str, view: View) -> Resolver:
    suffix = os.path.splitext(entry)[1].lower()
    for each in languages.values():
        if suffix and suffix in each.suffixes:
            return each
    try:
        first = (view.read(entry) or b"")[:_FIRST_LINE].split(b"\n", 1)[0].decode("utf-8", "replace")
    except ViewError as error:
        raise RunnerError(f"{entry} cannot be run: {error.reason}", code=NOTHING_TO_RUN) from None
    if first.startswith("#!"):
        words = [os.path.basename(word) for word in first[2:].split()]
        for each in languages.values():
            if any(word.rstrip("0123456789.") in each.shebangs for word in words):
                return each
    raise RunnerError(
        f"cannot tell the language of {entry}",
        code=NOTHING_TO_RUN,
        lines=(
            f"its name ends in none of {_suffixes(languages)}, and its first line names no interpreter of these",
            f"say --language ({_listed(languages)}), or run a command: jhansi-runner exec -- COMMAND",
        ),
    )


def _of_folder(languages: Mapping[str, Resolver], view: View) -> Resolver:
    """The language whose manifest lies in the workspace; of several, or of none, the default."""
    names = set(_names(view, ""))
    found = [each for each in languages.values() if names & set(each.manifests)]
    chosen = found[0] if len(found) == 1 else languages[_DEFAULT]
    if len(found) > 1:
        others = ", ".join(each.language for each in found)
        say(f"there are manifests of {others}: taking {chosen.language}; --language chooses another")
    return chosen


def elsewhere(languages: Mapping[str, Resolver], chosen: str, view: View) -> list[str]:
    """A sentence for each manifest in the workspace, or in a folder right below it, that a plan did not look at."""
    found = []
    for folder in ("", *_folders(view)):
        names = set(_names(view, folder))
        for each in languages.values():
            for name in sorted(names & set(each.manifests)):
                if folder or each.language != chosen:
                    path = f"{folder}/{name}" if folder else name
                    where = folder or f". --language {each.language}"
                    found.append(f"{path}: not looked at; for {each.language}: jhansi-runner deps plan {where}")
    return found[:_MOST]


def _folders(view: View) -> list[str]:
    return [name[:-1] for name in _names(view, "") if name.endswith("/") and not name.startswith(".")][:_MOST]


def _names(view: View, folder: str) -> tuple[str, ...]:
    try:
        return view.names(folder)
    except ViewError:  # a folder with so much in it tells nothing
        return ()


def _listed(languages: Iterable[str]) -> str:
    return ", ".join(sorted(languages))


def _suffixes(languages: Mapping[str, Resolver]) -> str:
    return " ".join(suffix for each in languages.values() for suffix in each.suffixes)
