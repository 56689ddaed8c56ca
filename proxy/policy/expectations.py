"""Expectations of a policy, kept in a file by those who own it: what it must let in, and what it must refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes, fields
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.decision import Decision
from jhansi_runner.proxy.policy.document import Kind, Node, Scalar, read_document
from jhansi_runner.proxy.policy.document import Sequence as Items
from jhansi_runner.proxy.policy.fields import Entry, Notes
from jhansi_runner.proxy.policy.model import Exemption
from jhansi_runner.proxy.policy.problems import PolicyError, Problem
from jhansi_runner.proxy.policy.quantities import parse_duration, parse_instant, parse_size
from jhansi_runner.proxy.policy.release import SCRIPT, SDIST, Release

_KEYS = ("purl", "expect", "code", "published", "seen", "licence", "size", "runs", "now")
_UNKNOWN = "unknown"
_AGO = " ago"
T = TypeVar("T")

Moment = Callable[[float], float]
"""An instant, given the present; both in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: the release as far as it is told, and what is to be decided of it.

    What is not told of the release is not judged: `skipped`. `code` is "" where any will do. `line` and `column` are
    1-based. `now`, `published` and `seen` are None where the file says nothing of them.
    """

    release: Release
    allowed: bool
    code: str
    line: int
    column: int
    now: float | None = None
    published: Moment | None = None
    seen: Moment | None = None
    skipped: frozenset[Exemption] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided of one expectation."""

    expectation: Expectation
    decision: Decision

    @property
    def is_met(self) -> bool:
        """Whether the policy decides as it is expected."""
        one = self.expectation
        return self.decision.allowed is one.allowed and one.code in ("", self.decision.code)

    def problem(self, source: str) -> Problem:
        """Say what was decided in place of what is expected."""
        one = self.expectation
        wanted = ("allow" if one.allowed else "deny") + (f" with {one.code}" if one.code else "")
        message = f"expected {wanted}, but {self.decision.sentence(one.release.coordinate)}"
        return Problem(source, one.line, one.column, message)


def read_expectations(source: str, data: bytes) -> tuple[Expectation, ...]:
    """Read a file of expectations. Raises PolicyError with all its mistakes."""
    notes = Notes(source)
    root = read_document(data, notes.complain)
    found: list[Expectation | None] = []
    if root is not None:
        if not isinstance(root, Items) or not root.items:
            notes.at(root, "this file must be a list of expectations, such as `- {purl: pkg:pypi/x, expect: allow}`")
        else:
            found = [_expectation(notes, node) for node in root.items]
    elif not notes.problems:
        notes.complain(1, 1, "the file is empty, so it would expect nothing")
    if notes.problems:
        raise PolicyError(sorted(notes.problems, key=lambda problem: (problem.line, problem.column)))
    return tuple(one for one in found if one)


def check(policies: PolicySet, expectations: Sequence[Expectation], now: float) -> tuple[Outcome, ...]:
    """Decide each of them. `now` is the present, in seconds since the epoch, for those that name no other."""
    return tuple(_check(policies, one, now) for one in expectations)


def _check(policies: PolicySet, one: Expectation, now: float) -> Outcome:
    moment = now if one.now is None else one.now
    published = one.published(moment) if one.published else None
    seen = one.seen(moment) if one.seen else None
    release = replace(one.release, published=published, seen=seen)
    return Outcome(one, policies.judge(release, moment, one.skipped))


def _expectation(notes: Notes, node: Node) -> Expectation | None:
    keys = fields.mapping(notes, node, "an expectation", _KEYS, ("purl", "expect"))
    if keys is None or "purl" not in keys or "expect" not in keys:
        return None
    coordinate = fields.parsed(notes, keys["purl"][1], "purl", _parse_purl)
    expect = fields.choice(notes, keys["expect"][1], "expect", ("allow", "deny"))
    code = _code(notes, keys, expect)
    now = fields.parsed(notes, keys["now"][1], "now", parse_instant) if "now" in keys else None
    published, seen = (_moment(notes, keys[name]) if name in keys else None for name in ("published", "seen"))
    licence = fields.text(notes, keys["licence"][1], "licence") if "licence" in keys else None
    size = _with_unit(notes, keys["size"], parse_size, "MiB") if "size" in keys else None
    runs = fields.choice(notes, keys["runs"][1], "runs", (SDIST, SCRIPT)) if "runs" in keys else ""
    if coordinate is None:
        return None
    skipped: set[Exemption] = set()
    if "published" not in keys and "seen" not in keys:
        skipped.add("age")
    if "licence" not in keys:
        skipped.add("licence")
    return Expectation(
        Release(coordinate, licence=None if licence == _UNKNOWN else licence, size=size, runs=runs or ""),
        expect == "allow",
        code,
        node.line,
        node.column,
        now,
        published,
        seen,
        frozenset(skipped),
    )


def _code(notes: Notes, keys: dict[str, Entry], expect: str | None) -> str:
    if "code" not in keys or expect is None:
        return ""
    known = [value for name, value in vars(codes).items() if name.startswith(f"{expect.upper()}_")]
    return fields.choice(notes, keys["code"][1], f"code of {expect}", known) or ""


def _moment(notes: Notes, entry: Entry) -> Moment | None:
    return _with_unit(notes, entry, _parse_moment, f"days{_AGO}")


def _with_unit(notes: Notes, entry: Entry, parse: Callable[[str], T], unit: str) -> T | None:
    """Read a number with its unit, and complain of a number without one."""
    key, node = entry
    if isinstance(node, Scalar) and node.kind is Kind.NUMBER:
        notes.at(node, f"{key.text} needs a unit, such as {node.text} {unit}")
        return None
    return fields.parsed(notes, node, key.text, parse)


def _parse_moment(text: str) -> Moment | None:
    if text == _UNKNOWN:
        return None
    if text.endswith(_AGO):
        seconds = parse_duration(text.removesuffix(_AGO))
        return lambda now: now - seconds
    try:
        instant = parse_instant(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant: write `2 days ago`, `unknown` or 2026-11-20T10:00Z") from None
    return lambda _: instant


def _parse_purl(text: str) -> Coordinate:
    try:
        return Coordinate.parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no package-url: {error}") from None
