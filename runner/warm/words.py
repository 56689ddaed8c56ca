"""What a warming tells: while it goes on, at its end to people and to programs, and to the other side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from jhansi_runner.proxy.coordinate import MAVEN, Coordinate
from jhansi_runner.runner.console import Progress, counted, shown
from jhansi_runner.runner.warm.lists import line_of
from jhansi_runner.runner.warm.report import Report, Told
from jhansi_runner.runner.warm.wants import Exact
from jhansi_runner.runner.warm.warming import Done

_MOST = 50


class Warming(Progress):
    """What goes on, as `Progress` shows it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._done = 0

    def done(self) -> None:
        """A release is dealt with."""
        self._done += 1

    def _summary(self) -> str:
        took = f"{self._clock() - self._began:.0f} s, {counted(self._done, 'release')} done"
        last = f"; last {shown(self._last)}" if self._last else ""
        return f"{took}, {counted(self._files, 'file')} came, {size(self._bytes)}{last}"


def size(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def render(done: Done, *, dry: bool, offline: bool) -> str:
    """The report for people."""
    report = done.report
    lines = [f"note: {shown(note)}" for note in report.notes[:_MOST]]
    if len(report.notes) > _MOST:
        lines.append(f"note: {len(report.notes) - _MOST} more notes; --json has all")
    lines += _section("refused by the policy", report.refused)
    lines += _section("missing", report.missing)
    lines += _section("failed", report.failed)
    for trouble in done.trouble:
        parts = trouble.splitlines() or [""]
        lines += [f"not resolved: {shown(parts[0])}", *(f"  {shown(part)}" for part in parts[1:])]
    came = f"{counted(report.came, 'file')}, {size(report.came_bytes)}"
    there = f"{counted(report.there, 'file')}, {size(report.there_bytes)}"
    if dry:
        more = f", {report.unknown} of unknown size" if report.unknown else ""
        lines.append(f"would come: {came}{more}; in the cache already: {there}")
    elif offline:
        lines.append(f"in the cache: {there}")
    else:
        lines.append(f"came: {came}; were in the cache already: {there}")
    lines.append(_verdict(done, dry=dry))
    return "\n".join(lines)


def _verdict(done: Done, *, dry: bool) -> str:
    report = done.report
    if done.whole:
        return "nothing would be missing" if dry else "all that was asked for is in the cache"
    counts = [(len(report.refused), "refused"), (len(report.missing), "missing"), (len(report.failed), "failed")]
    counts.append((len(done.trouble), "not resolved"))
    return "not whole: " + ", ".join(f"{number} {word}" for number, word in counts if number)


def _section(title: str, told: Sequence[Told]) -> list[str]:
    lines = [f"{title}:"] if told else []
    for one in told[:_MOST]:
        code = f" [{one.code}]" if one.code and f"[{one.code}]" not in one.reason else ""
        what = f" {one.what}" if one.what else ""
        rule = f" ({one.rule})" if one.rule else ""
        lines.append(shown(f"  {one.purl}{what}, asked for in {one.where}: {one.reason}{code}{rule}"))
    if len(told) > _MOST:
        lines.append(f"  and {len(told) - _MOST} more; --json has all")
    return lines


def data(done: Done, targets: Sequence[str]) -> Mapping[str, object]:
    """The report for programs."""
    report = done.report
    return {
        "whole": done.whole,
        "targets": list(targets),
        "came": {"files": report.came, "bytes": report.came_bytes, "unknown_sizes": report.unknown},
        "there": {"files": report.there, "bytes": report.there_bytes},
        "refused": _told(report.refused),
        "missing": _told(report.missing),
        "failed": _told(report.failed),
        "not_resolved": list(done.trouble),
        "notes": list(report.notes),
        "kept_as": done.kept,
    }


def _told(told: Sequence[Told]) -> list[Mapping[str, str]]:
    fields = ("purl", "what", "where", "reason", "code", "rule")
    return [{name: value for name in fields if (value := str(getattr(one, name)))} for one in told]


def missing_list(report: Report) -> str:
    """A list that `cache warm` takes, of what did not come and was not refused."""
    lines: dict[str, str] = {}
    for one in (*report.missing, *report.failed):
        package = Coordinate.parse(one.purl)
        named = (one.what,) if package.type == MAVEN and one.what and not one.what.endswith(".pom") else ()
        want = Exact(package, "", filenames=named)
        lines.setdefault(line_of(want), line_of(want, f"{one.where}: {one.reason}"))
    return "".join(f"{line}\n" for line in lines.values())
