"""The page at `/`: what is cached, what was refused and why. Plain HTML, without scripts."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.history import Line
from jhansi_runner.proxy.ledger import ALLOW, DENY, OBSERVED

HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { max-width: 90rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 2rem }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td { min-width: 6.5rem } td, code, .wrong { overflow-wrap: anywhere } td.w, th { white-space: nowrap }
td.w { min-width: 0 } td.n, th.n { text-align: right; white-space: nowrap; min-width: 0 }
.wrong { border-left: .3rem solid #c33; padding: .4rem .8rem } .quiet { opacity: .7 }
@media (max-width: 48rem) {
  th { display: none } tr { display: block; padding: .4rem 0; border-bottom: 1px solid #8884 }
  td, td.n, td.w { display: flex; gap: .8rem; text-align: left; border: 0; padding: .1rem 0; white-space: normal }
  td::before { content: attr(data-h); opacity: .7; flex: 0 0 5.5rem } td:empty { display: none }
}
"""
_LONGEST = 160
"""Characters of a cell that clients fill. The ledger has more."""
_VERDICTS = {DENY: "refused", OBSERVED: "observed", ALLOW: "withheld"}
_CUT = (
    "<p class=quiet>The ledger is long: only its last part is counted here. "
    "<code>jhansi-runner policy log</code> counts all of it.</p>"
)


class Word(str):
    """A text that is short, and broken nowhere."""


_Row = Sequence[str | int]
_WHY, _WHO = ("verdict", "code", "why"), ("for whom", "times", "last (UTC)")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is cached of one registry: packages, artifacts, bytes."""

    type: str
    packages: int
    artifacts: int
    size: int


@dataclass(frozen=True, slots=True)
class Recent:
    """An artifact that came in lately. `stored` is in seconds since the epoch, `size` in bytes."""

    purl: str
    filename: str
    size: int
    stored: float


@dataclass(frozen=True, slots=True)
class Page:
    """All that the page shows. `trouble` is what is wrong with the policy's files.

    `failed` are the faults, of the upstream's or ours, which no policy refused. `counted` is False while what is cached
    is counted for the first time, `cut` tells that only the last part of the ledger was read.
    """

    base: str
    policy: str
    sources: Sequence[str]
    trouble: Sequence[str]
    kept: Sequence[Kept]
    recent: Sequence[Recent]
    refused: Sequence[Line]
    failed: Sequence[Line] = ()
    counted: bool = True
    cut: bool = False


def render(page: Page) -> bytes:
    """The page as HTML."""
    nothing = "nothing yet" if page.counted else "being counted: look again in a minute"
    parts = [
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>jhansi-runner</title><style>{_STYLE}</style>",
        "<meta name=viewport content='width=device-width'><h1>Packages through one policy</h1>",
        _policy(page),
        "<h2>Refused in the last seven days</h2>",
        _CUT if page.cut else "",
        _table(("what", *_WHY, "rule", *_WHO), [_refused(one) for one in page.refused], "nothing"),
        "<h2>Failed in the last seven days</h2>" if page.failed else "",
        _table(("what", *_WHY[1:], *_WHO), [_failed(one) for one in page.failed], "") if page.failed else "",
        "<h2>Cached</h2>",
        _table(
            ("registry", "packages", "artifacts", "size"),
            [(one.type, one.packages, one.artifacts, _size(one.size)) for one in page.kept],
            nothing,
        ),
        "<h2>Came in last</h2>",
        _table(
            ("package", "file", "size", "when (UTC)"),
            [(one.purl, one.filename, _size(one.size), _when(one.stored)) for one in page.recent],
            nothing,
        ),
        "<p class=quiet>More: <code>jhansi-runner policy log</code>, <code>jhansi-runner cache stats</code>, "
        "<code>jhansi-runner cache missing</code> (offline), "
        "<a href=/metrics>metrics</a></p>",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _refused(one: Line) -> _Row:
    """What the policy said no to; what it withheld from an index counts as well."""
    verdict = _VERDICTS.get(one.verdict, one.verdict)
    return one.what, Word(verdict), Word(one.code), one.reason, one.rule, ", ".join(one.who), one.count, _when(one.last)


def _failed(one: Line) -> _Row:
    return one.what, Word(one.code), one.reason, ", ".join(one.who), one.count, _when(one.last)


def _policy(page: Page) -> str:
    lines = [f"<p>Policy <code>{html.escape(page.policy[:16])}</code>, from "]
    lines.append(", ".join(f"<code>{html.escape(name)}</code>" for name in page.sources) + ".")
    lines.append(f" Set a client up with <code>jhansi-runner proxy env --url {html.escape(page.base)}</code>.</p>")
    if page.trouble:
        words = "<br>".join(html.escape(line) for line in page.trouble)
        lines.append(f"<p class=wrong>The policy's files are wrong; the last good policy is in force.<br>{words}</p>")
    return "".join(lines)


def _table(heads: Sequence[str], rows: Iterable[_Row], empty: str) -> str:
    listed = list(rows)
    if not listed:
        return f"<p class=quiet>{empty}</p>"
    body = ["<tr>" + "".join(map(_cell, heads, row)) + "</tr>" for row in listed]
    kinds = [" class=n" if isinstance(cell, int) else "" for cell in listed[0]]
    head = "".join(f"<th{kind}>{html.escape(name)}</th>" for name, kind in zip(heads, kinds, strict=True))
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def _cell(head: str, value: str | int) -> str:
    kind = " class=n" if isinstance(value, int) else " class=w" if isinstance(value, Word) else ""
    text = str(value)
    shown = text if head == "why" or len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"<td{kind} data-h='{html.escape(head)}'>{html.escape(shown)}</td>"


def _size(size: int) -> str:
    number = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def _when(seconds: float) -> Word:
    return Word(time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds)))
