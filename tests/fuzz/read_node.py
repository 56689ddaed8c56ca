"""What a Node workspace and npm may hand us: source, manifests, lock files, words on stderr."""

from __future__ import annotations

from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.node import authored, foreign, lock, manifest, steps
from jhansi_runner.resolvers.node.diagnose import diagnose
from jhansi_runner.resolvers.node.local import Files
from jhansi_runner.resolvers.node.names import NameMap
from jhansi_runner.resolvers.node.source import imports_of
from jhansi_runner.resolvers.resolver import Tools, UnfitLock

_NAMES = NameMap(frozenset({"lodash", "express"}), {})
_TOOLS = Tools({"node": "/usr/bin/node", "npm": "/usr/bin/npm"}, {}, "tag")


class _View:
    """A workspace in which every file of one name has the same content, and every folder the same names."""

    def __init__(self, name: str, data: bytes) -> None:
        self._name, self._data = name, data

    def read(self, path: str) -> bytes | None:
        assert not path.startswith("/") and not {"", ".", ".."} & set(path.split("/"))
        return self._data if path.rpartition("/")[2] == self._name else None

    def names(self, folder: str) -> tuple[str, ...]:
        assert not folder.startswith("/") and ".." not in folder.split("/")
        return ("a/", "index.js", self._name) if folder.count("/") < 3 else (self._name,)


def source(data: bytes) -> Hashable:
    """JavaScript, and TypeScript."""
    found = [imports_of(path, data)[0] for path in ("a.js", "a.ts")]
    assert all(each.name.isprintable() and each.line >= 1 for one in found for each in one)
    return len(found[0]), len(found[1]), frozenset(each[2:] for each in found[1])


def package_json(data: bytes) -> Hashable:
    """A manifest at every place; what npm gets to see of it names the registry and folders of the workspace alone."""
    view = _View("package.json", data)
    local = Files(view)
    local.mapped("a/b.js", "#x/y")
    local.mapped("a/b.js", "name/y")
    local.relative("a/b.js", "../a")
    try:
        project = manifest.find(view, "a/a/main.js")
    except ManifestError as error:
        return error.message[:20]
    if project is None:
        return None
    for written in project.manifests.values():
        assert not set(written) & {"scripts", "publishConfig", "config"}
        text = manifest.as_text(written)
        assert "://" not in text and "git+" not in text
    return len(project.manifests), len(project.requirements), len(project.notes)


def tsconfig(data: bytes) -> Hashable:
    """Settings of TypeScript, with comments."""
    local = Files(_View("tsconfig.json", data))
    return local.mapped("a/b.js", "@/x"), local.mapped("b.js", "lib/x")


def package_lock(data: bytes) -> Hashable:
    """The author's lock file, and the lock that is made if npm leaves that."""
    text = data.decode("utf-8", "replace")
    try:
        kept, notes = authored.sanitised(text, "package-lock.json", {"packages/a"})
    except ManifestError as error:
        return error.message[-30:]
    assert "git+" not in kept
    try:
        made = lock.written(kept, frozenset({"node_modules/a"}), "", None)
    except UnfitLock as error:
        return str(error)[-30:]
    packages = lock.locked(made)
    assert all(each.hashes and each.purl.startswith("pkg:npm/") for each in packages)
    lock.builders(made)
    steps.install(made, _TOOLS, build=False)
    return len(packages), len(notes)


def left_lock(data: bytes) -> Hashable:
    """What npm left, where a package's code may have put something else."""
    try:
        made = lock.written(data.decode("utf-8", "replace"), frozenset(), "web", {"a": "1"})
    except UnfitLock as error:
        return str(error)[-30:]
    steps.install(made, _TOOLS, build=True)
    return len(lock.locked(made))


def foreign_lock(data: bytes) -> Hashable:
    """Lock files of Yarn and pnpm."""
    text = data.decode("utf-8", "replace")
    try:
        pins = (*foreign.of_yarn(text), *foreign.of_pnpm(text))
    except ManifestError as error:
        return error.message[-30:]
    again = foreign.of_yarn(foreign.as_yarn(pins))
    assert {(pin.name, pin.version) for pin in again} <= {(pin.name, pin.version) for pin in pins}
    asked = foreign.asked_of_pnpm(text)
    return len(pins), len(again), len(asked), len(foreign.only_versions(pins))


def words(data: bytes) -> Hashable:
    """What a program said last."""
    view = _View("main.js", b"require('lodash')")
    found = diagnose(data.decode("utf-8", "replace"), view, Plan("node", "scan"), _NAMES)
    return tuple((each.line, each.requirement is None) for each in found)


_SOURCE = (
    b"import ", b" from ", b"require(", b"export ", b"import(", b"'lodash'", b'"x"', b"`", b"${", b"}", b"{", b"/*",
    b"*/", b"//", b"/[/]/", b"try{", b"}catch(e){", b"throw ", b"type ", b"declare module ", b"<p>", b"\\u{6c}",
)  # fmt: skip
_DOCUMENT = (
    b'"dependencies"', b'"workspaces"', b'"overrides"', b'"imports"', b'"exports"', b'"bin"', b'"file:a"', b'"*"',
    b'"workspace:*"', b'"npm:b@1"', b'"git+https://x.test/a"', b'"node_modules/a"', b'"link":true', b'"resolved"',
    b'"inBundle":true', b'"node_modules/a/node_modules/b"', b'"optional":true', b'"../"', b'"main"', b'"a"', b"[]",
    b'"http://[x/"', b"{}", b"1", b"null",
)  # fmt: skip
_LOCK = (b"a@^1:", b"\n  version ", b'"a@npm:1"', b"resolution: ", b"packages:\n", b"importers:\n", b"  ", b"\n", b"@")
_WORDS = (
    b"Cannot find module '", b"Cannot find package '", b"' imported from ", b"\nRequire stack:\n- ", b"/sandbox/",
    b"lodash", b"node:", b"No such built-in module: ",
)  # fmt: skip
TARGETS = (
    Target("node-source", source, _SOURCE),
    Target("node-manifest", package_json, _DOCUMENT, "json"),
    Target("node-tsconfig", tsconfig, _DOCUMENT, "json"),
    Target("node-lock", package_lock, _DOCUMENT, "json"),
    Target("node-left", left_lock, _DOCUMENT, "json"),
    Target("node-foreign", foreign_lock, _LOCK),
    Target("node-words", words, _WORDS),
)
