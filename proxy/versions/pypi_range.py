"""Ranges of PyPI, such as `>=1.0,<2`. Pre-releases are versions like any other here.

Source: PEP 440, "Version specifiers"; docs/adr/0003-policy.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from jhansi_runner.proxy.versions.comparisons import Comparison, refuse_contradiction


@dataclass(frozen=True, slots=True)
class PypiRange:
    """A range by its specifiers, all of which must hold; `plain` are those that a deny rule reads by the order."""

    text: str
    specifiers: tuple[Specifier, ...]
    plain: tuple[Comparison | None, ...]

    def contains(self, version: Version) -> bool:
        """As `VersionRange.contains`."""
        return all(one.contains(version, prereleases=True) for one in self.specifiers)

    def touches(self, version: Version) -> bool:
        """As `VersionRange.touches`: the plain order puts 2.0rc1 into `<2.0`, and 1.0.post1 into `>1.0`."""
        for one, plain in zip(self.specifiers, self.plain, strict=True):
            if not (plain.holds(version) if plain else one.contains(version, prereleases=True)):
                return False
        return True


def parse_pypi_range(text: str) -> PypiRange:
    """Read a range. Raises ValueError with what is wrong."""
    try:
        specifiers = tuple(sorted(SpecifierSet(text), key=str))
    except InvalidSpecifier:
        raise ValueError(f'{text!r} is no version range: write comparisons such as ">=1.0,<2" (PEP 440)') from None
    if not specifiers:
        raise ValueError('the range is empty: write comparisons such as ">=1.0,<2"')
    if any(one.operator == "===" for one in specifiers):
        raise ValueError("`===` compares text, not versions: use `==`")
    for one in specifiers:
        Version(one.version.removesuffix(".*"))  # a number of thousands of digits is found out here, and not later
    bounds = [Comparison(one.operator, Version(one.version)) for one in specifiers if one.operator[0] in "<>"]
    refuse_contradiction(bounds)
    # The plain order takes in all that PEP 440 takes in for these two.
    plain = tuple(
        Comparison(one.operator, Version(one.version)) if one.operator in "<>" else None for one in specifiers
    )
    return PypiRange(",".join(part.strip() for part in text.split(",") if part.strip()), specifiers, plain)


def exact_pypi(version: str) -> PypiRange:
    """Read the version of a pattern. Raises ValueError."""
    try:
        Version(version)
    except InvalidVersion:
        raise ValueError(f"{version!r} is no version (PEP 440)") from None
    return parse_pypi_range(f"=={version}")
