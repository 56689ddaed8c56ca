"""Which package an author's lock has another hash of than the registry: npm names only the hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from jhansi_runner.resolvers.node import foreign, registry
from jhansi_runner.resolvers.node.tree import name_at

_WANTED = re.compile(r"integrity checksum failed when using sha512: wanted (sha512-[\w+/=]{20,200})")
_LOCK = "package-lock.json"
_ADVICE = "the registry's file is another: if it is the one that is meant, have npm make the lock anew"


def of_another(words: str, files: Mapping[str, str]) -> list[str]:
    """A line for each package of the locks among `files`, texts by path, that npm's `words` say has another hash."""
    wanted = {registry.sha512_of(found) for found in _WANTED.findall(words)} - {""}
    if not wanted:
        return []
    pins = {pin for path, text in files.items() for pin in _pins(path, text)}
    return [
        f"{package} has another sha512 in the lock: {_ADVICE}" for package, sha512 in sorted(pins) if sha512 in wanted
    ]


def _pins(path: str, text: str) -> Iterator[tuple[str, str]]:
    name = path.rpartition("/")[2]
    if name == foreign.YARN:
        yield from ((f"{pin.package}@{pin.version}", pin.sha512) for pin in foreign.of_yarn(text))
    elif name == _LOCK:
        for place, entry in json.loads(text).get("packages", {}).items():
            package = entry.get("name") or name_at(place)
            yield f"{package}@{entry.get('version', '')}", registry.sha512_of(entry.get("integrity"))
