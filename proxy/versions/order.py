"""Versions of any of the registries: read, and put in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from packaging.version import Version as PypiVersion

from jhansi_runner.proxy.versions.interface import rank
from jhansi_runner.proxy.versions.maven import MavenVersion, parse_maven
from jhansi_runner.proxy.versions.semver import SemVer, parse_golang, parse_npm, parse_short_golang

Version = PypiVersion | SemVer | MavenVersion
"""One version. Each kind has `<`; only versions of one registry can be compared."""


@lru_cache(maxsize=16384)
def parse_version(purl_type: str, text: str) -> Version | None:
    """Read a version of the package-url type as its registry spells it; None if it is none.

    Remembered: an index repeats each version.
    """
    parse = _PARSERS.get(purl_type)
    return parse(text) if parse else None


def compare(purl_type: str, left: str, right: str) -> int:
    """Order two versions as advisories write them: -1, 0 or 1. Raises ValueError if one of them is none.

    Advisories leave the `v` of Go away, and may be short. Their `0`, which is before everything, is not known here:
    a pseudo-version such as `v0.0.0-2019...` comes before `v0.0.0`.

    Source: Open Source Vulnerability format, "affected[].ranges[].type".
    """
    return rank(_advised(purl_type, left), _advised(purl_type, right))


def _advised(purl_type: str, text: str) -> Version:
    if purl_type == "golang":
        version: Version | None = parse_short_golang("v" + text.removeprefix("v"))
    else:
        version = parse_version(purl_type, text)
    if version is None:
        raise ValueError(f"{text!r} is no version of {purl_type}")
    return version


def _parse_pypi(text: str) -> PypiVersion | None:
    try:
        return PypiVersion(text)
    except ValueError:  # InvalidVersion, or a number of thousands of digits
        return None


_PARSERS: dict[str, Callable[[str], Version | None]] = {
    "pypi": _parse_pypi,
    "npm": parse_npm,
    "maven": parse_maven,
    "golang": parse_golang,
}
