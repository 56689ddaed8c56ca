"""`pnpm-lock.yaml`, of versions 5 to 9. Source: the lock files that pnpm 7 to 10 write; pnpm/spec, "lockfile"."""

from __future__ import annotations

import re

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import NPM, npm
from jhansi_runner.runner.warm.inputs import node
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said
from jhansi_runner.runner.warm.inputs.yaml import BadYaml, Node, documents

_HINT = "lock again with: pnpm install --lockfile-only"
_VERSIONS = ("5", "6", "7", "8", "9")
_KEY = re.compile(r"(?P<name>(?:@[^@/()]+/)?[^@/()]+)[@/](?P<version>\d[^()_:@]*)(?:[(_].*)?")


def read(file: str, data: bytes, context: Context) -> Said:
    """What a pnpm-lock.yaml pins. Raises BadInput.

    pnpm 11 writes a document for itself before that of the project: the packages of all count.
    """
    draft = Draft(file, _HINT)
    try:
        found = documents(data.decode("utf-8-sig", "replace"))
    except BadYaml as error:
        raise draft.wrong(error.line, str(error)) from None
    for document in found:
        version = document.at("lockfileVersion")
        major = (version.text or "").partition(".")[0]
        if major not in _VERSIONS:
            raise draft.wrong(version.line, f"lockfileVersion is {(version.text or '')[:40]!r}, not one of 5 to 9")
        for key, entry in document.at("packages").inner.items():
            _one(key, entry, draft, context)
    if not found:
        raise draft.wrong(0, "is empty")
    return draft.said()


def _one(key: str, entry: Node, draft: Draft, context: Context) -> None:
    resolution = entry.at("resolution")
    match = _KEY.fullmatch(key.removeprefix("/"))
    name = entry.at("name").text or (match["name"] if match else key)
    version = entry.at("version").text or (match["version"] if match else "")
    if match is None or not version or resolution.at("type").text or resolution.at("directory").text:
        draft.leave(key, "is not from a registry", entry.line)
        return
    if not is_canonical(NPM, npm(name).namespace, npm(name).name):
        draft.leave(name, "is no name that a package of npm can have", entry.line)
        return
    node.add(
        draft, name, version, entry.line, context.targets,
        integrity=resolution.at("integrity").text or "", url=resolution.at("tarball").text or "",
        systems=entry.at("os").words, processors=entry.at("cpu").words, libraries=entry.at("libc").words,
    )  # fmt: skip
