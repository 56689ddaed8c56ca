"""Policies from text, as tests need them."""

from __future__ import annotations

from datetime import datetime

from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import FLOOR, Source

HEAD = (
    "version: 1\nregistries: {pypi: {enabled: true}, npm: {enabled: true}, golang: {enabled: true}}\ndefault: allow\n"
)
"""Three lines that allow everything; what a test adds begins on line 4."""


def instant(text: str) -> float:
    """Seconds since the epoch of such as `2026-11-20T10:00Z`."""
    return datetime.fromisoformat(text).timestamp()


def main_and_floor(main: str, floor: str | None = None) -> PolicySet:
    """The policies that the texts give when they stand below HEAD: one file, or two with a floor."""
    sources = [] if floor is None else [Source("floor.yaml", (HEAD + floor).encode(), FLOOR)]
    return load([*sources, Source("policy.yaml", (HEAD + main).encode())])
