"""What the mirror is asked and what it answers, free of any server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the gate needs the headers' names below, and none of the mirror's libraries
    from jhansi_runner.proxy.mirror.download import Download
    from jhansi_runner.proxy.policy.decide import PolicySet

RUN_HEADER = "x-jhansi-run"
"""Which run a request is for; only the gate can reach the listener where it counts."""
CODE_HEADER = "x-jhansi-code"
"""The code of a refusal."""
REASON_HEADER = "x-jhansi-reason"
"""The sentence of a refusal, which the gate also makes the reason phrase: pip prints nothing else."""


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom a request is decided: a sandbox's run, or a plain client of the mirror."""

    policy: PolicySet
    run: str = ""
    sandbox: str = ""
    phase: str = ""
    offline: bool = False
    canonical: bool = False
    """Whether the client reaches files under their canonical URLs, through the gate."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is decoded by nobody yet; header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str:
        """A header's value, "" when absent."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers, and one of: a body, a file (with a range or not), a download under way.

    `purl`, `cache`, `code`, `reason`, `rule` are what the ledger wants to know.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    file: str = ""
    size: int = 0
    span: tuple[int, int] | None = None
    download: Download | None = None
    purl: str = ""
    cache: str = ""
    code: str = ""
    reason: str = ""
    rule: str = ""


def problem(status: int, code: str, reason: str, *, purl: str = "", rule: str = "", retry_after: str = "") -> Answer:
    """A refusal or a fault that explains itself. Source: RFC 9457, which uv prints."""
    phrase = "".join(c if 32 <= ord(c) < 127 else "?" for c in reason)[:400]
    title = "refused by policy" if status == 403 else "not available"
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": reason, "code": code})
    headers = [("content-type", "application/problem+json"), (CODE_HEADER, code), (REASON_HEADER, phrase)]
    if retry_after:
        headers.append(("retry-after", retry_after))
    return Answer(status, tuple(headers), body.encode() + b"\n", purl=purl, code=code, reason=reason, rule=rule)
