"""What was measured, as lines of a table: medians, the spread, and the comparison pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Comparison = Literal["times", "minus", "none"]
HEAD = ("line", "ours", "beside it", "compared", "aim")
_WIDTHS = (64, 24, 24, 24, 8)


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `ours` and `beside` were measured in turn, so that they are compared pair by pair.

    `compared` tells how: `times` is ours / beside, `minus` is ours - beside, in `unit`. `aim` is what we promise, for
    people to read: nothing here passes or fails.
    """

    name: str
    unit: str
    ours: Sequence[float]
    beside: Sequence[float] = ()
    compared: Comparison = "times"
    aim: str = ""


def heading() -> str:
    """The heading of the table."""
    return _row(HEAD)


def render(line: Line) -> str:
    """A line of the table."""
    beside = _spread(line.beside, line.unit) if line.beside else ""
    return _row((line.name, _spread(line.ours, line.unit), beside, _comparison(line), line.aim))


def _comparison(line: Line) -> str:
    pairs = list(zip(line.ours, line.beside, strict=False))
    if line.compared == "none" or not pairs:
        return ""
    if line.compared == "minus":
        return _spread([ours - beside for ours, beside in pairs], line.unit, sign="+")
    return _spread([ours / beside for ours, beside in pairs], "x")


def _spread(values: Sequence[float], unit: str, sign: str = "") -> str:
    low, middle, high = min(values), median(values), max(values)
    if len(values) == 1:
        return f"{_number(middle, sign)} {unit}"
    return f"{_number(middle, sign)} {unit} ({_number(low)}-{_number(high)})"


def _number(value: float, sign: str = "") -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:{sign}.{digits}f}"


def _row(cells: Sequence[str]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
