"""Whether a package's licence is one that a policy lets in."""

from __future__ import annotations

import re
from functools import lru_cache

from jhansi_runner.proxy.policy.model import Effect, Licences
from jhansi_runner.proxy.policy.pattern import glob_matches
from jhansi_runner.proxy.policy.spdx import ALL, ANY, UNKNOWN, read_expression

LONGEST = 1_000
"""Characters; what is longer is the text of a licence and not its name."""

_WORD = re.compile(r"[A-Za-z0-9.+-]+")
_SHOWN = 80


def not_allowed(licences: Licences, declared: str | None) -> str:
    """Say why a declared licence is not one that may enter; "" when it is. None and "" are unknown.

    Of `A OR B` one has to be allowed, of `A AND B` both. What is denied is not allowed, whatever `allow` says, also
    where it is named in a text that cannot be read.
    """
    if declared is None or not declared.strip():
        return _unknown(licences, "it declares no licence")
    if len(declared) > LONGEST:
        return _unknown(licences, "it declares a licence by its text, not by its name")
    return _not_allowed(licences, declared)


@lru_cache(maxsize=4096)
def _not_allowed(licences: Licences, declared: str) -> str:
    chain = read_expression(declared)
    whole = f", in {_shown(declared)}" if len(chain) > 1 else ""
    reasons: list[str] = []
    for part in chain:
        if part == ALL:
            right, left = reasons.pop(), reasons.pop()
            reasons.append(left or right)
        elif part == ANY:
            right, left = reasons.pop(), reasons.pop()
            reasons.append(left and right and left)
        else:
            reasons.append(_part(licences, part))
    (reason,) = reasons
    return reason + whole if reason else ""


def _part(licences: Licences, part: str) -> str:
    if part.startswith(UNKNOWN):
        text = part.removeprefix(UNKNOWN)
        words = [name for word in _WORD.findall(text) for name in (word, *read_expression(word))]
        denied = next((word for word in words if _matches(licences.deny, word)), None)
        if denied:
            return f"its licence {_shown(text)} names {denied}, which is denied"
        return _unknown(licences, f"its licence {_shown(text)} is no SPDX identifier")
    if _matches(licences.deny, part):
        return f"its licence {part} is denied"
    if _matches(licences.allow, part):
        return ""
    if licences.allow:
        return f"its licence {part} is none of those that are allowed"
    return _unknown(licences, f"its licence {part} is its own") if part.startswith("LicenseRef-") else ""


def _unknown(licences: Licences, what: str) -> str:
    return f"{what}, and unknown licences are denied" if licences.unknown is Effect.DENY else ""


def _matches(patterns: tuple[str, ...], identifier: str) -> bool:
    """`X+` and `X WITH an-exception` give more than X does, so a pattern for X names them as well."""
    full = identifier.lower()
    plain = full.partition(" with ")[0]
    names = {full, plain, plain.removesuffix("+")}
    return any(glob_matches(pattern.lower(), name) for pattern in patterns for name in names)


def _shown(text: str) -> str:
    """A text of the package's author, on one line, without what a terminal would obey."""
    line = "".join(character for character in text if character.isprintable())
    return repr(line if len(line) <= _SHOWN else f"{line[:_SHOWN]}...")
