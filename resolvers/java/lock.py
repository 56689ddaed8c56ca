"""The lock of a Java program: the artifacts of its class path with their hashes, and the poms that led to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from jhansi_runner.proxy.coordinate import maven
from jhansi_runner.resolvers.resolver import SITE, Locked, UnfitLock

_FORMAT = "java 1"
_REPOSITORY = f"{SITE}/repository/"
_SCOPES = ("compile", "provided", "runtime", "test")
_SUM = re.compile(r"([0-9a-f]{64})  \./(\S+)")
_WORD = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One artifact: `path` is below the repository, `needs` are purls of artifacts that it depends on."""

    group: str
    name: str
    version: str
    type: str
    classifier: str
    scope: str
    path: str
    sha256: str
    needs: tuple[str, ...] = ()

    @property
    def purl(self) -> str:
        """The package-url with its version."""
        return maven(self.group, self.name, self.version).purl


@dataclass(frozen=True, slots=True)
class Lock:
    """What is installed, in the order of the class path, and the files that it was resolved from."""

    artifacts: tuple[Entry, ...]
    files: Mapping[str, str]

    def encode(self) -> str:
        """As a text, the same for equal locks."""
        rows = [asdict(each) for each in self.artifacts]
        return json.dumps({"format": _FORMAT, "artifacts": rows, "files": dict(sorted(self.files.items()))}, indent=1)

    @classmethod
    def decode(cls, text: str) -> Lock:
        """What `encode` wrote. Raises UnfitLock for anything else."""
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise ValueError(found["format"])
            rows = [Entry(**{**row, "needs": tuple(row["needs"])}) for row in found["artifacts"]]
            if not all(_is_artifact(each.group, each.name, each.version) for each in rows):
                raise ValueError("a name that no artifact has")
            return cls(tuple(rows), {str(name): str(words) for name, words in found["files"].items()})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UnfitLock("this is no lock of a Java program") from None

    def locked(self) -> tuple[Locked, ...]:
        """The packages; several files of one artifact are one."""
        found: dict[str, Locked] = {}
        for each in self.artifacts:
            before = found.get(each.purl)
            hashes = (*(before.hashes if before else ()), f"sha256:{each.sha256}")
            name = f"{each.group}:{each.name}"
            found[each.purl] = Locked(name, each.version, each.purl, hashes, each.needs)
        return tuple(found.values())


def read(files: Mapping[str, str], listed: str, sums: str) -> Lock:
    """The lock from what Maven lists and what is in the repository. Raises UnfitLock.

    `listed` has a line for each artifact and each that needs it: group, name, version, type, classifier, scope, path,
    and the first three of what needs it. Modules of the workspace are left out: their sources are compiled as well.
    """
    hashes = {row[2]: row[1] for line in sums.splitlines() if (row := _SUM.fullmatch(line))}
    own = _modules(files.get("modules.txt", ""))
    found: dict[str, Entry] = {}
    needs: dict[str, dict[str, None]] = {}
    for line in listed.splitlines():
        group, name, version, kind, classifier, scope, path, *above = _words(line)
        if (group, name, version) in own:
            continue
        place = path.removeprefix(_REPOSITORY)
        if not path.startswith(_REPOSITORY) or ".." in place.split("/") or place not in hashes:
            raise UnfitLock(f"{group}:{name}:{version} was not left in the repository")
        entry = Entry(group, name, version, kind, classifier, scope, place, hashes[place])
        before = found.get(place)
        if before is None or _SCOPES.index(scope) < _SCOPES.index(before.scope):
            found[place] = entry
        if len(above) == 3 and tuple(above) not in own:
            needs.setdefault(maven(*above).purl, {})[entry.purl] = None
    return Lock(tuple(replace(each, needs=tuple(sorted(needs.get(each.purl, ())))) for each in found.values()), files)


def _words(line: str) -> list[str]:
    """The words of a line. Raises UnfitLock for one that is none of Maven's."""
    words = line.split("\t")
    named = [*words[:4], *words[7:]] if len(words) == 10 else words[:4]
    fit = len(words) in (8, 10) and words[5] in _SCOPES and all(_WORD.fullmatch(each) for each in named)
    if not fit or not _is_artifact(*words[:3]) or (len(words) == 10 and not _is_artifact(*words[7:])):
        raise UnfitLock(f"Maven listed something that is no artifact: {line[:120]!r}")
    if words[4] and not _WORD.fullmatch(words[4]):
        raise UnfitLock(f"Maven listed something that is no artifact: {line[:120]!r}")
    return words


def _is_artifact(group: str, name: str, version: str) -> bool:
    """Whether there is a package-url of these names: an extension of a pom's may list what it likes."""
    try:
        return bool(maven(group, name, version).purl)
    except ValueError:
        return False


def _modules(text: str) -> frozenset[tuple[str, ...]]:
    rows = [line.split(" ") for line in text.splitlines()]
    return frozenset((row[0].replace("/", "."), row[1], row[2]) for row in rows if len(row) == 5)
