"""What the mirror is asked and what it answers, free of any server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the gate needs the headers' names below, and none of the mirror's libraries
    from jhansi_runner.proxy.mirror.download import Download
    from jhansi_runner.proxy.policy.decide import PolicySet
    from jhansi_runner.proxy.policy.decision import Decision

RUN_HEADER = "x-jhansi-run"
"""Which run a request is for; only the gate can reach the listener where it counts."""
CODE_HEADER = "x-jhansi-code"
"""The code of a refusal."""
REASON_HEADER = "x-jhansi-reason"
"""The sentence of a refusal, which is also made the reason phrase: pip prints nothing else."""

SAFE = (("x-content-type-options", "nosniff"), ("content-security-policy", "sandbox"))
"""What packages bring is shown in no browser as if it were the mirror's own."""

_PHRASE, _WORDS = 400, 360
"""Characters of a reason phrase, and of a reason that a code still fits behind."""


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom a request is decided: a sandbox's run, or a plain client of the mirror.

    `base` is where the client reaches the mirror, such as `http://127.0.0.1:8080`; "" for one that comes through the
    gate and speaks canonical URLs.
    """

    policy: PolicySet
    run: str = ""
    sandbox: str = ""
    phase: str = ""
    offline: bool = False
    base: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` and `query` are as they were sent; header names are in lower case; `client` is an address."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str = ""
    scheme: str = "http"

    def header(self, name: str) -> str:
        """A header's value, "" when absent."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers, and one of: a body, a file (with a range or not), a download under way.

    `purl`, `cache`, `code`, `reason`, `rule` are what the ledger wants to know; `observed` is what the policy would
    have refused, had it not been told to observe.
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
    observed: tuple[Decision, ...] = ()


def problem(status: int, code: str, reason: str, *, purl: str = "", rule: str = "", retry_after: str = "") -> Answer:
    """A refusal or a fault, in plain words that have the code; a registry puts them into those of its protocol."""
    if f"[{code}]" not in reason:
        reason = f"{reason[:_WORDS]} [{code}]"
    phrase = "".join(c if 32 <= ord(c) < 127 else "?" for c in reason)[:_PHRASE]
    headers = [("content-type", "text/plain; charset=utf-8"), (CODE_HEADER, code), (REASON_HEADER, phrase)]
    if retry_after:
        headers.append(("retry-after", retry_after))
    body = reason.encode("utf-8", "replace") + b"\n"
    return Answer(status, tuple(headers), body, purl=purl, code=code, reason=reason, rule=rule)
