"""What a policy says, as data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Literal, get_args

from jhansi_runner.proxy.policy.bounds import Bounds
from jhansi_runner.proxy.policy.ranges import VersionRange

Reach = Literal["registries", "none"]
Sdists = Literal["build", "deny"]
Scripts = Literal["run", "deny"]
Role = Literal["floor", "main", "sandbox"]
Mode = Literal["enforce", "observe"]
Fetching = Literal["cached", "any"]
Exemption = Literal["age", "licence", "size", "advisories", "scripts"]

EXEMPTIONS: tuple[Exemption, ...] = get_args(Exemption)


class Effect(Enum):
    """What a rule, or the default, does with a package."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `namespace` and `name` are canonical and may hold `*`; `versions` None means every version.

    `reason` is one line, "" if the file gives none; `line` is 1-based. `until` is the last day, in UTC, on which the
    rule applies. `exempt` is what an allow rule lets its packages off.
    """

    effect: Effect
    type: str
    namespace: str
    name: str
    versions: VersionRange | None
    reason: str
    source: str
    line: int
    until: date | None = None
    exempt: frozenset[Exemption] = frozenset()

    @property
    def pattern(self) -> str:
        """Package-url pattern and range as people read them, such as `pkg:pypi/acme-* versions <2`."""
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"pkg:{self.type}/{path}" + (f" versions {self.versions.text}" if self.versions else "")

    @property
    def ends(self) -> float | None:
        """When the rule stops to apply, in seconds since the epoch; None for never."""
        if self.until is None:
            return None
        day = datetime(self.until.year, self.until.month, self.until.day, tzinfo=UTC)
        return (day + timedelta(days=1)).timestamp()


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry. `upstream` is a URL that ends in a slash, None for the public one.

    `files` are more hosts (`host` or `host:port`) that may serve its files; `line` is 1-based. `fetch` is what a Go
    module proxy may give: `cached` is what it has already, `any` lets it fetch from elsewhere on our behalf.
    """

    type: str
    enabled: bool
    upstream: str | None
    files: tuple[str, ...]
    line: int
    fetch: Fetching = "cached"


@dataclass(frozen=True, slots=True)
class Egress:
    """What each phase may reach."""

    install: Reach = "registries"
    run: Reach = "registries"


@dataclass(frozen=True, slots=True)
class MinimumAge:
    """How old a release of one registry must be: `seconds`, and `text` as it was written, such as `3 days`."""

    seconds: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The most that one file may have: `size` in bytes, and `text` as it was written, such as `2 GiB`."""

    size: int
    text: str
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Licences:
    """Which licences may enter: SPDX identifiers that may hold `*`. An empty `allow` is every one that is not denied.

    `unknown` is for packages that declare none, or something that is no SPDX expression.
    """

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    unknown: Effect
    line: int


@dataclass(frozen=True, slots=True)
class Advised:
    """A folder of advisories in OSV format, what to do about them, and the ids that do not count."""

    folder: str
    malware: Effect
    vulnerabilities: Effect
    ignore: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy file. Compared by identity, which keeps remembering per policy cheap.

    `lines` holds the line, 1-based, of each key of the file's top level; `ages` is by package-url type.
    """

    source: str
    role: Role
    lines: Mapping[str, int]
    registries: tuple[Registry, ...]
    default: Effect
    rules: tuple[Rule, ...] = ()
    egress: Egress = field(default_factory=Egress)
    mode: Mode = "enforce"
    sdists: Sdists = "build"
    install_scripts: Scripts = "run"
    ages: Mapping[str, MinimumAge] = field(default_factory=dict)
    licences: Licences | None = None
    max_size: SizeLimit | None = None
    advisories: Advised | None = None
    bounds: Bounds = field(default_factory=lambda: Bounds({}))
    expiries: tuple[float, ...] = field(init=False)
    """When rules stop to apply, in order: between two of these instants time changes no rule."""

    def __post_init__(self) -> None:
        ends = {end for rule in self.rules if (end := rule.ends) is not None}
        object.__setattr__(self, "expiries", tuple(sorted(ends)))

    def registry(self, purl_type: str) -> Registry | None:
        """Return the registry of the package-url type, if this file lists it."""
        return next((one for one in self.registries if one.type == purl_type), None)

    def era(self, now: float) -> int:
        """Between which expiries the instant lies: how many of them have passed. Seconds since the epoch."""
        return bisect_right(self.expiries, now)
