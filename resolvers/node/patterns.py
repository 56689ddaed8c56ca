"""Patterns of `imports` in package.json and of `paths` in tsconfig.json: what they make of a name.

Source: Node's "Modules: Packages" (subpath patterns); TypeScript's `paths`.
"""

from __future__ import annotations

from jhansi_runner.resolvers.node.text import Table, strings

MAX_TARGET = 1_000


class Patterns:
    """Patterns with at most one `*` each. The time for a name follows its length, however many they are."""

    def __init__(self, told: Table) -> None:
        self._told = told
        self._starred: dict[str, set[str]] = {}
        for pattern in told:
            before, star, after = pattern.partition("*")
            if star:
                self._starred.setdefault(before, set()).add(after)

    def targets(self, name: str) -> list[str]:
        """What a name stands for: by itself, or by the pattern that has most of its beginning, then of its end."""
        if name in self._told and "*" not in name:
            return self._of(name, "")
        for length in range(len(name), -1, -1):
            before = name[:length]
            ends = self._starred.get(before)
            if ends is None:
                continue
            for at in range(length, len(name) + 1):
                if name[at:] in ends:
                    return self._of(f"{before}*{name[at:]}", name[length:at])
        return []

    def _of(self, pattern: str, middle: str) -> list[str]:
        return [text.replace("*", middle) for text in strings(self._told[pattern]) if len(text) <= MAX_TARGET]
