"""What a policy file says about how much a sandbox may use, read from its nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.policy import fields
from jhansi_runner.proxy.policy.document import Kind, Node, Scalar
from jhansi_runner.proxy.policy.fields import Notes
from jhansi_runner.proxy.policy.quantities import parse_time
from jhansi_runner.proxy.policy.sizes import read_size

_SIZES, _COUNTS = ("memory", "disk", "output"), {"processes": (500, 1 << 22), "files": (100_000, 1 << 32)}
"""Of each count an example, and the most."""
KEYS = (*_SIZES, *_COUNTS, "cpus", "time", "required")
_LEAST = {"memory": 16 << 20, "disk": 1, "output": 1}
_LARGEST, _MOST_CPUS = 1 << 50, 1 << 22


@dataclass(frozen=True, slots=True)
class Bound:
    """The most of something that a sandbox may use: `value` in bytes, processes, CPUs, files or seconds, and where it
    stands.

    `text` is how it was written, `source` the file, `line` is 1-based.
    """

    value: float
    text: str
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file sets, by key. `required` is the line of a true `required`, 0 without."""

    by_key: Mapping[str, Bound]
    required: int = 0


def read_bounds(notes: Notes, node: Node) -> Bounds:
    """Read how much a sandbox may use."""
    keys = fields.mapping(notes, node, "limits", KEYS) or {}
    found = {}
    for name, (key, value) in keys.items():
        if name == "required":
            continue
        read = _number(notes, name, value) if name in _COUNTS or name == "cpus" else _quantity(notes, name, value)
        if read is not None and isinstance(value, Scalar):
            found[name] = Bound(read, value.text, notes.source, key.line)
    required = "required" in keys and fields.boolean(notes, keys["required"][1], "required")
    return Bounds(found, keys["required"][0].line if required else 0)


def narrowest(files: Sequence[Bounds]) -> dict[str, Bound]:
    """The smallest of each; of equal ones the first."""
    found: dict[str, Bound] = {}
    for one in files:
        for name, bound in one.by_key.items():
            if name not in found or bound.value < found[name].value:
                found[name] = bound
    return found


def _number(notes: Notes, name: str, node: Node) -> float | None:
    whole = name in _COUNTS
    example, most = _COUNTS.get(name, (1.5, _MOST_CPUS))
    value = -1.0
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        try:
            value = float(int(node.text)) if whole else float(node.text)
        except (ValueError, OverflowError):
            pass
    if not (1 if whole else 0.01) <= value <= most:
        notes.at(node, f"{name} must be a number above 0, such as {example}")
        return None
    return value


def _quantity(notes: Notes, name: str, node: Node) -> float | None:
    unit = "seconds" if name == "time" else "MiB"
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        notes.at(node, f"{name} needs a unit, such as {node.text} {unit}")
        return None
    parse: Callable[[str], int] = parse_time if name == "time" else _size(name)
    return fields.parsed(notes, node, f"limits {name}", parse)


def _size(name: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        size = read_size(text)
        if not _LEAST[name] <= size <= _LARGEST:
            raise ValueError(f"{text!r} is no {name} that a program could be held to")
        return size

    return parse
