"""How both clients are connected, and what it means when they are not."""

from __future__ import annotations

from typing import Any

import httpx

from jhansi_runner.client.errors import JhansiError, bad_answer, broken
from jhansi_runner.client.place import Place, absent

_IDLE = 4.0
"""Seconds that a connection is kept: less than the server keeps it, or a request would be sent into one that ends."""


def settings(place: Place) -> dict[str, Any]:
    """What httpx is told."""
    headers = {"User-Agent": "jhansi-runner-client"}
    if place.token:
        headers["Authorization"] = f"Bearer {place.token}"
    # A proxy of the environment would be shown the token of a request that is not encrypted.
    return {
        "base_url": place.base,
        "headers": headers,
        "trust_env": place.base.startswith("https:"),
        "limits": httpx.Limits(max_connections=None, keepalive_expiry=_IDLE),  # a program may hold one for hours
    }


def failure(place: Place, error: httpx.HTTPError) -> JhansiError:
    """What is told instead of httpx's own error."""
    why = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return absent(place, why)
    if isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol):
        return broken(why)
    return bad_answer(f"{place}: {why}")
