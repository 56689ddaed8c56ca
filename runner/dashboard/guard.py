"""What a request has to show before it is answered, and what every answer says to the browser. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from jhansi_runner.runner.api.access import is_origin_of

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOGIN_HEADERS: Mapping[str, str] = {**HEADERS, "Referrer-Policy": "same-origin"}
"""With `no-referrer` a form's `Origin` is `null`, and there would be nothing to tell our own form by.

Source: Fetch standard, "append a request Origin header".
"""
_PLACE = re.compile(r"/(?:[a-z][A-Za-z0-9_/-]*)?")


def is_our_form(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of ours. Browsers say so; who says nothing is none."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return is_origin_of(headers.get("origin", ""), headers.get("host", ""))


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page that is certainly not ours."""
    site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin", "null")
    return site != "same-origin" or (origin != "null" and not is_origin_of(origin, headers.get("host", "")))


def is_at_home(host: str) -> bool:
    """Whether a `Host` names this machine to itself, as no page of a site elsewhere can have it.

    Who needs no token here, as on a forwarded socket, is asked for this: a name that somebody else made point
    here would read our pages with their scripts.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def place(text: str) -> str:
    """Where to go after signing in: a path of ours, `/` for all that is none."""
    return text if _PLACE.fullmatch(text) and len(text) < 200 else "/"
