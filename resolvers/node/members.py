"""Which packages a workspace of npm's, Yarn's or pnpm's holds besides its root."""

from __future__ import annotations

import fnmatch
import posixpath
import re

from jhansi_runner.resolvers.interface import View, ViewError
from jhansi_runner.resolvers.node.local import inside, join
from jhansi_runner.resolvers.node.text import Table, read, strings

PNPM = "pnpm-workspace.yaml"
MAX_MEMBERS = 500
MAX_FOLDERS = 5_000
_ITEM = re.compile(
    r"\s+-\s+(?:\"([^\"]*)\"|'([^']*)'|([^\s#'\"]+))\s*(?:#.*)?|-\s+(?:\"([^\"]*)\"|'([^']*)'|([^\s#'\"]+))\s*"
)


def patterns(document: Table, view: View, folder: str) -> tuple[str, ...]:
    """The patterns of a root's members, as package.json or pnpm's own file tell them."""
    told = document.get("workspaces")
    if isinstance(told, dict):
        told = told.get("packages")
    if isinstance(told, list):
        return tuple(strings(told))
    text = read(view, join(folder, PNPM))
    return _of_pnpm(text) if text else ()


def _of_pnpm(text: str) -> tuple[str, ...]:
    """The list under `packages:`, each on a line of its own, as everybody writes it."""
    found, inside_list = [], False
    for line in text.splitlines():
        if line.startswith("packages:"):
            inside_list = True
        elif inside_list and (item := _ITEM.fullmatch(line)):
            found.append(next(filter(None, item.groups()), ""))
        elif line.strip() and not line.lstrip().startswith("#"):
            inside_list = False
    return tuple(filter(None, found))


def folders(view: View, root: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The folders below `root` that the patterns name and that hold a package.json, in a stable order."""
    chosen: set[str] = set()
    budget = [MAX_FOLDERS]
    for pattern in wanted:
        leaves_out = pattern.startswith("!")
        plain = inside(pattern.removeprefix("!"))
        if not plain:
            continue
        found = {place for place in _matching(view, root, plain.split("/"), budget) if place != root}
        chosen = chosen - found if leaves_out else chosen | found
    return tuple(sorted(chosen)[:MAX_MEMBERS])


def _matching(view: View, folder: str, parts: list[str], budget: list[int]) -> set[str]:
    budget[0] -= 1
    if budget[0] < 0:
        return set()
    names = _names(view, folder)
    if not parts:
        return {folder} if "package.json" in names else set()
    found: set[str] = set()
    if parts[0] == "**":
        found |= _matching(view, folder, parts[1:], budget)
    for name in names:
        inner = name[:-1]
        if not name.endswith("/") or inner.startswith(".") or inner == "node_modules":
            continue
        if parts[0] == "**":
            found |= _matching(view, join(folder, inner), parts, budget)
        elif fnmatch.fnmatchcase(inner, parts[0]):
            found |= _matching(view, join(folder, inner), parts[1:], budget)
    return found


def _names(view: View, folder: str) -> tuple[str, ...]:
    try:
        return view.names(folder)
    except ViewError:
        return ()


def is_member(folder: str, root: str, wanted: tuple[str, ...], view: View) -> bool:
    """Whether a folder belongs to the workspace of `root`."""
    return folder in folders(view, root, wanted)


def relative(folder: str, root: str) -> str:
    """The path of a member from its root, as npm writes it."""
    return posixpath.relpath(folder or ".", root or ".")
