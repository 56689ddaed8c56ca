"""Licence texts of registries as SPDX identifiers and how they are joined.

Source: SPDX specification 2.3, annex D "SPDX license expressions"; the identifiers are those that `packaging` knows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from jhansi_runner.proxy.policy.licence_names import BY_SPELLING
from jhansi_runner.proxy.policy.pattern import glob_matches

ALL, ANY = "AND", "OR"
UNKNOWN = "?"
"""Stands before a text that is no identifier; no identifier has such a character."""

_NESTING = 20
_TOKENS = re.compile(r"[()]|AND|OR|[^\s()]+(?: WITH [^\s()]+)?")
_PATTERN = re.compile(r"[A-Za-z0-9.+*-]+")
_GNU = re.compile(r"((?:A|L)?GPL-[0-9.]+|GFDL-[0-9.]+)(\+?)")
_OWN = "licenseref-"


@lru_cache(maxsize=4096)
def read_expression(text: str) -> tuple[str, ...]:
    """Read a declared licence as a chain of identifiers, `AND` and `OR`, each operator after its two operands.

    What is no identifier is a part that starts with `?`. Remembered: a registry repeats the same few texts.
    """
    plain = " ".join(text.rpartition("License :: ")[2].removeprefix("OSI Approved :: ").split())
    known = _identifier(plain)
    if known:
        return (known,)
    if plain.count("(") <= _NESTING and (canonical := _canonical(plain)):
        return _chain([_current(one) for one in _TOKENS.findall(canonical)])
    inner = plain[1:-1] if plain.startswith("(") and plain.endswith(")") else plain
    names = [name.strip() for name in re.split(r" (?:AND|OR) ", inner)]
    if len(names) == 1 or any(name.count("(") != name.count(")") for name in names):
        return (UNKNOWN + plain,)
    operators = re.findall(r" (AND|OR) ", inner)
    parts = [_identifier(name) or UNKNOWN + name for name in names]
    return _chain([part for pair in zip(parts, [*operators, ""], strict=True) for part in pair][:-1])


def parse_pattern(text: str) -> str:
    """Read a licence as a policy names it: `MIT`, `BSD-*`, `X WITH Y-exception`. Raises ValueError."""
    if "*" in text:
        if not _PATTERN.fullmatch(text):
            raise ValueError(f"{text!r}: a licence is an SPDX identifier, and the only wildcard is *")
        folded, identifiers = text.lower(), _identifiers()
        if identifiers and not folded.startswith(_OWN) and not any(glob_matches(folded, one) for one in identifiers):
            raise ValueError(f"{text!r} is like no SPDX identifier, so it would match nothing")
        return text
    canonical = _canonical(text)
    if canonical is None:
        close = [BY_SPELLING.get(text.lower(), ""), *get_close_matches(text.lower(), _identifiers(), n=1)]
        offer = next((f": did you mean {_canonical(one)!r}?" for one in close if one), ", such as MIT or BSD-*")
        raise ValueError(f"{text!r} is no SPDX identifier{offer}")
    parts = _TOKENS.findall(canonical)
    if len(parts) > 1:
        raise ValueError(f"{text!r} is an expression: name each licence by itself")
    return _current(parts[0])


def _identifier(text: str) -> str | None:
    """The identifier that a text without operators means, if it is known."""
    spelled = BY_SPELLING.get(text.lower())
    if spelled is not None:
        return spelled
    canonical = None if set(text) & set("()") else _canonical(text)
    if canonical is None or len(_TOKENS.findall(canonical)) > 1:
        return None
    return _current(canonical)


def _canonical(text: str) -> str | None:
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None


def _current(identifier: str) -> str:
    """GPL-2.0 and GPL-2.0+ are old names of GPL-2.0-only and GPL-2.0-or-later; likewise their kin."""
    name, with_, exception = identifier.partition(" WITH ")
    match = _GNU.fullmatch(name)
    return f"{match[1]}-{'or-later' if match[2] else 'only'}{with_}{exception}" if match else identifier


def _chain(parts: Sequence[str]) -> tuple[str, ...]:
    """Put each operator after its operands; AND binds before OR. The parts are in a right order already."""
    found: list[str] = []
    waiting: list[str] = []
    for part in parts:
        if part == "(":
            waiting.append(part)
        elif part == ")":
            while (operator := waiting.pop()) != "(":
                found.append(operator)
        elif part in (ALL, ANY):
            while waiting and (waiting[-1] == ALL or waiting[-1] == part):
                found.append(waiting.pop())
            waiting.append(part)
        else:
            found.append(part)
    return (*found, *reversed(waiting))


@lru_cache(maxsize=1)
def _identifiers() -> tuple[str, ...]:
    """All identifiers in lower case; none where this release of the library lists them elsewhere."""
    try:
        from packaging.licenses._spdx import LICENSES
    except ImportError:
        return ()
    return tuple(LICENSES)
