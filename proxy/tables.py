"""Tables of HTML for pages without scripts: everything that comes from outside is escaped."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Sequence

STYLE = """
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
"""Characters of a cell that others fill; what is below `WHY` is shown whole."""
WHY = "why"


class Word(str):
    """A text that is short, and broken nowhere."""


Row = Sequence[str | int]


def table(heads: Sequence[str], rows: Iterable[Row], empty: str) -> str:
    """Rows below their heads; `empty`, which is HTML, where there are none."""
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
    shown = text if head == WHY or len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"<td{kind} data-h='{html.escape(head)}'>{html.escape(shown)}</td>"


def size(count: int) -> str:
    """Bytes, for people."""
    number = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def when(seconds: float) -> Word:
    """Seconds since the epoch, in UTC."""
    return Word(time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds)))
