"""How a program is started: by Node itself, or by tsx or ts-node where its source is no JavaScript.

Source: Node's documentation "Modules: TypeScript"; tsx's documentation, "Node.js API: enhancing node".
"""

from __future__ import annotations

import os

from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.resolver import ENTRY, Launch, Tools

PLACE = "/node_modules"
TSX = "tsx"
_TS_NODE = "ts-node"
LAUNCHERS = frozenset({TSX, _TS_NODE})
"""Packages that run TypeScript."""
_TYPES = (".ts", ".mts", ".cts")
_ELEMENTS = (".jsx", ".tsx")
_STRIPS = {22: 18, 23: 6}
"""From which minor version on Node leaves types out by itself; later majors always do."""
_STRIPS_IF_ASKED = {22: 6, 23: 0}
_ASK = "--experimental-strip-types"
_START = os.path.join(os.path.dirname(os.path.abspath(__file__)), "start.mjs")
_STARTED = "/launch/start.mjs"
_SIGNS = ("Cannot find module", "Cannot find package", "No such built-in module", "lease install", "npm install")
_ENV = {"npm_config_update_notifier": "false", "npm_config_audit": "false"}
"""For commands of npm's: it would post what is installed to the registry, which is refused."""


def needs_tsx(entry: str) -> bool:
    """Whether a file is more than Node was always able to run."""
    return entry.endswith((*_TYPES, *_ELEMENTS))


def strips_types(version: str) -> tuple[str, ...] | None:
    """The options with which a Node of this version runs TypeScript, None when it cannot."""
    parts = [int(part) for part in version.lstrip("v").split(".")[:2] if part.isdecimal()]
    if len(parts) < 2:
        return None
    major, minor = parts
    if major > max(_STRIPS) or minor >= _STRIPS.get(major, minor + 1):
        return ()
    return (_ASK,) if minor >= _STRIPS_IF_ASKED.get(major, minor + 1) else None


def launch(plan: Plan, entry: str | None, node: str, tools: Tools, *, installed: bool) -> Launch:
    """The start of a program. Raises ManifestError for a file that nothing here can run."""
    path = (f"{PLACE}/.bin",) if installed else ()
    options: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    if entry is not None and needs_tsx(entry):
        there = {each.name for each in plan.requirements} if installed else set()
        if TSX in there:
            options, mounts = ("--import", TSX, "--import", _STARTED), ((_START, _STARTED),)
        elif _TS_NODE in there and entry.endswith(_TYPES[0]):
            options = ("--require", f"{_TS_NODE}/register")
        else:
            options = _without_tsx(entry, tools.versions.get(node, ""))
    return Launch((tools.paths[node], *options, ENTRY), _ENV, path, mounts, signs=_SIGNS)


def _without_tsx(entry: str, version: str) -> tuple[str, ...]:
    add = 'add "tsx": "*" to the devDependencies of package.json'
    if entry.endswith(_ELEMENTS):
        raise ManifestError(entry, 1, "Node cannot run JSX by itself, and tsx is not installed", add)
    options = strips_types(version)
    if options is None:
        message = f"Node {version} cannot run TypeScript by itself, and tsx is not installed"
        raise ManifestError(entry, 1, message, f"{add}, or use Node 22.18 or later")
    return options
