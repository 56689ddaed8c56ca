"""Version ranges of rules, in the notation of the package-url type."""

from __future__ import annotations

from collections.abc import Callable

from jhansi_runner.proxy.versions.golang_range import exact_golang, parse_golang_range
from jhansi_runner.proxy.versions.interface import VersionRange
from jhansi_runner.proxy.versions.maven_range import exact_maven, parse_maven_range
from jhansi_runner.proxy.versions.npm_range import exact_npm, parse_npm_range
from jhansi_runner.proxy.versions.order import parse_version
from jhansi_runner.proxy.versions.pypi_range import exact_pypi, parse_pypi_range

__all__ = ["VersionRange", "exact", "parse_range", "parse_version"]

_Notation = tuple[Callable[[str], VersionRange], Callable[[str], VersionRange], str]

_NOTATIONS: dict[str, _Notation] = {
    "pypi": (parse_pypi_range, exact_pypi, "==1.*"),
    "npm": (parse_npm_range, exact_npm, "1.x"),
    "maven": (parse_maven_range, exact_maven, "[1.0,2.0)"),
    "golang": (parse_golang_range, exact_golang, ">=v1.2.0, <v2"),
}
"""By package-url type: how a range is read, how one version, and an example of a range."""


def parse_range(purl_type: str, text: str) -> VersionRange:
    """Read a range in the notation of the package-url type. Raises ValueError with what is wrong."""
    if text.strip() == "*":
        raise ValueError("leave `versions` out to speak about every version")
    return _notation(purl_type)[0](text)


def exact(purl_type: str, version: str) -> VersionRange:
    """Return the range of one version, as `pkg:TYPE/NAME@VERSION` means it. Raises ValueError."""
    _, read, example = _notation(purl_type)
    if "*" in version:
        raise ValueError(f'a version after @ is exact: write `versions: "{example}"` for a range')
    return read(version)


def _notation(purl_type: str) -> _Notation:
    try:
        return _NOTATIONS[purl_type]
    except KeyError:
        raise ValueError(f"there is no notation for versions of {purl_type!r}") from None
