"""The outcome of a run, read from the object that `exec --json` prints. What is not as it should be is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.policy.codes import NEXT_STEP
from jhansi_runner.runner.limits.model import NAMES, TIME
from jhansi_runner.runner.limits.model import shown as limit_text

_NEXT = " Next: "


@dataclass(frozen=True, slots=True)
class Package:
    """A package that a run had."""

    purl: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused to a run, and what to do about it. `rule` is a file with a line, "" where no rule refused."""

    verdict: str
    code: str
    what: str
    reason: str
    next: str
    rule: str
    phase: str
    count: int


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit of a run: how much, who set it, who held the program to it, and what came of it ("" for nothing)."""

    name: str
    text: str
    set_by: str
    held_by: str
    met: str


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An import that no package is known for, where it is, and why not."""

    name: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run. `seconds` are None where they are not known; `output` is both streams."""

    language: str = ""
    seconds: float | None = None
    install_seconds: float | None = None
    packages: tuple[Package, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    bounds: tuple[Bound, ...] = ()
    reason: str = ""
    unlisted: tuple[Unlisted, ...] = ()
    missing: tuple[str, ...] = ()
    planted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    output: str = ""


def read(found: Mapping[str, object]) -> Outcome:
    """The outcome of an object; an empty one of an empty object."""
    limits = _mapping(found.get("limits"))
    return Outcome(
        _text(found.get("language")),
        _seconds(found.get("duration_ms")),
        _seconds(found.get("install_ms")),
        tuple(_package(row) for row in rows(found.get("installed"))),
        tuple(refusal(row) for row in rows(found.get("denied"))),
        tuple(_bounds(limits, timed_out=found.get("timed_out") is True)),
        _text(limits.get("reason")),
        tuple(_unlisted(row) for row in rows(found.get("unlisted_imports"))),
        _texts(found.get("missing")),
        _texts(found.get("planted")),
        _texts(found.get("notes")) + tuple(filter(None, [_text(limits.get("note"))])),
        _text(found.get("output")),
    )


def refusal(row: Mapping[str, object]) -> Refusal:
    """A refusal of an outcome, or of the event that told it."""
    code, rule = _text(row.get("code")), _text(row.get("rule"))
    reason, _, step = _text(row.get("reason")).partition(_NEXT)
    if not step and code in NEXT_STEP:
        step = NEXT_STEP[code].format(source=rule.rpartition(":")[0] or rule or "the policy")
    count = row.get("count")
    return Refusal(
        _text(row.get("verdict")),
        code,
        _text(row.get("purl")) or _text(row.get("url")),
        reason,
        step,
        rule,
        _text(row.get("phase")),
        count if isinstance(count, int) else 1,
    )


def _bounds(limits: Mapping[str, object], *, timed_out: bool) -> Iterator[Bound]:
    ended_by, met = limits.get("ended_by"), _texts(limits.get("met"))
    for name in NAMES:
        one = _mapping(limits.get(name))
        value = one.get("limit")
        if isinstance(value, int | float):
            ended = name == ended_by or (timed_out and name == TIME)
            came = "ended the program" if ended else "refused it something" if name in met else ""
            yield Bound(name, limit_text(name, value), _text(one.get("set_by")), _text(one.get("held_by")), came)


def _package(row: Mapping[str, object]) -> Package:
    return Package(_text(row.get("purl")), _text(row.get("name")), _text(row.get("version")))


def _unlisted(row: Mapping[str, object]) -> Unlisted:
    place = f"{_text(row.get('file'))}:{row.get('line')}"
    return Unlisted(_text(row.get("import")), place, _text(row.get("reason")))


def _seconds(value: object) -> float | None:
    return value / 1000 if isinstance(value, int | float) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in _list(value) if isinstance(one, str))


def rows(value: object) -> Iterator[Mapping[str, object]]:
    """The objects of a list."""
    return (one for one in _list(value) if isinstance(one, Mapping))


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
