"""What npm left, against the tarballs that the mirror verified: nothing changed, nothing missing, nothing extra.

Source: npm's pacote, "tarxOptions", for what it changes when it unpacks; bin-links, "fix-bin".
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import NPM, Coordinate
from jhansi_runner.proxy.registries.archives import members, tolerated
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.installed_files import sha256_of

_MANIFEST = "package.json"
_MODULES = "node_modules"
_LINKS = ".bin"
_OWN = ".package-lock.json"
"""npm's record of what it installed, at the top."""
_WORKSPACE = "/sandbox"
_BLOCK_BYTES = 1 << 18
_HASHBANG = re.compile(rb"\A(#![^\n]{1,1024})\r\n")
_MAX_UNPACKED = 4 << 30
_MAX_DEPTH = 100
_MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """What a tarball becomes: by path below the package's folder, the digests that a file may have."""

    purl: str
    files: Mapping[str, frozenset[str]]


class _Wrong(Exception):
    """Enough is wrong."""


def differences(site: str, locked: Sequence[Locked], cache: str) -> list[str]:
    """Where a folder of packages differs from the tarballs of a lock; a sentence for each, at most 100.

    A package's folder is known by its package.json, which npm leaves as it is. What is in a package's `node_modules`
    belongs to that package if its tarball brought it, and is a package of its own otherwise.
    """
    found = _tarballs(locked, cache)
    problems = [f"no tarball of {purl} that the mirror verified" for purl in _purls(locked) - {u.purl for u in found}]
    comparison = _Comparison(site, found)
    try:
        comparison.modules("", depth=0)
    except _Wrong:
        pass
    except OSError as error:
        comparison.problems.append(f"{error.filename or site} cannot be read: {error.strerror}")
    missing = {each.purl for each in found} - comparison.seen
    return [
        *sorted(problems),
        *(f"{purl} was locked and is not there" for purl in sorted(missing)),
        *comparison.problems,
    ]


def _purls(locked: Sequence[Locked]) -> set[str]:
    return {each.purl for each in locked}


def _tarballs(locked: Sequence[Locked], cache: str) -> list[_Unpacked]:
    """The tarballs of a lock in the cache: the package's own, with a hash that the lock has for it."""
    wanted = {Coordinate.parse(each.purl): each for each in locked}
    found: dict[str, _Unpacked] = {}
    store, files = Store(cache), ArtifactFiles(cache)
    try:
        for _, artifact in store.artifacts():
            if not artifact.purl.startswith(f"pkg:{NPM}/"):
                continue
            each = wanted.get(Coordinate.parse(artifact.purl))
            if each is None or each.purl in found:
                continue
            path = files.path(artifact.sha256)
            if f"sha512:{_file_digest(path)}" in each.hashes:
                with tolerated():
                    found[each.purl] = _Unpacked(each.purl, _unpacked(path))
    finally:
        store.close()
    return list(found.values())


def _file_digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha512").hexdigest()


def _unpacked(path: str) -> dict[str, frozenset[str]]:
    """What npm makes of a tarball: files alone, the first folder left out, and of two with one path the last."""
    unpacked: dict[str, frozenset[str]] = {}
    with members(path, ".tgz", _MAX_UNPACKED) as archive:
        for member in archive:
            place = _place(member.name)
            if not place or not member.isfile():
                continue
            folder, slash, name = place.rpartition("/")
            if name == ".gitignore":
                place = f"{folder}{slash}.npmignore"
            file = archive.extractfile(member)
            unpacked[place] = _digests(file) if file else frozenset()
    return unpacked


def _place(name: str) -> str:
    """Where a member is put, "" for one that is not."""
    parts = name.lstrip("/").split("/")[1:]
    return "" if not parts or ".." in parts else "/".join(part for part in parts if part not in ("", "."))


def _digests(file: IO[bytes]) -> frozenset[str]:
    """The digest of a file, and of what npm makes of it if it is a program whose first line ends as Windows has it."""
    data = file.read(_BLOCK_BYTES)
    whole, mended = hashlib.sha256(data), hashlib.sha256(_HASHBANG.sub(rb"\1\n", data, count=1))
    while data := file.read(_BLOCK_BYTES):
        whole.update(data)
        mended.update(data)
    return frozenset((whole.hexdigest(), mended.hexdigest()))


class _Comparison:
    """Walks a folder of packages, without following a link."""

    def __init__(self, site: str, unpacked: Sequence[_Unpacked]) -> None:
        self._site = site
        self._by_manifest: dict[str, list[_Unpacked]] = {}
        for each in unpacked:
            for digest in each.files.get(_MANIFEST, ()):
                self._by_manifest.setdefault(digest, []).append(each)
        self.seen: set[str] = set()
        self.problems: list[str] = []

    def modules(self, folder: str, *, depth: int, bundled: frozenset[str] = frozenset()) -> None:
        """A `node_modules`: packages, links to programs. What is `bundled` belongs to the package around it."""
        if depth > _MAX_DEPTH:
            self._wrong(f"{folder} is too deep")
            return
        for name in self._names(folder):
            path = f"{folder}{name}"
            if name in bundled:
                continue
            if os.path.islink(f"{self._site}/{path}"):
                self._link(path)
            elif name == _LINKS:
                self._programs(f"{path}/")
            elif os.path.isdir(f"{self._site}/{path}"):
                self._package(f"{path}/", depth)
            elif path != _OWN:
                self._wrong(f"{path} is in no tarball")

    def _names(self, folder: str) -> Iterator[str]:
        """The names in a `node_modules`, those of packages with their scope."""
        for entry in self._entries(folder):
            if entry.name.startswith("@") and entry.is_dir(follow_symlinks=False):
                yield from (f"{entry.name}/{inner.name}" for inner in self._entries(f"{folder}{entry.name}/"))
            else:
                yield entry.name

    def _package(self, folder: str, depth: int) -> None:
        candidates = self._by_manifest.get(self._digest(folder + _MANIFEST))
        if not candidates:
            self._wrong(f"{folder.rstrip('/')} is of no tarball of the lock")
            return
        compared = [(list(self._compared(folder, each)), each) for each in candidates]
        sentences, unpacked = min(compared, key=lambda pair: len(pair[0]))
        self.seen.update(each.purl for wrong, each in compared if len(wrong) == len(sentences))
        for sentence in sentences:
            self._wrong(sentence)
        bundled = frozenset(_bundled(unpacked.files))
        modules = f"{folder}{_MODULES}"
        if os.path.isdir(f"{self._site}/{modules}") and not os.path.islink(f"{self._site}/{modules}"):
            self.modules(f"{modules}/", depth=depth + 1, bundled=bundled)

    def _compared(self, folder: str, unpacked: _Unpacked) -> Iterator[str]:
        """How a package's own files differ from a tarball's."""
        there = dict(self._files(folder, frozenset(_bundled(unpacked.files))))
        yield from (f"{folder}{path} is not there" for path in sorted(unpacked.files.keys() - there.keys()))
        for path, digest in there.items():
            allowed = unpacked.files.get(path)
            if allowed is None:
                yield f"{folder}{path} is in no tarball"
            elif digest not in allowed:
                yield f"{folder}{path} is not what its tarball holds"

    def _files(self, folder: str, bundled: frozenset[str]) -> Iterator[tuple[str, str]]:
        """What is in a package, and what it bundles, by its path, with digests."""
        waiting = ["", *(f"{_MODULES}/{name}/" for name in bundled)]
        while waiting:
            here = waiting.pop()
            for entry in self._entries(folder + here):
                path = here + entry.name
                if not entry.is_dir(follow_symlinks=False):
                    if not (here.endswith(f"{_MODULES}/{_LINKS}/") and self._leads_inside(folder + path)):
                        yield path, self._digest(folder + path)
                elif path != _MODULES:
                    waiting.append(f"{path}/")

    def _programs(self, folder: str) -> None:
        """`.bin`: links to programs of packages, and nothing else."""
        for entry in self._entries(folder):
            if not self._leads_inside(folder + entry.name):
                self._wrong(f"{folder}{entry.name} is no link to a program of a package")

    def _leads_inside(self, path: str) -> bool:
        """Whether a path is a link that stays in the folder of packages."""
        try:
            target = os.readlink(f"{self._site}/{path}")
        except OSError:
            return False
        return not os.path.normpath(os.path.join(os.path.dirname(path), target)).startswith(("/", ".."))

    def _link(self, path: str) -> None:
        """A package of the workspace: a link to where programs find it."""
        target = os.readlink(f"{self._site}/{path}")
        if not f"{target}/".startswith(f"{_WORKSPACE}/") or ".." in target.split("/"):
            self._wrong(f"{path} leads to {target}")

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        with os.scandir(f"{self._site}/{folder}") as entries:
            return sorted(entries, key=lambda entry: entry.name)

    def _digest(self, path: str) -> str:
        """The sha256 of a file, "" for what is no file."""
        found = sha256_of(f"{self._site}/{path}")
        return "" if found is None else found.hex()

    def _wrong(self, sentence: str) -> None:
        self.problems.append(sentence)
        if len(self.problems) >= _MAX_PROBLEMS:
            raise _Wrong


def _bundled(paths: Iterable[str]) -> Iterator[str]:
    """The names of the packages that a tarball brings in its `node_modules`."""
    for path in paths:
        first, *rest = path.split("/")
        scoped = len(rest) > 2 and rest[0].startswith("@")
        if first == _MODULES and len(rest) > 1 and rest[0] != _LINKS and (scoped or not rest[0].startswith("@")):
            yield "/".join(rest[: 2 if scoped else 1])
