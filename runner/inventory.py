"""What an installer left, against what it was told to install, and what the mirror saw.

Source: PyPA specification "Recording installed projects", for RECORD.
"""

from __future__ import annotations

import base64
import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.installed_files import files as walked
from jhansi_runner.runner.installed_files import names, sha256_of

_SUFFIX = ".dist-info"
_RECORD_BYTES = 64 << 20
_ADDED = frozenset(("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"))
"""What installers write into a package's own folder of records."""
_SCHEMES = ("purelib", "platlib", "data")
_BYTECODE = re.compile(r"\.[\w-]+(?:\.opt-\w+)?\.pyc$")
"""What follows a module's name, which may have dots of its own. Source: PEP 3147, PEP 488."""
_BLOCK_BYTES = 1 << 18


def check(site: str, packages: Sequence[Locked]) -> list[str]:
    """What is wrong with a folder of packages: a sentence for each that is missing, extra, or of another version."""
    found = {}
    for folder in names(site):
        if folder.endswith(_SUFFIX):
            name, _, version = folder.removesuffix(_SUFFIX).partition("-")
            found[canonicalize_name(name)] = version
    expected = {canonicalize_name(one.name): one.version for one in packages}
    problems = [f"{name} was locked and is not there" for name in sorted(expected.keys() - found.keys())]
    problems += [f"{name} is there and was not locked" for name in sorted(found.keys() - expected.keys())]
    for name in sorted(expected.keys() & found.keys()):
        if "://" not in expected[name] and not _same(expected[name], found[name]):
            problems.append(f"{name} {expected[name]} was locked, and {found[name]} is there")
    return problems


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def differences(site: str, packages: Sequence[Locked], cache: str) -> list[str]:
    """Where a folder of packages differs from the wheels that the mirror verified; a sentence for each.

    Every file that a wheel records must be there with the recorded hash, or with that of
    another package of the lock that brings the same path. What the installer adds (bytecode, commands, its own
    records) is not in the wheel and is not compared; nor is what it rewrites, a script.
    """
    wanted = {canonicalize_name(one.name) for one in packages}
    hashes = {value.removeprefix("sha256:") for one in packages for value in one.hashes}
    there = frozenset(path for path, _ in walked(site))
    found: set[str] = set()
    digests: dict[str, set[str]] = {}
    scripts: set[str] = set()
    store, files = Store(cache), ArtifactFiles(cache)
    try:
        for _, artifact in store.artifacts():
            name = canonicalize_name(Coordinate.parse(artifact.purl).name)
            if artifact.sha256 in hashes and artifact.filename.endswith(".whl") and name in wanted - found:
                recorded = list(_recorded(files.path(artifact.sha256)))
                if all(path in there for path, _ in recorded):
                    found.add(name)
                    for path, digest in recorded:
                        if digest:
                            digests.setdefault(path, set()).add(digest)
                        else:
                            scripts.add(path)
    finally:
        store.close()
    problems = [f"no wheel of {name} that the mirror verified matches" for name in sorted(wanted - found)]
    changed = (path for path, allowed in digests.items() if _digest(f"{site}/{path}") not in allowed)
    problems += [f"{path} is not what its wheel holds" for path in changed]
    return problems + [f"{path} is in no wheel" for path in sorted(_unexplained(there, digests, scripts))]


def _unexplained(there: Iterable[str], digests: Mapping[str, set[str]], scripts: Set[str]) -> Iterator[str]:
    """Files that no wheel records and no installer adds: a `sitecustomize.py`, say, which Python would run."""
    infos = {path.split("/", 1)[0] for path in digests if path.split("/", 1)[0].endswith(_SUFFIX)}
    for path in there:
        if path in digests or path in scripts or path == ".lock":
            continue
        parent, _, last = path.rpartition("/")
        source = f"{parent.removesuffix('__pycache__')}{_BYTECODE.sub('', last)}.py"
        explained = (
            (parent in infos and last in _ADDED)
            or (parent.endswith("__pycache__") and last.endswith(".pyc") and (source in digests or source in scripts))
            or (parent == "bin" and not last.endswith((".py", ".pth", ".pyc")))
        )
        if not explained:
            yield path


def _recorded(wheel: str) -> Iterator[tuple[str, str]]:
    """Path and hash of each file that a wheel puts into the folder of packages; the hash of a script is ""."""
    with zipfile.ZipFile(wheel) as archive:
        record = next(n for n in archive.namelist() if n.endswith(f"{_SUFFIX}/RECORD") and n.count("/") == 1)
        if archive.getinfo(record).file_size > _RECORD_BYTES:
            return
        text = archive.read(record).decode("utf-8")
    for row in csv.reader(io.StringIO(text)):
        if len(row) >= 2 and row[1].startswith("sha256="):
            place, rewritten = _place(row[0])
            if place:
                yield place, "" if rewritten else row[1].removeprefix("sha256=")


def _place(path: str) -> tuple[str, bool]:
    """Where a file of a wheel ends up, "" for nowhere, and whether its first line is rewritten on the way."""
    first, _, rest = path.partition("/")
    if not first.endswith(".data"):
        return path, False
    scheme, _, inside = rest.partition("/")
    if scheme == "scripts":
        return f"bin/{inside}", True
    if scheme == "headers":
        return f"include/{canonicalize_name(first.partition('-')[0])}/{inside}", False  # as uv does it
    return inside if scheme in _SCHEMES else "", False


def _digest(path: str) -> str:
    """The sha256 of a file as RECORD writes it, "" for what is no file."""
    found = sha256_of(path)
    return "" if found is None else base64.urlsafe_b64encode(found).rstrip(b"=").decode()
