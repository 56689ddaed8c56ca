"""`pylock.toml`: the packages that somebody locked, with the hashes of their files. Source: PEP 751."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jhansi_runner.resolvers.interface import ManifestError, Requirement, View
from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.resolvers.python.manifest import Draft, read
from jhansi_runner.resolvers.python.requirement import from_pep508

NAME = "pylock.toml"
NAMED = re.compile(r"pylock\.[^.]+\.toml")
MAX_PACKAGES = 5_000
_TABLE = "packages"
_ALWAYS, _NEVER = "python_version >= '0'", "python_version < '0'"
CHOICE = re.compile(
    r"(?P<quote>['\"])(?P<name>[^'\"]*)(?P=quote)\s+(?P<not>not\s+)?in\s+(?P<set>extras|dependency_groups)"
)


def is_lock(source: str) -> bool:
    """Whether the source of a plan is such a lock, so that nothing has to be added to its packages."""
    name = source.rpartition("/")[2]
    return name == NAME or NAMED.fullmatch(name) is not None


def files(source: str, requirements: Sequence[Requirement]) -> tuple[tuple[str, str], ...]:
    """What `Plan.files` has for a lock, so that it is never taken for a file that asks for the same by name."""
    return ((NAME, "".join(f"{each.locked_text}\n" for each in requirements)),) if is_lock(source) else ()


def collect(view: View, path: str, draft: Draft) -> bool:
    """Add the packages of a lock; False when there is no such file. Raises ManifestError.

    Extras are not chosen, and of the dependency groups those that the lock calls default.
    """
    data = read(view, path)
    if data is None:
        return False
    document, text = toml.parse(data, path)
    version = toml.string(document, "lock-version", path, text)
    if version.partition(".")[0] != "1":
        hint = "lock again with a tool that writes version 1.0"
        raise ManifestError(path, toml.line_of(text, "lock-version"), f"lock-version is {version!r}", hint)
    draft.requires_python = toml.string(document, "requires-python", path, text)
    groups = frozenset(toml.strings(document, "default-groups", path, text))
    packages = document.get(_TABLE, [])
    if not isinstance(packages, list) or len(packages) > MAX_PACKAGES:
        raise toml.wrong(path, text, _TABLE, f"a list of at most {MAX_PACKAGES} packages")
    line, elsewhere = 1, []
    for package in packages:
        if not isinstance(package, dict):
            raise toml.wrong(path, text, _TABLE, "a list of tables")
        name = toml.string(package, "name", path, text)
        line = toml.line_of(text, name, line)
        _add(package, name, path, text, line, groups, draft)
        if index := toml.string(package, "index", path, text):
            elsewhere += [] if indexes.is_public(index) else [(line, name)]
    if elsewhere:
        (first, name), others = elsewhere[0], len(elsewhere) - 1
        told = f"{name} and {others} more come" if others else f"{name} comes"
        draft.note(path, first, f"{told} from another index than the registry's: only files of these hashes are taken")
    return True


def _add(package: toml.Table, name: str, path: str, text: str, line: int, groups: frozenset[str], draft: Draft) -> None:
    if "directory" in package:
        directory = toml.table(package, "directory", path, text)
        if toml.string(directory, "path", path, text) in (".", "./"):
            draft.note(path, line, f"the project itself ({name}) is not installed, only what it depends on")
            return
    if "vcs" in package or "directory" in package:
        hint = "name a released version, or put the code into the workspace and drop the dependency"
        raise ManifestError(path, line, f"{name} does not come from the registry", hint)
    archive = toml.table(package, "archive", path, text)
    version, url = toml.string(package, "version", path, text), toml.string(archive, "url", path, text)
    if archive and not url:
        raise ManifestError(path, line, f"{name} is a local archive", "name a released version instead")
    if not archive and not version:
        raise ManifestError(path, line, f"{name} has no version", "lock again: an installation needs versions")
    marker = _marker(toml.string(package, "marker", path, text), groups)
    address = f" @ {url}" if archive else f"=={version}"
    requirement = f"{name}{address}" + (f" ; {marker}" if marker else "")
    draft.requirements.append(from_pep508(requirement, path, line, hashes=_hashes(package, name, path, text, line)))


def _marker(marker: str, groups: frozenset[str]) -> str:
    """A marker without the words that only locks know: `extras` and `dependency_groups`."""

    def decided(found: re.Match[str]) -> str:
        chosen = found["set"] == "dependency_groups" and found["name"] in groups
        return _ALWAYS if chosen is not bool(found["not"]) else _NEVER

    return CHOICE.sub(decided, marker)


def _hashes(package: toml.Table, name: str, path: str, text: str, line: int) -> tuple[str, ...]:
    """The sha256 of all files of a package; a file without one cannot be installed."""
    wheels = package.get("wheels", [])
    files = [*wheels] if isinstance(wheels, list) else [None]
    files += [package[key] for key in ("sdist", "archive") if key in package]
    found = []
    for each in files:
        if not isinstance(each, dict):
            raise toml.wrong(path, text, name, "a package with a list of wheels")
        digest = toml.table(each, "hashes", path, text).get("sha256")
        if isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest):
            found.append(f"sha256:{digest}")
    if not found:
        raise ManifestError(path, line, f"{name} has no file with a sha256", "lock again with a tool that writes them")
    return tuple(sorted(set(found)))
