"""How pages say what others wrote, and times. Whatever was written is shown as it is, and obeyed by nothing.

Programs, and those who name files, write escapes, overrides of the direction of text, and characters without a width:
all these are shown by their codes, in names and in output.
"""

from __future__ import annotations

import time

from markupsafe import Markup, escape

from jhansi_runner.runner.console import shown

_LINE, _DAY = "%Y-%m-%d %H:%M:%S", 86400.0


def output(text: str) -> str:
    """What a program printed: lines and tabs stay what they are, all else that cannot be seen is shown by its code."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(_line, line.split("\t"))) for line in lines)


def name(value: object) -> Markup:
    """A text of one line that others wrote; its direction stays its own."""
    return Markup("<bdi>{}</bdi>").format(shown(str(value)))  # `format` escapes what it is given


def text(value: str) -> Markup:
    """A text of several lines that others wrote."""
    return kept(output(value))


def kept(value: str) -> Markup:
    """A text of several lines of which `output` was made already."""
    return Markup("{}").format(value)


def moment(seconds: float | None) -> Markup:
    """A time in seconds since the epoch, in UTC; nothing for None."""
    if seconds is None:
        return Markup("")
    try:
        parts = time.gmtime(seconds)
    except (OverflowError, ValueError, OSError):
        return escape(f"{seconds:g}")
    iso, read = time.strftime("%Y-%m-%dT%H:%M:%SZ", parts), time.strftime(_LINE, parts)
    return Markup('<time datetime="{}">{}</time>').format(iso, read)


def lasting(seconds: float) -> str:
    """A time that something takes, in words: `0.42 s`, `3 min 5 s`, `2 h 10 min`, `4 d 1 h`."""
    if seconds < 60:
        return f"{max(seconds, 0.0):.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, small, names in ((_DAY, 3600.0, "d h"), (3600.0, 60.0, "h min"), (60.0, 1.0, "min s")):
        if seconds >= unit:
            large, rest = divmod(seconds, unit)
            one, two = names.split(" ")
            return f"{large:.0f} {one} {rest // small:.0f} {two}" if rest >= small else f"{large:.0f} {one}"
    raise AssertionError(seconds)


def until(seconds: float, now: float) -> str:
    """How far off a time is: `in 20 min`, or that it has passed."""
    return f"in {lasting(seconds - now)}" if seconds > now else "now"


def _line(text: str) -> str:
    return text if text.isprintable() else shown(text)
