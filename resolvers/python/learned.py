"""Import names that were seen in wheels: an exact map, for distributions that the policy allows by their own name.

A wheel says itself what it provides, and so could claim any name. Therefore a claim counts only where nobody else has
one: no map of ours, no other wheel. And it counts only for a distribution that somebody vouches for: with what is
merely not denied, an unreviewed program could install a package once, and so decide what others get.

Source: ADR 0005; PyPA specification "Recording installed projects".
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import IO

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.python.names import NameMap
from jhansi_runner.resolvers.python.stdlib import is_stdlib

MAX_RECORD = 16 << 20
MAX_NAMES = 64
MAX_ROWS = 10_000
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MODULE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{1,99})(?:\.py|(?:\.[\w-]+)?\.so)")
_PACKAGE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{1,99})/__init__\.py")
_ROW = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{1,99})\t(?P<distribution>[a-z0-9-]{1,100})")


def import_names(wheel: IO[bytes]) -> frozenset[str]:
    """The modules and regular packages at the top of a wheel; empty for one that is broken or claims very many.

    A namespace belongs to nobody, and a name that begins with "_" is nobody else's business.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            records = [
                name for name in archive.namelist() if name.endswith(".dist-info/RECORD") and name.count("/") == 1
            ]
            if len(records) != 1 or archive.getinfo(records[0]).compress_type not in _PACKED:
                return frozenset()
            with archive.open(records[0]) as file:
                data = file.read(MAX_RECORD + 1)
        rows = csv.reader(io.StringIO(data.decode("utf-8"))) if len(data) <= MAX_RECORD else ()
        found = {name for row in rows if row and (name := _top(row[0]))}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, RuntimeError, zlib.error, csv.Error):
        return frozenset()
    return frozenset(found) if len(found) <= MAX_NAMES else frozenset()


def _top(path: str) -> str:
    first, _, rest = path.partition("/")
    if first.endswith(".data"):
        scheme, _, inside = rest.partition("/")
        path = inside if scheme in ("purelib", "platlib") else ""
    found = _MODULE.fullmatch(path) or _PACKAGE.fullmatch(path)
    return found["name"] if found else ""


def rows(distribution: str, found: Iterable[str]) -> str:
    """The lines that keep what a distribution provides."""
    return "".join(f"{name}\t{canonicalize_name(distribution)}\n" for name in sorted(found))


def unclaimed(text: str, names: NameMap, vouched: Iterable[str]) -> Mapping[str, str]:
    """From lines that were kept, the names that one distribution alone provides, and that no map of ours knows."""
    trusted = frozenset(vouched)
    claims: dict[str, set[str]] = defaultdict(set)
    for line in text.splitlines()[:MAX_ROWS]:
        if (row := _ROW.fullmatch(line)) and row["distribution"] in trusted:
            claims[row["name"]].add(row["distribution"])
    return {
        name: next(iter(distributions))
        for name, distributions in claims.items()
        if len(distributions) == 1 and not (is_stdlib(name) or names.is_shared(name) or names.lookup(name))
    }


def distributions(text: str) -> frozenset[str]:
    """The distributions of lines that were kept."""
    return frozenset(row["distribution"] for line in text.splitlines()[:MAX_ROWS] if (row := _ROW.fullmatch(line)))
