"""`package-lock.json` and `npm-shrinkwrap.json`, of versions 1 to 3. Source: npm's documentation of the former."""

from __future__ import annotations

from collections.abc import Iterator

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import NPM, npm
from jhansi_runner.resolvers.node import text as jsons
from jhansi_runner.resolvers.node.text import Table
from jhansi_runner.resolvers.node.tree import name_at
from jhansi_runner.runner.warm.inputs import node
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with: npm install --package-lock-only"
_DEEPEST = 200
_ALIAS = "npm:"


def read(file: str, data: bytes, context: Context) -> Said:
    """What a lock of npm's pins. Raises BadInput, ManifestError."""
    draft = Draft(file, _HINT)
    text = data.decode("utf-8-sig", "replace")
    document = jsons.parse(text, file)
    if document.get("lockfileVersion") not in (1, 2, 3):
        version = document.get("lockfileVersion")
        raise draft.wrong(jsons.line_of(text, "lockfileVersion"), f"lockfileVersion is {version!r}, not 1, 2 or 3")
    if "packages" in document:
        for place, entry in jsons.table(document, "packages", file, text).items():
            _placed(place, entry, text, draft, context)
    else:
        for name, entry in _nested(jsons.table(document, "dependencies", file, text), draft):
            _one(name, str(entry.get("version", "")), entry, jsons.line_of(text, name), draft, context)
    return draft.said()


def _placed(place: str, entry: object, text: str, draft: Draft, context: Context) -> None:
    name = name_at(place)
    if not isinstance(entry, dict):
        raise draft.wrong(jsons.line_of(text, place), f"{place[:120]} is no object")
    if not name or entry.get("link") is True or entry.get("inBundle") is True:
        return  # the project itself, a folder of it, or what comes inside of another package's file
    aliased = entry.get("name")
    package = aliased if isinstance(aliased, str) else name
    _one(package, str(entry.get("version", "")), entry, jsons.line_of(text, place), draft, context)


def _nested(dependencies: Table, draft: Draft) -> Iterator[tuple[str, Table]]:
    waiting: list[tuple[int, str, object]] = [(0, name, entry) for name, entry in dependencies.items()]
    while waiting:
        depth, name, entry = waiting.pop()
        if not isinstance(entry, dict) or depth > _DEEPEST:
            raise draft.wrong(0, f"{name[:120]} is no object, or nested too deeply")
        if entry.get("bundled") is not True:
            yield name, entry
        inner = entry.get("dependencies", {})
        if not isinstance(inner, dict):
            raise draft.wrong(0, f"the dependencies of {name[:120]} are no object")
        waiting += [(depth + 1, each, found) for each, found in inner.items()]


def _one(name: str, version: str, entry: Table, line: int, draft: Draft, context: Context) -> None:
    if version.startswith(_ALIAS):
        name, _, version = version.removeprefix(_ALIAS).rpartition("@")
    if not name or not is_canonical(NPM, npm(name).namespace, npm(name).name):
        draft.leave(name, "is no name that a package of npm can have", line)
        return
    url, integrity = entry.get("resolved"), entry.get("integrity")
    node.add(
        draft, name, version, line, context.targets,
        integrity=integrity if isinstance(integrity, str) else "", url=url if isinstance(url, str) else "",
        systems=entry.get("os"), processors=entry.get("cpu"), libraries=entry.get("libc"),
    )  # fmt: skip
