"""What goes into `artifacts.txt`: the cache's artifacts for the packages of a lock, and who needs whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact as Cached
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.ledger import ALLOW, Entry
from jhansi_runner.resolvers.resolver import Locked, Tools
from jhansi_runner.runner.evidence.licences import POM, declared
from jhansi_runner.runner.evidence.python_needs import python_needs
from jhansi_runner.runner.evidence.stored import Artifact, Contents, Need
from jhansi_runner.runner.rejudge import is_of

_PYTHON = "python"


def gather(
    language: str, site: str, packages: Sequence[Locked], cache: str, entries: Iterable[Entry], tools: Tools
) -> Contents:
    """What an installation in `site` was made from. `entries` is what the gate told meanwhile."""
    fetched = frozenset(os.path.basename(unquote(entry.url)) for entry in entries if entry.verdict == ALLOW)
    if language == _PYTHON:
        needs = python_needs(site, packages, tools)
    else:
        needs = [Need(one.purl, "", needed) for one in packages for needed in one.needs]
    return Contents(_artifacts(packages, cache, fetched), sorted(set(needs)))


def _artifacts(packages: Sequence[Locked], cache: str, fetched: frozenset[str]) -> list[Artifact]:
    """The artifacts of each package: of those that fit the lock, those that were fetched for this installation.

    An installer may have had all from a copy of its own; then every one that fits may be the one.
    """
    named = {one.purl: one for one in packages}
    found: dict[str, list[Cached]] = {}
    poms: dict[str, str] = {}
    files = ArtifactFiles(cache)
    for each in _cached(cache):
        one = named.get(each.purl)
        if one is not None and is_of(one, each):
            found.setdefault(each.purl, []).append(each)
        if each.filename.endswith(POM):
            poms[each.purl] = each.sha256
    rows = []
    for candidates in found.values():
        chosen = [each for each in candidates if each.filename in fetched] or candidates
        rows += [
            Artifact(each.purl, each.sha256, each.size, each.filename, declared(each, files, poms), dict(each.digests))
            for each in chosen
        ]
    return sorted(rows, key=lambda row: (row.purl, row.filename, row.sha256))


def _cached(cache: str) -> Iterator[Cached]:
    if not os.path.isdir(cache):
        return
    store = Store(cache)
    try:
        for _, artifact in store.artifacts():
            yield artifact
    finally:
        store.close()
