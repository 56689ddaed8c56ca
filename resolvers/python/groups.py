"""Dependency groups of `pyproject.toml`, and which of them an `exec` needs. Source: PEP 735.

A program needs what `[project]` depends on: groups are for work on the project. A command, such as `pytest`, is that
work: it gets the groups that uv installs by default (`tool.uv.default-groups`, else `dev`) and those named after tests.
A project without dependencies of its own keeps what its program needs in groups, and so gets the default ones as well.
"""

from __future__ import annotations

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python import toml

TABLE = "dependency-groups"
MAX_DEPTH = 32
_DEFAULT = ("dev",)
_TESTS = ("test", "tests")
FOR_WORK = (*_DEFAULT, *_TESTS)
"""Extras that projects from before PEP 735 have for the same."""


def read(document: toml.Table, path: str, text: str) -> dict[str, list[object]]:
    """The groups by canonical name. Raises ManifestError."""
    found: dict[str, list[object]] = {}
    for name, entries in toml.table(document, TABLE, path, text).items():
        if not isinstance(entries, list):
            raise toml.wrong(path, text, name, "a list")
        if canonicalize_name(name) in found:
            raise ManifestError(path, toml.line_of(text, name), f"the group {name} is there twice", "keep one of them")
        found[canonicalize_name(name)] = entries
    return found


def wanted(groups: dict[str, list[object]], document: toml.Table, path: str, text: str, *, command: bool) -> list[str]:
    """The names of the groups that count, for a `command` or for the program of a project without dependencies."""
    uv = toml.table(toml.table(document, "tool", path, text), "uv", path, text)
    listed = uv.get("default-groups", list(_DEFAULT))
    if listed == "all":
        return sorted(groups)
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise toml.wrong(path, text, "default-groups", "a list of strings")
    names = [canonicalize_name(each) for each in [*listed, *(_TESTS if command else ())]]
    return [name for name in dict.fromkeys(names) if name in groups]


def requirements(groups: dict[str, list[object]], name: str, path: str, text: str) -> list[str]:
    """The requirements of a group and of those that it includes, each once. Raises ManifestError."""
    return _expanded(groups, name, path, text, (), {})


def _expanded(
    groups: dict[str, list[object]],
    name: str,
    path: str,
    text: str,
    above: tuple[str, ...],
    known: dict[str, list[str]],
) -> list[str]:
    """As `requirements`. `known` has the groups that were read before: a file can name one group very often."""
    if name in known:
        return known[name]
    line = toml.line_of(text, name)
    if name not in groups:
        raise ManifestError(path, line, f"there is no dependency group {name}", "correct the name in include-group")
    if name in above or len(above) >= MAX_DEPTH:
        raise ManifestError(path, line, f"the group {name} includes itself", "take one include-group out")
    found: dict[str, None] = {}
    for entry in groups[name]:
        match entry:
            case str():
                found[entry] = None
            case {"include-group": str(included), **rest} if not rest:
                inner = _expanded(groups, canonicalize_name(included), path, text, (*above, name), known)
                found |= dict.fromkeys(inner)
            case _:
                hint = 'write "NAME" or {include-group = "NAME"}'
                raise ManifestError(path, line, f"an entry of the group {name} is neither a package nor a group", hint)
    known[name] = list(found)
    return known[name]
