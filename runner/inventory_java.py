"""What Maven left of artifacts, against the lock and what the mirror verified.

Extensions of a pom's parents run in Maven, so the hashes in a lock say what was there, and the mirror what should be.

Source: Maven's repository layout, for what is found where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import MAVEN, Coordinate
from jhansi_runner.proxy.registries.maven_paths import folder_of
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.installed_files import blocks, files, sha256_of

_REPOSITORY, _CLASSPATH = "repository", "classpath"
_CLASSPATH_BYTES = 16 << 20
_LONGER_BYTES = 1 << 20
"""How much longer than it should be a file may be, to be told apart by its hash."""
_RECORDS = re.compile(r"_remote\.repositories|resolver-status\.properties|maven-metadata-[^/]*\.xml|.+\.lastUpdated")
_CHECKSUMS = (".sha1", ".md5", ".sha256", ".sha512")
"""What Maven notes beside artifacts. None of it is on a class path, or made an artifact by its name."""


def differences(site: str, locked: Sequence[Locked], cache: str) -> list[str]:
    """Where a repository differs from the lock and from what the mirror verified; a sentence for each.

    Every artifact in it, poms too, must be the mirror's of that path. On the class path is each file that the lock has
    a hash of, and nothing else.
    """
    verified = _verified(cache)
    hashes: dict[str, str] = {}
    problems = []
    for path, is_file in files(site):
        folder, _, inner = path.partition("/")
        known = verified.get(f"/{inner}", {}) if folder == _REPOSITORY else {}
        most = max(known.values(), default=0) + _LONGER_BYTES  # a plugin may have left a file without end
        found = sha256_of(f"{site}/{path}", most) if is_file and known else None
        hashes[path] = digest = "" if found is None else found.hex()
        if is_file and (path == _CLASSPATH or (folder == _REPOSITORY and _is_record(inner))):
            continue
        if not known:
            problems.append(f"{path} is no file that the mirror verified")
        elif digest not in known:
            problems.append(f"{path} is not what the mirror has")
    return [*problems, *_on_class_path(site, locked, hashes)]


def _verified(cache: str) -> Mapping[str, Mapping[str, int]]:
    """The sha256 and size in bytes of what the mirror has of the registry, by path; of several registries, each."""
    found: dict[str, dict[str, int]] = {}
    store = Store(cache)
    try:
        for key, artifact in store.artifacts():
            if artifact.purl.startswith(f"pkg:{MAVEN}/"):
                found.setdefault(key.partition(" ")[2], {})[artifact.sha256] = artifact.size
    finally:
        store.close()
    return found


def _on_class_path(site: str, locked: Sequence[Locked], hashes: Mapping[str, str]) -> Iterator[str]:
    wanted = {
        (folder_of(Coordinate.parse(one.purl)), value.removeprefix("sha256:")): f"{one.name} {one.version}"
        for one in locked
        for value in one.hashes
    }
    there = set()
    for line in _text(f"{site}/{_CLASSPATH}").splitlines():
        path = line.partition(" ")[2]
        key = f"/{path.rpartition('/')[0]}/", hashes.get(f"{_REPOSITORY}/{path}", "")
        if key in wanted:
            there.add(key)
        else:
            yield f"{path} is on the class path, and not in the lock"
    yield from (f"{wanted[key]} is not as it was locked" for key in wanted if key not in there)


def _is_record(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(_CHECKSUMS) or _RECORDS.fullmatch(name) is not None


def _text(path: str) -> str:
    """The list of the class path, "" for what is none."""
    found = b""
    try:
        for block in blocks(path):
            found += block
            if len(found) > _CLASSPATH_BYTES:
                return ""
    except OSError:
        return ""
    return found.decode("utf-8", "surrogateescape")
