"""Why the go command could not resolve, where it asked for what is not there: with the place in the author's own file.

The go command names a file of our skeleton, and what each beginning of a path was answered with.

Source: cmd/go/internal/modload, ImportMissingError; cmd/go/internal/modfetch, on proxies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jhansi_runner.resolvers.golang.names import Names, default_names
from jhansi_runner.resolvers.interface import Plan, Requirement

MAX_LINES, MAX_TEXT = 20, 4_000

_NAME = r"[A-Za-z0-9._~+/-]{1,500}"
_NOT_THERE = r"[^\n]*(?:404 Not Found|410 Gone)(?!: offline)"
"""An answer of the registry: who could not be asked has said nothing about what there is."""
_PACKAGE = re.compile(rf"cannot find module providing package (?P<name>{_NAME}): {_NOT_THERE}")
_LACKING = re.compile(rf"found(?: \([^)\n]{{1,200}}\))?, but does not contain package (?P<name>{_NAME})")
_VERSION = re.compile(rf"\s(?P<name>{_NAME})@(?P<version>v[A-Za-z0-9._+-]{{1,200}}): reading {_NOT_THERE}")


def explain(words: str, plan: Plan, names: Names | None = None) -> Sequence[str]:
    """A line for each package and version that the registry does not have, with the closest one that is known."""
    names = names or default_names()
    found = dict.fromkeys(line for text in words.splitlines() for line in _lines(f" {text[:MAX_TEXT]}", plan, names))
    return tuple(found)[:MAX_LINES]


def _lines(text: str, plan: Plan, names: Names) -> Iterator[str]:
    missing = _PACKAGE.search(text) or _LACKING.search(text)
    if missing:
        name = missing["name"]
        wanted = _wanted(name, plan)
        closest = names.closest(name)
        known = f"; the closest known module is {closest}" if closest and closest != (wanted and wanted.name) else ""
        yield f"{_place(wanted)}no module on the Go module proxy has a package {name}{known}"
    elif version := _VERSION.search(text):
        wanted = _wanted(version["name"], plan)
        yield f"{_place(wanted)}{version['name']} has no version {version['version']} on the Go module proxy"


def _wanted(path: str, plan: Plan) -> Requirement | None:
    """What asked for a package: the import of it, or else of its module."""
    same = (each for each in plan.requirements if path in (each.import_name, each.name))
    inside = (each for each in plan.requirements if path.startswith(f"{each.name}/"))
    return next(same, None) or next(inside, None)


def _place(wanted: Requirement | None) -> str:
    return f"{wanted.file}:{wanted.line}: " if wanted is not None and wanted.file else ""
