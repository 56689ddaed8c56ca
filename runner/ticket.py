"""A ticket: what was decided for a program in a workspace, with all that the decision rests on.

While nothing of that has changed, a repeat decides nothing: it runs. Light: a warm `exec` imports this module.

The format is lines of `word<TAB>values`; reading it costs less than importing a parser.
"""

from __future__ import annotations

import os
import time

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner.workspace import Unreadable, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = "jhansi-ticket 4"
ABSENT, UNREADABLE = "absent", "unreadable"


class Ticket:
    """`inputs` are (kind, path, digest) of the files and folders that were consulted; `dependencies` is the stored
    set's name, "" for none, and `private` tells that it belongs to this workspace alone; `egress` is what the run
    may reach. `python` and `prefix` are the interpreter's paths, `signature` tells whether it is still the same;
    `site` are its folders of packages, which are hidden. `until` is when all is decided anew, in seconds since the
    epoch, 0 for never."""

    __slots__ = (
        "dependencies",
        "egress",
        "inputs",
        "policy",
        "prefix",
        "private",
        "python",
        "signature",
        "site",
        "until",
    )

    def __init__(
        self,
        *,
        policy: str,
        egress: str,
        python: str,
        prefix: str,
        site: Sequence[str],
        signature: str,
        dependencies: str,
        private: bool,
        inputs: Sequence[tuple[str, str, str]],
        until: int = 0,
    ) -> None:
        self.policy, self.egress = policy, egress
        self.python, self.prefix, self.signature = python, prefix, signature
        self.site = tuple(site)
        self.dependencies, self.private = dependencies, private
        self.inputs = tuple(inputs)
        self.until = until


def key(workspace: Workspace, entry: str, choices: Sequence[str]) -> str:
    """The name of the ticket for a program in a workspace under the choices that were made on the command line."""
    found = os.fstat(workspace.descriptor)
    parts = (workspace.path, str(found.st_dev), str(found.st_ino), entry, *choices)
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def signature(python: str) -> str:
    """What changes when an interpreter is replaced; "" when it is gone."""
    try:
        found = os.stat(python)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def digest_of(workspace: Workspace, kind: str, path: str) -> str:
    """What a consulted file (`file`) or folder (`names`) holds now, as a digest."""
    try:
        if kind == "names":
            data: bytes | None = "\0".join(workspace.names(path)).encode("utf-8", "surrogateescape")
        else:
            data = workspace.read(path)
    except (Unreadable, OSError):
        return UNREADABLE
    return ABSENT if data is None else sha256(data).hexdigest()


def still_true(ticket: Ticket, workspace: Workspace, policy: str) -> bool:
    """Whether nothing has changed that the ticket rests on."""
    return (
        ticket.policy == policy
        and (not ticket.until or time.time() < ticket.until)
        and ticket.signature == signature(ticket.python)
        and all(digest_of(workspace, kind, path) == digest for kind, path, digest in ticket.inputs)
    )


def write(folder: str, name: str, ticket: Ticket) -> None:
    """Keep a ticket; it appears whole or not at all."""
    lines = [
        _HEAD,
        f"policy\t{ticket.policy}",
        f"egress\t{ticket.egress}",
        f"until\t{ticket.until}",
        f"python\t{_quoted(ticket.python)}\t{_quoted(ticket.prefix)}\t{ticket.signature}",
        "\t".join(["site", *(_quoted(path) for path in ticket.site)]),
        f"dependencies\t{ticket.dependencies}\t{'private' if ticket.private else 'shared'}",
        *(f"input\t{kind}\t{digest}\t{_quoted(path)}" for kind, path, digest in ticket.inputs),
        "end",
        "",
    ]
    partial = f"{folder}/.{name}.{os.getpid()}"
    with open(partial, "wb") as file:
        file.write("\n".join(lines).encode("utf-8", "surrogateescape"))
    os.rename(partial, f"{folder}/{name}")


def read(folder: str, name: str) -> Ticket | None:
    """The ticket of a name, or None when there is none that can be read."""
    try:
        with open(f"{folder}/{name}", "rb") as file:
            lines = file.read().decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    if lines[0] != _HEAD or lines[-2:] != ["end", ""]:
        return None
    fields = [line.split("\t") for line in lines[1:-2]]
    try:
        single = {row[0]: row[1:] for row in fields if row[0] != "input"}
        python, prefix, signed = single["python"]
        dependencies, private = single["dependencies"]
        return Ticket(
            policy=single["policy"][0],
            egress=single["egress"][0],
            until=int(single["until"][0]),
            python=_unquoted(python),
            prefix=_unquoted(prefix),
            site=[_unquoted(path) for path in single["site"]],
            signature=signed,
            dependencies=dependencies,
            private=private == "private",
            inputs=[(row[1], _unquoted(row[3]), row[2]) for row in fields if row[0] == "input"],
        )
    except (KeyError, IndexError, ValueError):
        return None


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A")


def _unquoted(text: str) -> str:
    return text.replace("%0A", "\n").replace("%09", "\t").replace("%25", "%")
