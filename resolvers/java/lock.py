"""The lock of a Java program: the artifacts of its class path with their hashes, and the poms that led to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from jhansi_runner.proxy.coordinate import maven
from jhansi_runner.resolvers.resolver import SITE, Locked, UnfitLock

_FORMAT = "java 1"
_REPOSITORY = f"{SITE}/repository/"
_SCOPES = ("compile", "provided", "runtime", "test")
_WORD = r"[A-Za-z0-9_.+-]+"
_ARTIFACT = rf"({_WORD}):({_WORD}):({_WORD})(?::({_WORD}))?:({_WORD})"
_LISTED = re.compile(rf"   {_ARTIFACT}:({'|'.join(_SCOPES)})(?: \(optional\))?:(/[^\s:]+)(?: .*)?")
_NODE = re.compile(rf"((?:[|\\+ ][ -] ?)*){_ARTIFACT}(?::(?:{'|'.join(_SCOPES)}))?(?: .*)?")
_SUM = re.compile(r"([0-9a-f]{64})  \./(\S+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


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

    Artifacts that are modules of the workspace are left out: their sources are compiled with the program's.
    """
    hashes = {row[2]: row[1] for line in sums.splitlines() if (row := _SUM.fullmatch(line))}
    own = _modules(files.get("modules.txt", ""))
    needs = _edges(listed.splitlines(), own)
    found: dict[str, Entry] = {}
    for line in listed.splitlines():
        words = _LISTED.fullmatch(_COLOUR.sub("", line).rstrip())
        if words is None or (words[1], words[2], words[5]) in own:
            continue
        group, name, kind, classifier, version, scope, path = words.groups()
        place = path.removeprefix(_REPOSITORY)
        if not path.startswith(_REPOSITORY) or ".." in place.split("/") or place not in hashes:
            raise UnfitLock(f"{group}:{name}:{version} was not left in the repository")
        purl = maven(group, name, version).purl
        entry = Entry(group, name, version, kind, classifier or "", scope, place, hashes[place], needs.get(purl, ()))
        before = found.get(place)
        if before is None or _SCOPES.index(scope) < _SCOPES.index(before.scope):
            found[place] = entry
    return Lock(tuple(found.values()), files)


def _modules(text: str) -> frozenset[tuple[str, str, str]]:
    rows = [line.split(" ") for line in text.splitlines()]
    return frozenset((row[0].replace("/", "."), row[1], row[2]) for row in rows if len(row) == 5)


def _edges(lines: Iterable[str], own: frozenset[tuple[str, str, str]]) -> dict[str, tuple[str, ...]]:
    """Who needs whom, from the trees that Maven draws."""
    found: dict[str, dict[str, None]] = {}
    above: list[str] = []
    for line in lines:
        words = _NODE.fullmatch(_COLOUR.sub("", line).rstrip())
        if words is None:
            above = []
            continue
        depth = len(words[1]) // 3
        purl = "" if (words[2], words[3], words[6]) in own else maven(words[2], words[3], words[6]).purl
        del above[depth:]
        if above and above[-1] and purl:
            found.setdefault(above[-1], {})[purl] = None
        above.append(purl if depth else "")
    return {purl: tuple(sorted(needs)) for purl, needs in found.items()}
