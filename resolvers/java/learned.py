"""Packages that were seen in jars: an exact map, for artifacts that the policy allows by their own name.

A jar says itself what it provides. Therefore a claim counts only where nobody else has one, no map of ours and no other
jar, and only for an artifact that somebody vouches for.

Source: ADR 0005.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import IO

from jhansi_runner.proxy.coordinate import maven
from jhansi_runner.resolvers.java.artifact import Artifact, parse
from jhansi_runner.resolvers.java.names import LEARNED, Answer, NameMap

MAX_ENTRIES, MAX_PACKAGES, MAX_ROWS = 100_000, 500, 20_000
_PART = r"[A-Za-z_][A-Za-z0-9_]{0,60}"
_CLASS = re.compile(rf"(?P<package>[a-z_][A-Za-z0-9_]{{0,60}}(?:/{_PART}){{1,12}})/[A-Z][A-Za-z0-9_]{{0,200}}\.class")
_ROW = re.compile(r"(?P<package>[a-z_][\w.]{1,400})\t(?P<artifact>[\w.-]{1,200}(?::[\w.+-]{1,200}){2})", re.ASCII)


def packages(jar: IO[bytes]) -> frozenset[str]:
    """The packages with classes in a jar; empty for one that is broken or holds very many."""
    try:
        with zipfile.ZipFile(jar) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, zlib.error):
        return frozenset()
    if len(names) > MAX_ENTRIES:
        return frozenset()
    found = {match["package"].replace("/", ".") for name in names if (match := _CLASS.fullmatch(name))}
    return frozenset(found) if len(found) <= MAX_PACKAGES else frozenset()


def rows(artifact: str, found: Iterable[str]) -> str:
    """The lines that keep what an artifact, `group:name:version`, provides."""
    return "".join(f"{package}\t{artifact}\n" for package in sorted(found))


def purls(text: str) -> frozenset[str]:
    """The artifacts of lines that were kept, without their versions."""
    return frozenset(_purl(artifact) for _, artifact in _rows(text))


def unclaimed(text: str, names: NameMap, vouched: Iterable[str]) -> Mapping[str, Answer]:
    """From lines that were kept, the packages that one artifact alone provides, and that no map of ours knows.

    Of several versions of it the last that was seen counts.
    """
    trusted = frozenset(vouched)
    claims: dict[str, dict[str, Artifact]] = defaultdict(dict)
    for package, artifact in _rows(text):
        if _purl(artifact) in trusted:
            claims[package][artifact.key] = artifact
    return {
        package: Answer(tuple(one.values()), package, origin=LEARNED)
        for package, one in claims.items()
        if len(one) == 1 and names.lookup(f"{package}.X") is None and not names.is_jdk(f"{package}.X")
    }


def _rows(text: str) -> Iterable[tuple[str, Artifact]]:
    for line in text.splitlines()[:MAX_ROWS]:
        row = _ROW.fullmatch(line)
        artifact = parse(row["artifact"]) if row else None
        if row and artifact is not None:
            yield row["package"], artifact


def _purl(artifact: Artifact) -> str:
    group, _, name = artifact.key.partition(":")
    return maven(group, name).purl
