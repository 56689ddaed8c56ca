"""What the commands about the cache print, in words and as JSON, and how they read ages and sizes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence

from jhansi_runner.proxy.bundle.judging import Scope
from jhansi_runner.proxy.cache.checkup import DAMAGED, Report
from jhansi_runner.proxy.cache.choice import Sort
from jhansi_runner.proxy.cache.contents import Entry, Stats
from jhansi_runner.proxy.cache.pruning import Pruned, Wish
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.ledger import Entry as LedgerEntry
from jhansi_runner.proxy.policy.quantities import parse_duration, parse_size
from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.console import counted, shown

_SHORT = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"([0-9]{1,9})([mhdw])")
_LISTED = 20
Uses = Mapping[str, Mapping[str, int]]


def parse_age(text: str) -> float:
    """Read an age such as `30d` or `2 weeks` as seconds. Raises ValueError."""
    short = _AGE.fullmatch(text)
    try:
        return float(parse_duration(f"{short[1]} {_SHORT[short[2]]}" if short else text))
    except ValueError:
        raise ValueError(f"{text!r} is no age: write a number and m, h, d or w, such as 30d") from None


def parse_room(text: str) -> int:
    """Read a size such as `10GiB` or `0` as bytes. Raises ValueError."""
    if text == "0":
        return 0
    try:
        return parse_size(text)
    except ValueError:
        raise ValueError(f"{text!r} is no size: write a number and MiB, GiB, MB or GB, such as 10GiB") from None


def is_meant(entry: Entry, pattern: str, type_: str) -> bool:
    """Whether a pattern means an artifact: by its package-url, with or without version, its name, or its file's."""
    coordinate = Coordinate.parse(entry.artifact.purl)
    return Scope((type_,) if type_ else (), (pattern,)).means(coordinate, coordinate.type, entry.artifact.filename)


def entry_data(entry: Entry, pins: frozenset[str]) -> Mapping[str, object]:
    """An artifact as JSON."""
    artifact = entry.artifact
    return {
        "purl": artifact.purl,
        "filename": artifact.filename,
        "sha256": artifact.sha256,
        "bytes": entry.held.size,
        "stored": _iso(artifact.stored),
        "used": _iso(entry.held.used),
        "pinned": artifact.sha256 in pins,
    }


def render_entries(found: Sequence[Entry], pins: frozenset[str]) -> str:
    """Artifacts in lines, and how many there are."""
    rows = [
        (
            entry.artifact.purl,
            shown(entry.artifact.filename),
            size_text(entry.held.size),
            f"used {time.strftime('%Y-%m-%d', time.localtime(entry.held.used))}",
            "pinned" if entry.artifact.sha256 in pins else "",
        )
        for entry in found
    ]
    size = sum({entry.held.sha256: entry.held.size for entry in found}.values())
    return "\n".join([*_table(rows), f"{counted(len(found), 'artifact')}, {size_text(size)}"])


def uses(entries: Iterable[LedgerEntry]) -> Uses:
    """How often what came from where, by registry."""
    found: dict[str, dict[str, int]] = {}
    for entry in entries:
        if entry.plane == "mirror" and entry.cache and entry.purl.startswith("pkg:"):
            own = found.setdefault(entry.purl[4:].partition("/")[0], {})
            own[entry.cache] = own.get(entry.cache, 0) + 1
    return found


def stats_data(stats: Stats, uses: Uses) -> Mapping[str, object]:
    """The numbers as JSON."""
    registries = {
        type_: {
            "packages": part.packages,
            "artifacts": part.artifacts,
            "bytes": part.size,
            "documents": part.documents,
            "documents_bytes": part.documents_size,
        }
        for type_, part in stats.parts.items()
    }
    return {
        "registries": registries,
        "incoming": {"files": stats.incoming, "bytes": stats.incoming_size},
        "quarantined": {"files": stats.quarantined, "bytes": stats.quarantined_size},
        "bytes": stats.size,
        "last_7_days": {type_: dict(own) for type_, own in sorted(uses.items())},
    }


def render_stats(stats: Stats, uses: Uses) -> str:
    """The numbers in lines."""
    rows: list[tuple[str, ...]] = [("", "packages", "artifacts", "size", "documents", "size", "hits", "misses")]
    for type_ in sorted({*stats.parts, *uses}):
        part, own = stats.parts.get(type_), uses.get(type_, {})
        held: tuple[str, ...] = ("0", "0", "0 bytes", "0", "0 bytes")
        if part is not None:
            papers = str(part.documents), size_text(part.documents_size)
            held = (str(part.packages), str(part.artifacts), size_text(part.size), *papers)
        rows.append((type_, *held, str(own.get("hit", 0)), str(own.get("miss", 0))))
    lines = _table(rows) if len(rows) > 1 else []
    lines.append(f"{size_text(stats.size)} in all; hits and misses are those of the last 7 days")
    if stats.incoming:
        lines.append(f"on the way: {counted(stats.incoming, 'file')}, {size_text(stats.incoming_size)}")
    if stats.quarantined:
        lines.append(f"quarantined: {counted(stats.quarantined, 'file')}, {size_text(stats.quarantined_size)}")
    return "\n".join(lines)


def report_data(report: Report) -> Mapping[str, object]:
    """What was found, as JSON."""
    rows = [
        {"problem": one.problem, "purl": one.purl, "filename": one.filename, "sha256": one.sha256, "moved": one.place}
        for one in report.faults
    ]
    return {"artifacts": report.artifacts, "bytes": report.size, "damaged": rows}


def render_report(report: Report, *, keep: bool) -> str:
    """What was found, in lines."""
    lines = []
    for one in report.faults:
        what = f"{one.purl} ({shown(one.filename)})" if one.purl else f"a file that nothing names, {one.sha256}"
        where = f", moved to {one.place}" if one.place else ""
        lines.append(f"{one.problem}: {what}{where}")
    looked = f"{counted(report.artifacts, 'artifact')}, {size_text(report.size)}"
    if not report.faults:
        return f"{looked}: each is what it was when it was fetched"
    damaged = sum(one.problem == DAMAGED for one in report.faults)
    lines.append(f"{looked}: {damaged} damaged, {len(report.faults) - damaged} missing")
    lines.append("left as they are" if keep else "each is fetched again when somebody asks for it")
    return "\n".join(lines)


def pruned_data(done: Pruned, *, dry_run: bool) -> Mapping[str, object]:
    """What went, as JSON."""
    rows = [
        {"kind": one.thing.sort.value, "name": one.thing.name, "purl": one.purl, "bytes": one.thing.size}
        for one in done.removed
    ]
    size = sum(one.thing.size for one in done.removed)
    return {"dry_run": dry_run, "removed": rows, "bytes": size, "left": done.stays, "pinned": done.pinned}


def render_pruned(done: Pruned, wish: Wish, *, dry_run: bool) -> str:
    """What went, in lines."""
    lines = [
        f"{one.purl or one.thing.sort.value + ' ' + shown(one.thing.name)}  {size_text(one.thing.size)}"
        for one in done.removed[:_LISTED]
    ]
    if len(done.removed) > _LISTED:
        lines.append(f"and {len(done.removed) - _LISTED} more; --json shows all")
    artifacts = sum(one.thing.sort is Sort.ARTIFACT for one in done.removed)
    documents = sum(one.thing.sort is Sort.DOCUMENT for one in done.removed)
    size = size_text(sum(one.thing.size for one in done.removed))
    verb = "would be removed" if dry_run else "removed"
    lines.append(f"{verb}: {counted(artifacts, 'artifact')}, {counted(documents, 'document')}, {size}")
    lines.append(f"left: {size_text(done.stays)}, {size_text(done.pinned)} of it pinned")
    if wish.size is not None and done.stays > wish.size:
        lines.append(f"that is more than {size_text(wish.size)}: what is installed, or used just now, stays")
    return "\n".join(lines)


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
