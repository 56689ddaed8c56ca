"""What pages tell of the cache and the policy, as it comes from the process that looked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is cached of one registry, in numbers and bytes; `hits` and `misses` are those of the last seven days."""

    type: str
    packages: int
    artifacts: int
    size: int
    documents: int
    documents_size: int
    hits: int
    misses: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """An artifact that came in lately. `stored` is in seconds since the epoch, `size` in bytes."""

    purl: str
    filename: str
    size: int
    stored: float


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """The cache. `cut` tells that only the end of the ledger was counted."""

    folder: str
    size: int
    shelves: tuple[Shelf, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    incoming: int = 0
    incoming_size: int = 0
    quarantined: int = 0
    quarantined_size: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """A line of a policy file, and what it decided in the last seven days. `effect` is allow or deny, for a registry
    enabled or disabled, else "".

    `text` is what it is about, `note` its reason and terms. `last` is when it refused last, None for never.
    """

    line: int
    key: str
    effect: str
    text: str
    note: str
    expired: bool
    refused: int
    withheld: int
    observed: int
    let_in: int
    last: float | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A policy file in force."""

    source: str
    role: str
    observes: bool
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A host that the policy lets out, for which registry, by which methods, for what."""

    type: str
    host: str
    methods: str
    what: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about one package, or URL. Times are in seconds since the epoch."""

    verdict: str
    what: str
    code: str
    rule: str
    reason: str
    count: int
    last: float
    who: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The policy in force. With `problems` there is none: the files cannot be obeyed.

    `limits` are key, value and who set it; `cut` as in CacheFacts.
    """

    digest: str = ""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    layers: tuple[Layer, ...] = ()
    hosts: tuple[Host, ...] = ()
    egress_install: str = ""
    egress_run: str = ""
    sdists: str = ""
    limits: tuple[tuple[str, str, str], ...] = ()
    decided: tuple[Decided, ...] = ()
    cut: bool = False
