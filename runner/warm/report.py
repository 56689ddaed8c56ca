"""What a warming did: what came, what was there, and what did not come, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

CAME, THERE, REFUSED, MISSING, FAILED = "came", "there", "refused", "missing", "failed"
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: `how` is one of the words above, `size` is in bytes.

    `code`, `rule` and `reason` are those of the refusal or fault; `body` is that of a document.
    """

    how: str
    size: int = 0
    code: str = ""
    rule: str = ""
    reason: str = ""
    body: bytes = b""

    @property
    def good(self) -> bool:
        """Whether what was asked for is in the cache now."""
        return self.how in (CAME, THERE)


@dataclass(frozen=True, slots=True)
class Told:
    """Something that is not in the cache now: which package, where it was asked for, and why it is not.

    `what` is the file, "" for the whole package; `rule` is the policy's line for what was refused.
    """

    purl: str
    where: str
    reason: str
    code: str = ""
    rule: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The sum. Sizes are in bytes; for what is only looked up, `came` is what would come.

    `unknown` is how many of the files have no known size. `notes` are sentences for people.
    """

    came: int = 0
    came_bytes: int = 0
    there: int = 0
    there_bytes: int = 0
    unknown: int = 0
    refused: tuple[Told, ...] = ()
    missing: tuple[Told, ...] = ()
    failed: tuple[Told, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all that was wanted is there."""
        return not (self.refused or self.missing or self.failed)


@dataclass(slots=True)
class Tally:
    """Counts while a warming goes on; each file counts once. `heard` is told of every file that came."""

    heard: Callable[[str, int], None] = lambda _, __: None
    _seen: set[str] = field(default_factory=set)
    _numbers: dict[str, list[int]] = field(default_factory=lambda: {CAME: [0, 0], THERE: [0, 0]})
    _told: dict[str, dict[Told, None]] = field(default_factory=lambda: {REFUSED: {}, MISSING: {}, FAILED: {}})
    _notes: dict[str, None] = field(default_factory=dict)
    _elsewhere: dict[str, None] = field(default_factory=dict)
    _unknown: int = 0

    def file(self, path: str, outcome: Outcome, *, known: bool = True) -> None:
        """A file of the mirror's is there, or came; `known` tells whether its size is."""
        if path in self._seen:
            return
        self._seen.add(path)
        count = self._numbers[outcome.how]
        count[0] += 1
        count[1] += outcome.size
        self._unknown += not known
        if outcome.how == CAME:
            self.heard(path.rpartition("/")[2], outcome.size)

    def bad(self, outcome: Outcome, purl: str, where: str, what: str = "") -> None:
        """Something did not come."""
        told = Told(purl, where, outcome.reason, outcome.code, outcome.rule, what)
        self._told[outcome.how].setdefault(told)

    def elsewhere(self, name: str) -> None:
        """Something is left out that no target could use."""
        self._elsewhere.setdefault(name)

    def note(self, text: str) -> None:
        """Something that people should know."""
        self._notes.setdefault(text)

    def report(self) -> Report:
        """The sum so far."""
        came, there = self._numbers[CAME], self._numbers[THERE]
        return Report(
            came[0],
            came[1],
            there[0],
            there[1],
            self._unknown,
            tuple(self._told[REFUSED]),
            tuple(self._told[MISSING]),
            tuple(self._told[FAILED]),
            (*self._notes, *self._left_out()),
        )

    def _left_out(self) -> list[str]:
        names = list(self._elsewhere)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return [f"left out, being for other systems: {', '.join(names[:_NAMED])}{more}"] if names else []
