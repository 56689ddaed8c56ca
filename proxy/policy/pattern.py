"""Package-url patterns: `pkg:pypi/acme-*` names packages, `pkg:pypi/acme@1.2` one version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import PYPI

SUPPORTED_TYPES = (PYPI,)
"""The package-url types whose registries this release can serve."""

_PYPI_NAME = re.compile(r"[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a rule's package-url names: canonical, with `*` as it may be in names; `version` is exact."""

    type: str
    namespace: str
    name: str
    version: str | None


def parse_pattern(text: str) -> Pattern:
    """Read a package-url pattern. Raises ValueError with what is wrong and what to write instead."""
    if text.strip("*") == "":
        raise ValueError(f"{text!r} names no registry: write pkg:pypi/* for every package of PyPI")
    if not text.startswith("pkg:"):
        hint = f": write pkg:pypi/{text}" if _PYPI_NAME.fullmatch(canonicalize_name(text)) else ""
        raise ValueError(f"{text!r} is no package-url{hint or ', such as pkg:pypi/some-package'}")
    if text.startswith("pkg:/"):
        raise ValueError(f"{text!r} has a slash too many: write pkg:pypi/some-package")
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r}: qualifiers and subpaths have no meaning here, and the only wildcard is *")
    purl_type, slash, rest = text.removeprefix("pkg:").partition("/")
    purl_type = purl_type.lower()
    if purl_type not in SUPPORTED_TYPES:
        raise ValueError(unsupported(purl_type))
    path, at, version = rest.partition("@")
    if not slash or not path:
        raise ValueError(f"{text!r} names no package: write pkg:{purl_type}/* for every package of {purl_type}")
    if at and not version:
        raise ValueError(f"{text!r} has no version after @")
    return Pattern(purl_type, "", _pypi_name(text, path), unquote(version) if at else None)


@lru_cache(maxsize=4096)
def is_canonical(purl_type: str, namespace: str, name: str) -> bool:
    """Tell whether the name is one that rules can be held against: in canonical form, and no pattern."""
    if purl_type != PYPI or namespace or "*" in name:
        return False
    return _PYPI_NAME.fullmatch(name) is not None and canonicalize_name(name) == name


def unsupported(purl_type: str) -> str:
    """Say that there is no such registry in this release."""
    supported = ", ".join(SUPPORTED_TYPES)
    return f"the registry {purl_type!r} is not supported by this release (supported: {supported})"


def glob_matches(pattern: str, text: str) -> bool:
    """Match a name against a pattern whose only wildcard is `*` (any run of characters, also none).

    Takes the leftmost place for each piece, so a long name costs linear work where a regex may backtrack.
    """
    if "*" not in pattern:
        return text == pattern
    first, *pieces = pattern.split("*")
    last = pieces.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    start, end = len(first), len(text) - len(last)
    for piece in pieces:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


def _pypi_name(text: str, path: str) -> str:
    if "/" in path:
        raise ValueError(f"{text!r}: packages of PyPI have no namespace, so there is one slash only")
    if "**" in path:
        raise ValueError(f"{text!r}: write a single *")
    name = canonicalize_name(path)
    if not path.isascii() or not _PYPI_NAME.fullmatch(name):
        raise ValueError(f"{text!r}: {path!r} is no name on PyPI: letters, digits, - _ . and the wildcard * only")
    return name
