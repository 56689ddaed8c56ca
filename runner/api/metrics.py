"""Families of numbers, in the text that Prometheus and OpenMetrics read. Pure.

Source: Prometheus, "Exposition formats", text format 0.0.4; OpenMetrics 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
GAUGE, COUNTER, HISTOGRAM = "gauge", "counter", "histogram"
_PREFIX = "jhansi_runner_"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number of a family. `suffix` is behind the family's name, `label` a name and its value, or nothing."""

    value: float
    label: tuple[str, str] | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one kind. `name` is without our prefix; that of a counter ends with `_total`."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


def histogram(name: str, help_: str, bounds: Sequence[float], counts: Sequence[int], total: float) -> Family:
    """A family of how many were at most so much. `counts` has one number for each bound, and one for those beyond."""
    samples, so_far = [], 0
    for bound, count in zip((*bounds, math.inf), counts, strict=True):
        so_far += count
        samples.append(Sample(so_far, ("le", _number(bound)), "_bucket"))
    return Family(name, HISTOGRAM, help_, (*samples, Sample(total, suffix="_sum"), Sample(so_far, suffix="_count")))


def exposition(families: Sequence[Family], *, openmetrics: bool = False) -> str:
    """The text."""
    lines = [line for family in families if family.samples for line in _lines(family, openmetrics=openmetrics)]
    if openmetrics:
        lines.append("# EOF")
    return "".join(line + "\n" for line in lines)


def _lines(family: Family, *, openmetrics: bool) -> Iterator[str]:
    name = _PREFIX + family.name
    told = name.removesuffix("_total") if openmetrics and family.kind == COUNTER else name
    yield f"# HELP {told} {_escaped(family.help)}"
    yield f"# TYPE {told} {family.kind}"
    for sample in family.samples:
        label = f'{{{sample.label[0]}="{_escaped(sample.label[1], label=True)}"}}' if sample.label else ""
        yield f"{name}{sample.suffix}{label} {_number(sample.value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf"
    return repr(int(value)) if value == int(value) else repr(value)


def _escaped(text: str, *, label: bool = False) -> str:
    text = text.encode("utf-8", "backslashreplace").decode().replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if label else text
