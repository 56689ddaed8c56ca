"""A ticket: what was decided for a program in a workspace, with all that the decision rests on.

While nothing of that has changed, a repeat decides nothing: it runs. Light: a warm `exec` imports this module.

The format is lines of `word<TAB>values`; reading it costs less than importing a parser.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner import sources
from jhansi_runner.runner.limits.model import of_pairs
from jhansi_runner.runner.workspace import Unreadable, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = "jhansi-ticket 10"
ABSENT, UNREADABLE, CHANGED = "absent", "unreadable", "changed"
"""What stands for a digest. Nothing is ever found to be `CHANGED`, so that a ticket with it is never true."""
ENTRY = "{entry}"
"""Stands in a command for the program's path, as in `resolvers/resolver.py`, which is not light."""
_TEXTS = ("policy", "egress", "until", "language", "place", "dependencies", "asked")
_LISTS = ("shown", "hidden", "path", "after", "argv", "build", "keeps", "signs")
_PAIRS = ("programs", "named", "env", "mounts", "limits")


class Ticket:
    """Everything that starting a program needs to know.

    `policy` is the digest of the policy's files, `egress` what the run may reach; `until` is when all is decided anew,
    in seconds since the epoch, 0 for never. `inputs` are (kind, path, digest) of the files and folders that were
    consulted. `programs` are (path, signature) of the language's programs, which tell whether they are still the same.

    `dependencies` is the stored set's name, "" for none, `private` tells that it belongs to this workspace alone,
    `place` is where programs find it, and `asked` the digest of what asked for it (`evidence/asked.py`). `shown`,
    `hidden` and `named` are as in `Toolchain`, `argv`, `build`, `env`, `mounts`, `keeps` and `signs` as in `Launch`;
    `path` are folders in front of PATH, and `after` further ones. `limits` are those that the policy sets
    (`limits/model.py`).
    """

    __slots__ = (*_TEXTS, *_LISTS, *_PAIRS, "inputs", "private")

    until: int
    private: bool
    policy: str
    egress: str
    language: str
    place: str
    dependencies: str
    asked: str
    shown: Sequence[str]
    hidden: Sequence[str]
    path: Sequence[str]
    after: Sequence[str]
    argv: Sequence[str]
    build: Sequence[str]
    keeps: Sequence[str]
    signs: Sequence[str]
    programs: Sequence[tuple[str, str]]
    named: Sequence[tuple[str, str]]
    env: Sequence[tuple[str, str]]
    mounts: Sequence[tuple[str, str]]
    limits: Sequence[tuple[str, str]]
    inputs: Sequence[tuple[str, str, str]]

    def __init__(self, language: str, policy: str, egress: str) -> None:
        for name in _TEXTS:
            setattr(self, name, "")
        for name in (*_LISTS, *_PAIRS, "inputs"):
            setattr(self, name, ())
        self.language, self.policy, self.egress = language, policy, egress
        self.until, self.private = 0, False


def key(workspace: Workspace, entry: str, choices: Sequence[str]) -> str:
    """The name of the ticket for a program in a workspace under the choices that were made on the command line."""
    found = os.fstat(workspace.descriptor)
    parts = (workspace.path, str(found.st_dev), str(found.st_ino), entry, *choices)
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def signature(program: str) -> str:
    """What changes when a program is replaced; "" when it is gone."""
    try:
        found = os.stat(program)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def digest_of(workspace: Workspace, kind: str, path: str) -> str:
    """What a consulted file (`file`), folder (`names`) or project (`sources`) holds now, as a digest."""
    try:
        if kind == "sources":
            return sources.digest(sources.files(workspace, path))
        if kind == "names":
            return names_digest(workspace.telling(path))
        return file_digest(workspace.read(path))
    except (Unreadable, OSError):
        return UNREADABLE


def file_digest(data: bytes | None) -> str:
    """What stands for a file's content, None for none."""
    return ABSENT if data is None else sha256(data).hexdigest()


def names_digest(names: Sequence[str]) -> str:
    """What stands for the names in a folder."""
    return sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def still_true(ticket: Ticket, workspace: Workspace, policy: str) -> bool:
    """Whether nothing has changed that the ticket rests on."""
    return (
        ticket.policy == policy
        and (not ticket.until or time.time() < ticket.until)
        and all(signature(path) == signed for path, signed in ticket.programs)
        and all(digest_of(workspace, kind, path) == digest for kind, path, digest in ticket.inputs)
    )


def write(folder: str, name: str, ticket: Ticket) -> None:
    """Keep a ticket; it appears whole or not at all."""
    from jhansi_runner.proxy import whole_file

    rows: list[tuple[str, ...]] = [(name, str(getattr(ticket, name))) for name in _TEXTS]
    rows += [(name, *getattr(ticket, name)) for name in _LISTS]
    rows += [(name, *pair) for name in _PAIRS for pair in getattr(ticket, name)]
    rows += [("private", "yes" if ticket.private else "no")]
    rows += [("input", kind, digest, path) for kind, path, digest in ticket.inputs]
    lines = [_HEAD, *("\t".join(map(_quoted, row)) for row in rows), "end", ""]
    whole_file.write(f"{folder}/{name}", "\n".join(lines).encode("utf-8", "surrogateescape"))


def read(folder: str, name: str) -> Ticket | None:
    """The ticket of a name, or None when there is none that can be read."""
    try:
        with open(f"{folder}/{name}", "rb") as file:
            lines = file.read().decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    if lines[0] != _HEAD or lines[-2:] != ["end", ""]:
        return None
    rows = [[_unquoted(value) for value in line.split("\t")] for line in lines[1:-2]]
    found = Ticket("", "", "")
    try:
        single = {row[0]: row[1:] for row in rows}
        for name in _TEXTS:
            setattr(found, name, single[name][0])
        for name in _LISTS:
            setattr(found, name, tuple(single[name]))
        for name in _PAIRS:
            setattr(found, name, tuple((row[1], row[2]) for row in rows if row[0] == name))
        found.until, found.private = int(found.until), single["private"] == ["yes"]
        found.inputs = tuple((row[1], row[3], row[2]) for row in rows if row[0] == "input")
        of_pairs(found.limits)
        return found
    except (KeyError, IndexError, ValueError):
        return None


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A")


def _unquoted(text: str) -> str:
    return text.replace("%0A", "\n").replace("%09", "\t").replace("%25", "%")
