"""What the go command left of modules, against the lock and what the mirror verified.

Source: x/mod/sumdb/dirhash, Hash1; the Go modules reference, "Module cache".
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.registries.golang_names import escape
from jhansi_runner.proxy.registries.golang_sums import check_zip
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.installed_files import blocks, files, sha256_of

_MODULES = "mod/"
_DOWNLOADS = "mod/cache/download/"
_OVERLAY = "overlay.json"
_OURS = ("go.mod", "go.sum", "go.work", "go.work.sum")
"""The manifests that a program is built with, below `work/`."""
_MOD_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 18


def differences(site: str, locked: Sequence[Locked], cache: str) -> list[str]:
    """Where a cache of modules differs from the lock and from the zips that the mirror verified; a sentence for each.

    Every module must be unpacked to files that hash to its h1, and the mirror must have a zip of that h1 and sha256.
    A `go.mod` of a module that is not unpacked, from which versions were chosen, must be the one that the mirror has.
    """
    store = Store(cache)
    try:
        zips = {(each.purl, each.sha256) for _, each in store.artifacts() if each.filename.endswith(".zip")}
        problems = [sentence for one in locked for sentence in _unverified(one, zips, cache)]
        there = dict(files(site))
        for one in locked:
            problems += _changed(site, one, there)
        problems += _unlike(site, there, store)
    finally:
        store.close()
    return problems + [f"{path} is of no module" for path in sorted(there)]


def _unverified(one: Locked, zips: AbstractSet[tuple[str, str]], cache: str) -> Iterator[str]:
    """Whether the mirror has the zip of a module, by package and sha256."""
    sha256 = _hash(one, "sha256:").removeprefix("sha256:")
    if (one.purl, sha256) not in zips:
        yield f"no zip of {one.name} {one.version} that the mirror verified has the hash of the lock"
        return
    try:
        check_zip(ArtifactFiles(cache).path(sha256), one.name, one.version, _hash(one, "h1:"))
    except ValueError as error:
        yield str(error)


def _changed(site: str, one: Locked, there: dict[str, bool]) -> Iterator[str]:
    """Whether a module's folder holds what its h1 says; its files are taken from `there`."""
    name = f"{one.name}@{one.version}/"
    folder = f"{_MODULES}{escape(one.name)}@{escape(one.version)}/"
    inner = sorted((path.removeprefix(folder) for path in there if path.startswith(folder)), key=os.fsencode)
    lines = hashlib.sha256()
    for path in inner:
        digest = _digest(f"{site}/{folder}{path}") if there.pop(folder + path) else ""
        lines.update(f"{digest}  {name}{path}\n".encode("utf-8", "surrogateescape"))
    h1 = _hash(one, "h1:")
    if "h1:" + base64.b64encode(lines.digest()).decode() != h1:
        yield f"{one.name} {one.version} is not what its hash says" if inner else f"{one.name} {one.version} is missing"
    record = f"{_DOWNLOADS}{escape(one.name)}/@v/{escape(one.version)}.ziphash"
    if not there.pop(record, False) or _text(f"{site}/{record}") != h1.encode():
        yield f"{record} does not have the hash of the lock"


def _unlike(site: str, there: dict[str, bool], store: Store) -> Iterator[str]:
    """The `go.mod` files that are not as the mirror has them; all are taken from `there`, and our own manifests too."""
    wanted = {}
    for path in list(there):
        if path.startswith(_DOWNLOADS) and path.endswith(".mod") and there[path]:
            wanted["/" + path.removeprefix(_DOWNLOADS)] = path
            del there[path]
        elif there[path] and (path == _OVERLAY or (path.startswith("work/") and path.rpartition("/")[2] in _OURS)):
            del there[path]
    same = set()
    for weight in store.weights():
        path = wanted.get(weight.key.partition(" ")[2], "") if weight.key.startswith("golang") else ""
        document = store.document(weight.key) if path else None
        if document is not None and document.body == _text(f"{site}/{path}"):
            same.add(path)
    yield from (f"{path} is not what the mirror has" for path in sorted(set(wanted.values()) - same))


def _hash(one: Locked, kind: str) -> str:
    return next((value for value in one.hashes if value.startswith(kind)), "")


def _digest(path: str) -> str:
    """The sha256 of a file in hex, "" for what is no file."""
    found = sha256_of(path)
    return "" if found is None else found.hex()


def _text(path: str) -> bytes | None:
    """A small file, None for what is none."""
    found = b""
    try:
        for block in blocks(path):
            found += block
            if len(found) > _MOD_BYTES:
                return None
    except OSError:
        return None
    return found
