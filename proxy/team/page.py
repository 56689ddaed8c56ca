"""The page at `/`: what is cached, what was refused and why. Plain HTML, without scripts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.history import Line
from jhansi_runner.proxy.ledger import ALLOW, DENY, OBSERVED
from jhansi_runner.proxy.tables import STYLE, WHY, Row, Word, size, table, when

HEADERS = (
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
_VERDICTS = {DENY: "refused", OBSERVED: "observed", ALLOW: "withheld"}
_CUT = (
    "<p class=quiet>The ledger is long: only its last part is counted here. "
    "<code>jhansi-runner policy log</code> counts all of it.</p>"
)


_WHY, _WHO = ("verdict", "code", WHY), ("for whom", "times", "last (UTC)")


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
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>jhansi-runner</title><style>{STYLE}</style>",
        "<meta name=viewport content='width=device-width'><h1>Packages through one policy</h1>",
        _policy(page),
        "<h2>Refused in the last seven days</h2>",
        _CUT if page.cut else "",
        table(("what", *_WHY, "rule", *_WHO), [_refused(one) for one in page.refused], "nothing"),
        "<h2>Failed in the last seven days</h2>" if page.failed else "",
        table(("what", *_WHY[1:], *_WHO), [_failed(one) for one in page.failed], "") if page.failed else "",
        "<h2>Cached</h2>",
        table(
            ("registry", "packages", "artifacts", "size"),
            [(one.type, one.packages, one.artifacts, size(one.size)) for one in page.kept],
            nothing,
        ),
        "<h2>Came in last</h2>",
        table(
            ("package", "file", "size", "when (UTC)"),
            [(one.purl, one.filename, size(one.size), when(one.stored)) for one in page.recent],
            nothing,
        ),
        "<p class=quiet>More: <code>jhansi-runner policy log</code>, <code>jhansi-runner cache stats</code>, "
        "<code>jhansi-runner cache missing</code> (offline), "
        "<a href=/metrics>metrics</a></p>",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def _refused(one: Line) -> Row:
    """What the policy said no to; what it withheld from an index counts as well."""
    verdict = _VERDICTS.get(one.verdict, one.verdict)
    return one.what, Word(verdict), Word(one.code), one.reason, one.rule, ", ".join(one.who), one.count, when(one.last)


def _failed(one: Line) -> Row:
    return one.what, Word(one.code), one.reason, ", ".join(one.who), one.count, when(one.last)


def _policy(page: Page) -> str:
    lines = [f"<p>Policy <code>{html.escape(page.policy[:16])}</code>, from "]
    lines.append(", ".join(f"<code>{html.escape(name)}</code>" for name in page.sources) + ".")
    lines.append(f" Set a client up with <code>jhansi-runner proxy env --url {html.escape(page.base)}</code>.</p>")
    if page.trouble:
        words = "<br>".join(html.escape(line) for line in page.trouble)
        lines.append(f"<p class=wrong>The policy's files are wrong; the last good policy is in force.<br>{words}</p>")
    return "".join(lines)
