"""Reads `go.sum`: what each module must hash to.

Source: the Go modules reference, "go.sum files".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jhansi_runner.resolvers.golang.modfile import ModFile, Require

_LINE = re.compile(r"(?P<module>\S{1,512}) (?P<version>\S{1,200}?)(?P<mod>/go\.mod)? (?P<hash>h1:[A-Za-z0-9+/]{43}=)")


def parse(text: str) -> dict[tuple[str, str, bool], str]:
    """The hash of each module and version; the third part of a key tells that it is of the `go.mod` alone.

    Lines in another form are left out: the go command, which checks, refuses the file with its own words.
    """
    found = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            found[match["module"], match["version"], match["mod"] is not None] = match["hash"]
    return found


def lines(hashes: Mapping[tuple[str, str, bool], str]) -> str:
    """The file, sorted as the go command does."""
    return "".join(
        f"{module} {version}{'/go.mod' if mod else ''} {h1}\n" for (module, version, mod), h1 in sorted(hashes.items())
    )


def is_complete(modfile: ModFile, requires: Iterable[Require], text: str) -> bool:
    """Whether somebody has let the go command write both files: it leaves a line for each module that is required.

    One without a `go` line has not been in its hands.
    """
    hashes = parse(text)
    return bool(modfile.go) and all((each.module, each.version, True) in hashes for each in requires)
