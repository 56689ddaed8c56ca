"""What a policy says, and what it decides, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes
from jhansi_runner.proxy.policy.ranges import VersionRange

Reach = Literal["registries", "none"]
Sdists = Literal["build", "deny"]
Role = Literal["floor", "main"]


class Effect(Enum):
    """What a rule, or the default, does with a package."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `namespace` and `name` are canonical and may hold `*`; `versions` None means every version.

    `reason` is one line, "" if the file gives none; `line` is 1-based.
    """

    effect: Effect
    type: str
    namespace: str
    name: str
    versions: VersionRange | None
    reason: str
    source: str
    line: int

    @property
    def pattern(self) -> str:
        """Package-url pattern and range as people read them, such as `pkg:pypi/acme-* versions <2`."""
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"pkg:{self.type}/{path}" + (f" versions {self.versions.text}" if self.versions else "")


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry. `upstream` is a URL that ends in a slash, None for the public one.

    `files` are more hosts (`host` or `host:port`) that may serve its files; `line` is 1-based.
    """

    type: str
    enabled: bool
    upstream: str | None
    files: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Egress:
    """What each phase may reach."""

    install: Reach
    run: Reach


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy file. Compared by identity, which keeps remembering per policy cheap."""

    source: str
    role: Role
    registries: tuple[Registry, ...]
    registries_line: int
    default: Effect
    default_line: int
    rules: tuple[Rule, ...]
    egress: Egress
    sdists: Sdists

    def registry(self, purl_type: str) -> Registry | None:
        """Return the registry of the package-url type, if this file lists it."""
        return next((one for one in self.registries if one.type == purl_type), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no for one coordinate. `code` is one of codes.py; `source` and `line` say which line decided.

    `reason` is the rule's own for a rule (it may be ""), else what was found.
    """

    allowed: bool
    code: str
    reason: str
    rule: Rule | None
    source: str
    line: int

    @property
    def where(self) -> str:
        """The line that decided, such as `policy.yaml:12`."""
        return f"{self.source}:{self.line}"

    def sentence(self, coordinate: Coordinate) -> str:
        """Say the decision in one line; a refusal says what to do next."""
        verdict = "allowed" if self.allowed else "denied"
        if self.rule:
            because = f"by rule {self.rule.pattern} ({self.where})" + (f": {self.reason}" if self.reason else "")
        else:
            because = f"because {self.reason} ({self.where})"
        text = f"{label(coordinate)} is {verdict} {because} [{self.code}]"
        if self.allowed:
            return text
        return f"{text}. Next: {codes.NEXT_STEP[self.code].format(source=self.source)}"


def label(coordinate: Coordinate) -> str:
    """Return the package-url, or some printable text for a coordinate that cannot have one."""
    try:
        return coordinate.purl
    except ValueError:
        return repr(coordinate)
