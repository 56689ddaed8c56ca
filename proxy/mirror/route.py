"""Whether this host has a way out at all: the kernel is asked, and nothing is sent."""

from __future__ import annotations

import socket

CUT_OFF = 424
"""The status of what failed for want of a route. Clients try again after a 5xx, and take a 404 for an answer."""
_ABROAD = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses that are nobody's. Source: RFC 5737, RFC 3849."""


def has_route() -> bool:
    """Whether there is a route to the rest of the world, by either protocol."""
    for family, address in _ABROAD:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as endpoint:
                endpoint.connect((address, 9))
                return True
        except OSError:
            continue
    return False
