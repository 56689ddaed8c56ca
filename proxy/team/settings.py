"""How the mirror for a team is to serve."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What was said on the command line. Paths are absolute, "" for none.

    `policy` is the file given with --policy. `public_url` is where clients reach the mirror when that is not what they
    write into the Host header, without a slash at the end. `limit` is the most that the cache may hold, in bytes, 0 for
    no limit.
    """

    policy: str = ""
    token_file: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    public_url: str = ""
    offline: bool = False
    limit: int = 0
