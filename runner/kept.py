"""What of a package is in the cache: whether something fits a range, and whether what is missing is needed at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from jhansi_runner.proxy.cache.store import DamagedCache, Store
from jhansi_runner.proxy.coordinate import NPM, PYPI, Coordinate
from jhansi_runner.proxy.policy.ranges import parse_range, parse_version
from jhansi_runner.proxy.shortage import Shortage
from jhansi_runner.resolvers.unmet import Unmet

_METADATA = ".metadata"
_NEEDS, _MAY_NEED = ("dependencies", "peerDependencies"), "optionalDependencies"


class Kept:
    """What is in a cache, read when it is first asked about. `store` is None where there is none."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._versions: dict[Coordinate, set[str]] | None = None
        self._latest: dict[Coordinate, float] = {}

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *problem: object) -> None:
        if self._store is not None:
            self._store.close()

    def lacks(self, each: Unmet, found: Shortage) -> bool:
        """Whether what was wanted is missing: nothing fits or, by the client's word, nothing that it can use."""
        return not self.fits(each) or (each.sure and each.package not in found.fetched)

    def fits(self, each: Unmet) -> bool:
        """Whether a version that is here is in the range."""
        here = self.versions(each.package)
        if each.package.type not in (PYPI, NPM):
            return not each.specifier or each.specifier in here
        return one_fits(each.package.type, here, each.specifier)

    def is_needed(self, package: Coordinate, found: Shortage, planned: Sequence[Unmet]) -> bool:
        """Whether somebody needs a package of which nothing is known here: npm asks for what is optional, too."""
        if package.type != NPM or any(each.package == package for each in planned):
            return True
        optional = False
        for one in (each for each in found.asked if each.type == NPM):
            for manifest in self._manifests(one):
                if any(package.path in _names(manifest, key) - _names(manifest, _MAY_NEED) for key in _NEEDS):
                    return True
                optional = optional or package.path in _names(manifest, _MAY_NEED)
        return not optional

    def _manifests(self, package: Coordinate) -> Iterator[Mapping[str, object]]:
        """What an npm package's versions that are here say of themselves."""
        for form in ("full", "abbreviated"):
            document = self._store.document(f"npm {package.path} {form}") if self._store is not None else None
            try:
                versions = json.loads(document.body if document is not None else b"{}").get("versions", {})
                found = [versions[one] for one in self.versions(package) if isinstance(versions.get(one), dict)]
            except (ValueError, TypeError, AttributeError, RecursionError):
                continue
            yield from found
            if found:
                return

    def latest(self, package: Coordinate) -> float:
        """When the last of its files came in, in seconds since the epoch; 0.0 where none is here."""
        self.versions(package)
        return self._latest.get(package, 0.0)

    def versions(self, package: Coordinate) -> set[str]:
        """The versions of a package of which a file is here."""
        if self._versions is None:
            self._versions = {}
            for _, one in self._store.artifacts() if self._store else ():
                release = Coordinate.parse(one.purl)
                if not one.filename.endswith(_METADATA) and release.version is not None:
                    own = release.at(None)
                    self._versions.setdefault(own, set()).add(release.version)
                    self._latest[own] = max(one.stored, self._latest.get(own, 0.0))
        return self._versions.get(package, set())


def opened(cache: str) -> Kept:
    """Look into a cache; one that cannot be read holds nothing."""
    try:
        return Kept(Store(cache) if os.path.isdir(cache) else None)
    except (DamagedCache, OSError):
        return Kept(None)


def _names(manifest: Mapping[str, object], key: str) -> set[str]:
    found = manifest.get(key)
    return set(found) if isinstance(found, dict) else set()


def one_fits(type_: str, versions: Iterable[str], specifier: str) -> bool:
    """Whether one of some versions is in a range, "" for any; every range has that which nobody can read in it."""
    try:
        wanted = parse_range(type_, specifier) if specifier else None
    except ValueError:  # a tag, or a notation of its own
        return any(True for _ in versions)
    known = (parse_version(type_, text) for text in versions)
    return any(version is not None and (wanted is None or wanted.contains(version)) for version in known)
