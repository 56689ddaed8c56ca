"""What an operator decides about sandboxes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. Sizes are in bytes, times in seconds.

    `runs` at once, 0 for twice the CPUs; `queue` requests wait at most, `queue_each` for one owner. `timeout` is that
    of programs that ask for none, `longest_timeout` the most to ask for. `upload` is the most that one request may
    bring, unpacked too; `sandbox` what the files of one sandbox may take. `log` is the most that is kept of one run,
    `logs` of all. `offline` as in `exec`.
    """

    runs: int = 0
    queue: int = 1000
    queue_each: int = 100
    timeout: float = 600.0
    longest_timeout: float = 86400.0
    upload: int = 256 << 20
    sandbox: int = 4 << 30
    sandboxes_each: int = 1000
    log: int = 16 << 20
    logs: int = 500 << 20
    ttl: float = 3600.0
    longest_ttl: float = 30 * 86400.0
    offline: bool = False
