"""What a policy decides, as data and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jhansi_runner.proxy.policy.model import Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes or no for one coordinate, or for one release. `code` is one of codes.py; `source` and `line` say who decided.

    `reason` is the rule's own for a rule (it may be ""), else what was found. `until` is when a refusal for its age
    ends, in seconds since the epoch, None where that is not known. `observed` are the refusals of files whose mode
    is observe: they are recorded, and refuse nothing.
    """

    allowed: bool
    code: str
    reason: str
    rule: Rule | None
    source: str
    line: int
    until: float | None = None
    observed: tuple[Decision, ...] = ()

    @property
    def where(self) -> str:
        """The line that decided, such as `policy.yaml:12`."""
        return f"{self.source}:{self.line}"

    @property
    def place(self) -> str:
        """The line that decided; the file alone where no line did."""
        return self.where if self.line else self.source

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
