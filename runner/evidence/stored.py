"""What a stored set was made from: a file beside its lock, written when the set is filled.

Locks of npm and Go name no sha256, and the cache may be deleted: this says which files the mirror verified and handed
out for each package, what it knew of their licences, and which package needs which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FILE = "artifacts.txt"
_HEAD, _END = "jhansi-artifacts 1", "end"
_ARTIFACT, _NEEDS = "artifact", "needs"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a package, as the mirror verified it. `size` is in bytes, `licence` as it was declared, "" for none."""

    purl: str
    sha256: str
    size: int
    filename: str
    licence: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A package needs another: always, or when its `extra` is asked for. `extras` are those that it asks for."""

    purl: str
    extra: str
    needed: str
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a set was made from."""

    artifacts: Sequence[Artifact]
    needs: Sequence[Need]


def render(contents: Contents) -> str:
    """The text of the file."""
    rows = [
        (_ARTIFACT, one.purl, one.sha256, str(one.size), one.filename, one.licence, _digests(one.digests))
        for one in contents.artifacts
    ]
    needs = [(_NEEDS, one.purl, one.extra, one.needed, ",".join(one.extras)) for one in contents.needs]
    return "\n".join([_HEAD, *("\t".join(map(_quoted, row)) for row in [*rows, *needs]), _END, ""])


def parse(text: str) -> Contents:
    """The contents of the file. Raises ValueError for a text that is not whole, or not ours."""
    head, *lines, end, nothing = text.split("\n") if text.count("\n") > 1 else ("", "", "")
    if (head, end, nothing) != (_HEAD, _END, ""):
        raise ValueError("it is not whole")
    artifacts, needs = [], []
    for line in lines:
        kind, *row = map(_unquoted, line.split("\t"))
        if kind == _ARTIFACT and len(row) == 6:
            digests = dict(each.partition(":")[::2] for each in row[5].split())
            artifacts.append(Artifact(row[0], row[1], int(row[2]), row[3], row[4], digests))
        elif kind == _NEEDS and len(row) == 4:
            needs.append(Need(row[0], row[1], row[2], tuple(filter(None, row[3].split(",")))))
        else:
            raise ValueError(f"{line[:80]!r} is no line of it")
    return Contents(tuple(artifacts), tuple(needs))


def read(folder: str) -> Contents:
    """What the set in a folder was made from. Raises OSError, ValueError."""
    with open(f"{folder}/{FILE}", encoding="utf-8", errors="surrogateescape", newline="") as file:
        return parse(file.read())


def _digests(digests: Mapping[str, str]) -> str:
    return " ".join(f"{name}:{value}" for name, value in sorted(digests.items()))


def _quoted(text: str) -> str:
    return text.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A")


def _unquoted(text: str) -> str:
    return text.replace("%0A", "\n").replace("%09", "\t").replace("%25", "%")
