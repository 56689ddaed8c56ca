"""The clock: it is wrong when it is behind what was written here before. Pure.

Without a network, nothing shows that it is ahead.
"""

from __future__ import annotations

import time

from jhansi_runner.runner.doctor.findings import ADMINISTRATOR, Finding, fault, well

_TOLERATED = 24 * 3600.0
_FORMAT = "%Y-%m-%d %H:%M UTC"


def check_clock(now: float, latest: float, what: str) -> Finding:
    """Times are in seconds since the epoch; `what` was written at `latest`, on this host."""
    code = "JH-CLOCK"
    said = time.strftime(_FORMAT, time.gmtime(now))
    if now < latest - _TOLERATED:
        when = time.strftime(_FORMAT, time.gmtime(latest))
        days = round((latest - now) / 86400)
        remedy = ("Set it, and keep it right:", "  sudo timedatectl set-ntp true", "  timedatectl")
        behind = f"it is {days} days behind, or was ahead then"
        return fault(code, f"it says {said}, but {what} was written at {when}: {behind}", remedy, ADMINISTRATOR)
    return well(code, f"{said}, not before anything that was written here")
