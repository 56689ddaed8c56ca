"""What came of running tools for a warming, as it is gathered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jhansi_runner.proxy.ledger import ALLOW, OBSERVED, Entry
from jhansi_runner.resolvers.elsewhere import Host
from jhansi_runner.resolvers.resolver import Locked

MOST_WORDS = 12
"""How many of a tool's last lines are repeated."""


@dataclass(slots=True)
class Done:
    """What came of running tools: a part of `Resolved`, with packages and who needs them, by package-url.

    `failed` tells that something could not be resolved.
    """

    packages: dict[str, Locked] = field(default_factory=dict)
    hosts: dict[str, set[Host]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    fetched: set[str] = field(default_factory=set)
    ran: bool = False
    failed: bool = False

    def needs(self, package: Locked, hosts: Iterable[Host]) -> None:
        """Some hosts need a package."""
        self.packages.setdefault(package.purl, package)
        self.hosts.setdefault(package.purl, set()).update(hosts)

    def heard(self, entries: Sequence[Entry]) -> None:
        """Take in what the gate told: the releases of which something was sent."""
        sent = (each.purl for each in entries if each.verdict in (ALLOW, OBSERVED) and 200 <= each.status < 400)
        self.fetched.update(purl for purl in sent if "@" in purl.rpartition("/")[2])


def last_words(words: str) -> list[str]:
    """The last lines of what a tool said."""
    return [line.strip() for line in words.splitlines() if line.strip()][-MOST_WORDS:]
