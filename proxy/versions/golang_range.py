"""Ranges of Go versions, such as `>=v1.2.0, <v2`.

Go writes no ranges but the intervals of `retract`, which follow the plain order; so do these, for allow and deny rules.

Source: Go modules reference, "Versions" and "retract directive"; docs/adr/0003-policy.md.
"""

from __future__ import annotations

from jhansi_runner.proxy.versions.comparisons import (
    Comparison,
    OneVersion,
    PlainRange,
    refuse_contradiction,
    split_comparisons,
)
from jhansi_runner.proxy.versions.semver import SemVer, parse_golang, parse_short_golang

_EXAMPLE = ">=v1.2.0, <v2"


def parse_golang_range(text: str) -> PlainRange:
    """Read a range. Raises ValueError with what is wrong."""
    if text.lstrip().startswith(("^", "~", "[", "(")):
        raise ValueError(f'{text!r}: write comparisons, such as "{_EXAMPLE}"')
    parts = split_comparisons(text, _EXAMPLE)
    together = tuple(Comparison(operator, _bound(operator, version)) for operator, version in parts)
    refuse_contradiction(together)
    return PlainRange(", ".join(operator + version for operator, version in parts), (together,))


def exact_golang(version: str) -> OneVersion:
    """Read the version of a pattern. Raises ValueError."""
    parsed = parse_golang(version)
    if parsed is None:
        raise ValueError(f"{version!r} is no version of a Go module: write such as v1.2.3")
    return OneVersion(f"=={version}", parsed)


def _bound(operator: str, text: str) -> SemVer:
    found = parse_short_golang(text)
    if found is None:
        v = "v" + text
        hint = f", since versions of Go begin with v: write {v}" if parse_short_golang(v) else ": write such as v1.2.3"
        raise ValueError(f"{text!r} is no version of a Go module{hint}")
    if operator not in (">=", "<") and not parse_golang(text):
        # `<=v1` may be meant as `<v2`, and a deny rule would let v1.9 pass.
        raise ValueError(f"{operator}{text} can be read in two ways: write all three numbers, or use >= and <")
    return found
