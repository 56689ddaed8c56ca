"""What `cache review` prints of a bundle: lines for a terminal, an object, one page of HTML."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Mapping, Sequence

from jhansi_runner.proxy.bundle.review import Brought, News, Review
from jhansi_runner.proxy.policy.release import SDIST
from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.proxy.tables import STYLE, WHY, Row, Word, size, table, when
from jhansi_runner.runner.console import counted, shown

_DAY = 86400.0
_NEW = (News.CONFLICT, News.PACKAGE, News.VERSION, News.FILE)
_POLICY = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">"
_WIDEST = 48
"""Characters of a licence on a terminal: some write its whole text where its name belongs."""
_SHORT = ("what", "package", "files", "size", "age", "licence", "runs code", "advisories", "verdict")
_UNREAD, _NO_LICENCE = "not looked up", "none declared"
_UNASKED = "the policy names no advisories"
_HEADS = ("what", "package", "file", "size", "published", "age", "licence", "runs code", "advisories", "verdict", WHY)


def render_review(review: Review) -> str:
    """The review in lines: what is refused and warned of, then all that is new."""
    lines = [*_facts(review), ""]
    lines += [shown(f"refused here: {one.refused.reason}") for one in review.brought if one.refused is not None]
    lines += [
        shown(f"advised against: {one.coordinate.purl} ({one.filename}): {', '.join(_advisories(one))}")
        for one in review.warned
    ]
    lines += [""] if lines[-1] else []
    releases: dict[str, list[Brought]] = {}
    for one in _ordered(one for one in review.brought if one.news is not News.KNOWN):
        releases.setdefault(one.coordinate.purl, []).append(one)
    rows = [_SHORT, *map(_release, releases.values())]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_SHORT))]
    if releases:
        lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, _sums(review)])


def _release(files: Sequence[Brought]) -> tuple[str, ...]:
    """The files of one release in a row, the worst of them first."""
    first = files[0]
    cells = (
        first.news.value if any(one.here for one in files) else f"{first.news.value}, in an earlier bundle",
        first.coordinate.purl,
        str(len(files)),
        size(sum(one.size for one in files)),
        _age(first),
        _licence(files),
        next((_runs(one) for one in files if one.runs), ""),
        ", ".join(dict.fromkeys(name for one in files for name in _advisories(one))),
        _verdict(first)[0],
    )
    return tuple(map(shown, cells))


def _licence(files: Sequence[Brought]) -> str:
    found = next((one.licence for one in files if one.licence), _NO_LICENCE if files[0].licence == "" else _UNREAD)
    return found if len(found) <= _WIDEST else f"{found[: _WIDEST - 3]}..."


def review_data(review: Review) -> Mapping[str, object]:
    """The review as JSON; every artifact is there."""
    header = review.header
    return {
        "bundle": review.name,
        "base": header.base,
        "by": header.by,
        "created": _iso(header.created),
        "release": header.release,
        "policy": header.policy,
        "signer": review.signer,
        "origins": {one.prefix: one.index for one in header.origins},
        "wants": list(header.wants),
        "documents": review.documents,
        "advisories": "asked" if review.advised else _UNASKED,
        "counts": {news.value: review.counted(news) for news in News},
        "artifacts": [_artifact_data(one) for one in _ordered(review.brought)],
    }


def render_page(review: Review) -> bytes:
    """The review as one page that asks nobody for anything."""
    new = [one for one in review.brought if one.news is not News.KNOWN]
    known = [one for one in review.brought if one.news is News.KNOWN]
    parts = [
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8>{_POLICY}<title>What a bundle would bring</title>",
        f"<style>{STYLE}</style><meta name=viewport content='width=device-width'><h1>What a bundle would bring</h1>",
        "<p>" + "<br>".join(html.escape(line) for line in [*_facts(review), _sums(review)]) + "</p>",
        "<h2>Refused by this side's policy</h2>",
        table(_HEADS, map(_row, _ordered(review.refused)), "nothing"),
        "<h2>With advisories</h2>",
        table(_HEADS, map(_row, _ordered(review.warned)), "none" if review.advised else _UNASKED),
        "<h2>New</h2>",
        table(_HEADS, map(_row, _ordered(new)), "nothing"),
        "<h2>Known</h2>",
        table(_HEADS, map(_row, _ordered(known)), "nothing"),
        "<h2>What was warmed on the other side</h2>",
        table(("what",), [(shown(want),) for want in review.header.wants], "it does not say"),
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _facts(review: Review) -> list[str]:
    header = review.header
    made = f"made {when(header.created)} UTC by {header.by} with release {header.release}"
    lines = [f"bundle {review.name}", shown(made), f"signed by key {review.signer}"]
    lines += [f"adds to bundle {header.base}"] if header.base else []
    lines.append(f"policy of the other side: {header.policy}")
    return [*lines, *(shown(f"{one.prefix} is from {one.index}") for one in header.origins)]


def _sums(review: Review) -> str:
    counts = [f"{review.counted(news)} {news.value}" for news in _NEW if review.counted(news)]
    known = f"{review.counted(News.KNOWN)} known"
    total = size_text(sum(one.size for one in review.brought if one.news is not News.KNOWN))
    parts = [*counts, known, f"{len(review.refused)} refused", f"{len(review.warned)} with advisories"]
    papers = counted(review.documents, "document")
    return f"{counted(len(review.brought), 'artifact')}: {', '.join(parts)}; {total} are new; {papers}"


def _ordered(found: Iterable[Brought]) -> list[Brought]:
    """The worst first: refused, advised against, then the newest sort of news."""
    order = {news: at for at, news in enumerate((*_NEW, News.KNOWN))}
    return sorted(
        found,
        key=lambda one: (
            one.refused is None,
            not one.advisories,
            order[one.news],
            one.coordinate.purl,
            one.filename,
        ),
    )


def _row(one: Brought) -> Row:
    licence = _UNREAD if one.licence is None else one.licence or _NO_LICENCE
    dated = when(one.published) if one.published is not None else Word("")
    what = one.news.value if one.here else f"{one.news.value}, in an earlier bundle"
    named = what, one.coordinate.purl, shown(one.filename)
    cells = (*named, Word(size(one.size)), dated, _age(one), shown(licence), Word(_runs(one)))
    verdict, why = _verdict(one)
    return (*cells, shown(", ".join(_advisories(one))), Word(verdict), shown(why))


def _runs(one: Brought) -> str:
    return {"": "", SDIST: "when built"}.get(one.runs, "when installed")


def _verdict(one: Brought) -> tuple[str, str]:
    return ("allowed", "") if one.refused is None else (one.refused.code, one.refused.reason)


def _age(one: Brought) -> Word:
    """In days; by the other side's first sight where the registry has no date."""
    if one.age is None:
        return Word("unknown")
    days = f"{one.age / _DAY:.0f} d"
    return Word(days if one.published is not None else f"{days} (first seen)")


def _advisories(one: Brought) -> Sequence[str]:
    return [f"{found.id}{' (malware)' if found.malware else ''}" for found in one.advisories]


def _artifact_data(one: Brought) -> Mapping[str, object]:
    return {
        "news": one.news.value,
        "carried": one.here,
        "purl": one.coordinate.purl,
        "filename": one.filename,
        "sha256": one.sha256,
        "bytes": one.size,
        "published": None if one.published is None else _iso(one.published),
        "first_seen": None if one.seen is None else _iso(one.seen),
        "age_days": None if one.age is None else round(one.age / _DAY, 1),
        "licence": one.licence,
        "runs": one.runs,
        "advisories": [
            {"id": found.id, "summary": found.summary, "malware": found.malware, "severity": found.severity}
            for found in one.advisories
        ],
        "allowed": one.refused is None,
        "code": one.refused.code if one.refused else "",
        "rule": one.refused.rule if one.refused else "",
        "reason": one.refused.reason if one.refused else "",
    }


def _iso(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
