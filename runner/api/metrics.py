"""Counts, as Prometheus reads them. Pure.

Source: Prometheus, "Exposition formats", text format 0.0.4; OpenMetrics 1.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_PREFIX = "jhansi_runner_"
_NO_NAME = re.compile(r"[^a-zA-Z0-9_]")


def exposition(found: Mapping[str, object], *, openmetrics: bool = False) -> str:
    """One family for each name; what is a mapping of numbers has a value for each key, as the label `of`."""
    lines: list[str] = []
    for name, value in found.items():
        samples = list(_samples(value))
        if not samples:
            continue
        family = _PREFIX + _NO_NAME.sub("_", name)
        lines.append(f"# HELP {family} {_escaped(name.replace('_', ' '))}")
        lines.append(f"# TYPE {family} gauge")
        lines += [f"{family}{label} {number}" for label, number in samples]
    if openmetrics:
        lines.append("# EOF")
    return "".join(line + "\n" for line in lines)


def _samples(value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            number = _number(each)
            if number:
                yield f'{{of="{_escaped(str(key), label=True)}"}}', number
    else:
        number = _number(value)
        if number:
            yield "", number


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return ""
    return repr(value)


def _escaped(text: str, *, label: bool = False) -> str:
    text = text.encode("utf-8", "backslashreplace").decode().replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if label else text
