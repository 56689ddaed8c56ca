"""The steps that uv takes: from requirements to a lock with hashes, and from a lock to a folder of packages.

Both read no configuration but what is said here: a `uv.toml` in a workspace once made uv install a trojan.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.python import pylock
from jhansi_runner.resolvers.resolver import CACHE, SITE, STAGE, Locked, Step, UnfitLock

UV = "/tools/uv"
LOCK_FILE = "lock.txt"
LOCK = f"{STAGE}/{LOCK_FILE}"
_LOCK_LINE = re.compile(r"[a-z0-9](?:(?! --)[^\\])*(?: \\)?|    --hash=sha256:[0-9a-f]{64}(?: \\)?|")
"""A package, one of its hashes, or nothing: never an option of uv's."""
_IN = f"{STAGE}/requirements.in"
_LIMITS = f"{STAGE}/constraints.in"
_ENV = {
    "UV_CACHE_DIR": f"{STAGE}/{CACHE}",
    "UV_NO_CONFIG": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "1",
    "UV_NATIVE_TLS": "1",
    "UV_NO_PROGRESS": "1",
    "UV_HTTP_TIMEOUT": "120",
    "UV_HTTP_RETRIES": "1",  # the mirror has tried again already
    "UV_CONCURRENT_DOWNLOADS": "16",
    "NO_COLOR": "1",
}


def resolve(plan: Plan, python: str, *, build: bool, target: Sequence[str] = (), output: str = LOCK_FILE) -> Step:
    """Resolve a plan to a lock. `build` lets source distributions be built for their metadata.

    `target` are options that name another host than this one, `output` is the lock's name in the stage.
    """
    files = {"requirements.in": _lines(plan.requirements)}
    argv = [
        UV,
        "pip",
        "compile",
        "--python",
        python,
        *target,
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        "--quiet",
    ]
    if plan.constraints:
        files["constraints.in"] = _lines(plan.constraints)
        argv += ["--constraint", _LIMITS]
    if any(path == pylock.NAME for path, _ in plan.files):
        argv += ["--no-deps"]
    if plan.allow_prereleases:
        argv += ["--prerelease", "allow"]
    if not build:
        argv += ["--only-binary", ":all:"]
    return Step((*argv, "--output-file", f"{STAGE}/{output}", _IN), _ENV, files)


def _lines(requirements: Sequence[Requirement]) -> str:
    """Requirements as lines of uv's input. Raises ValueError for one that would be more than a requirement there."""
    for each in requirements:
        if not each.text.isprintable() or each.text.startswith("-") or each.text.endswith("\\"):
            raise ValueError(f"{each.text!r} is not one requirement")
    return "".join(f"{each.text}\n" for each in requirements)


def install(lock: str, python: str, *, build: bool) -> Step:
    """Install a lock into the stage, with bytecode. Without `build` no code of a package runs."""
    argv = [UV, "pip", "install", "--python", python, "--target", SITE, "--no-deps", "--require-hashes"]
    argv += ["--compile-bytecode", "--link-mode", "hardlink", "--quiet"]
    if not build:
        argv += ["--only-binary", ":all:"]
    return Step((*argv, "--requirements", LOCK), _ENV, {LOCK_FILE: lock})


def narrowed(lock: str, plan: Plan) -> str:
    """The lock with only those hashes that the author of the manifest wrote, where one wrote any.

    uv does not do so: it resolves a requirement whose hash is wrong, and writes the right one. Raises UnfitLock
    when nothing is left of a package, and for a lock in another form than uv's.
    """
    for line in lock.splitlines():
        if not _LOCK_LINE.fullmatch(line):
            raise UnfitLock(f"uv wrote a lock with a line that no lock has: {line[:120]!r}")
    written: dict[str, frozenset[str]] = {}
    for each in plan.requirements:  # a lock has one for each of several markers
        if each.hashes:
            written[each.name] = written.get(each.name, frozenset()).union(each.hashes)
    entries = [_narrow(entry, written) for entry in _entries(lock)]
    return "".join(entries)


def _entries(lock: str) -> list[str]:
    entries: list[str] = []
    for line in lock.splitlines(keepends=True):
        if entries and line[:1] in (" ", "\t"):
            entries[-1] += line
        else:
            entries.append(line)
    return entries


def _narrow(entry: str, written: Mapping[str, frozenset[str]]) -> str:
    packages = locked(entry)
    allowed = written.get(canonicalize_name(packages[0].name)) if packages else None
    if allowed is None:
        return entry
    head, *hashes = [part.strip().removesuffix("\\").strip() for part in entry.split("--hash=")]
    kept = [value for value in hashes if value in allowed]
    if not kept:
        one = packages[0]
        raise UnfitLock(
            f"{one.name} {one.version} has none of the hashes that the manifest gives for {one.name}: "
            "the files were changed, or the hashes are another version's"
        )
    return " \\\n    --hash=".join([head, *kept]) + "\n"


def locked(lock: str) -> Sequence[Locked]:
    """The packages of a lock. Where it gives a URL, that stands for the version."""
    found = []
    for entry in _entries(lock):
        head = entry.split(" \\", 1)[0].split(" --hash", 1)[0].split(";", 1)[0].strip()
        if not head or entry[0] in " #-":
            continue
        name, separator, version = head.partition("==") if "==" in head else head.partition(" @ ")
        if separator:
            name, version = name.split("[", 1)[0].strip(), version.strip()
            hashes = tuple(f"sha256:{part[:64]}" for part in entry.split("--hash=sha256:")[1:])
            found.append(Locked(name, version, pypi(name, version).purl, hashes))
    return found
