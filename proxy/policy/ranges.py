"""Version ranges: which versions a rule speaks about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from jhansi_runner.proxy.coordinate import PYPI


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a range; `bound` is None where the version is a prefix, as in `==1.*`."""

    specifier: Specifier
    bound: Version | None

    @property
    def operator(self) -> str:
        """The operator alone, such as `<`."""
        return self.specifier.operator


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions of one package; `text` is the range as people read it, such as `>=1.0,<2`.

    Pre-releases are versions like any other here. Source: PEP 440, "Version specifiers".
    """

    text: str
    comparisons: tuple[Comparison, ...]

    def contains(self, version: Version) -> bool:
        """Tell whether PEP 440 puts the version into the range: how an allow rule reads it."""
        return all(one.specifier.contains(version, prereleases=True) for one in self.comparisons)

    def touches(self, version: Version) -> bool:
        """Tell whether PEP 440 or the plain order of versions puts it there: how a deny rule reads it.

        PEP 440 keeps 2.0rc1 out of `<2.0` and 1.0.post1 out of `>1.0`. A rule that denies everything before a
        fixed version means its release candidates too. Source: docs/adr/0003-policy.md.
        """
        return all(_touches(one, version) for one in self.comparisons)


def parse_range(purl_type: str, text: str) -> VersionRange:
    """Read a range in the notation of the package-url type. Raises ValueError with what is wrong."""
    if purl_type != PYPI:
        raise ValueError(f"version ranges for {purl_type} arrive with that registry")
    if text.strip() == "*":
        raise ValueError("leave `versions` out to speak about every version")
    try:
        specifiers = tuple(sorted(SpecifierSet(text), key=str))
    except InvalidSpecifier:
        raise ValueError(f'{text!r} is no version range: write comparisons such as ">=1.0,<2" (PEP 440)') from None
    if not specifiers:
        raise ValueError('the range is empty: write comparisons such as ">=1.0,<2"')
    if any(one.operator == "===" for one in specifiers):
        raise ValueError("`===` compares text, not versions: use `==`")
    comparisons = tuple(Comparison(one, parse_version(one.version)) for one in specifiers)
    _refuse_contradiction(comparisons)
    return VersionRange(",".join(part.strip() for part in text.split(",") if part.strip()), comparisons)


def exact(purl_type: str, version: str) -> VersionRange:
    """Return the range of one version, as `pkg:TYPE/NAME@VERSION` means it. Raises ValueError."""
    if "*" in version:
        raise ValueError(f'a version after @ is exact: write `versions: "=={version}"` for a range')
    if purl_type == PYPI and parse_version(version) is None:
        raise ValueError(f"{version!r} is no version (PEP 440)")
    return parse_range(purl_type, f"=={version}")


@lru_cache(maxsize=16384)
def parse_version(text: str) -> Version | None:
    """Read a version of PyPI; None if it is none. Remembered: an index repeats each version."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _touches(one: Comparison, version: Version) -> bool:
    # The plain order takes in all that PEP 440 takes in for these two.
    if one.operator == "<" and one.bound:
        return version < one.bound
    if one.operator == ">" and one.bound:
        return version > one.bound
    return one.specifier.contains(version, prereleases=True)


def _refuse_contradiction(comparisons: tuple[Comparison, ...]) -> None:
    """A deny rule for `>2,<1` would deny nothing, and nobody would notice."""
    lower = [(one.bound, one.operator == ">") for one in comparisons if one.bound and one.operator in (">", ">=")]
    upper = [(one.bound, one.operator == "<=") for one in comparisons if one.bound and one.operator in ("<", "<=")]
    if not lower or not upper:
        return
    (low, above), (high, up_to) = max(lower), min(upper)
    if low > high or (low == high and (above or not up_to)):
        raise ValueError("no version is in this range, since all its comparisons must hold at once")
