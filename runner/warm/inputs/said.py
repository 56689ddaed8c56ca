"""What an input says, whatever its form; and the few rules by which all forms become wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact, Open

MAX_BYTES = 64 << 20
MAX_WANTS = 50_000
_NAMED = 5


class BadInput(ValueError):
    """An input that cannot be read: `file:line: what`, and what next. `file` is "" where `what` names it already."""

    def __init__(self, file: str, line: int, what: str, hint: str) -> None:
        where = f"{file}:{line}: " if line else f"{file}: " if file else ""
        super().__init__(f"{where}{what}")
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Context:
    """What an input is read for: the targets; and how a file that it names beside itself is read, None if it is not
    there. `beside` raises BadInput.
    """

    targets: tuple[Target, ...]
    beside: Callable[[str], bytes | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Said:
    """What an input asks for. `notes` are sentences on what it asks for and is left out.

    `as_whole` tells that it names what somebody wants, which needs more in its turn: its own tool has to resolve it.
    """

    exacts: tuple[Exact, ...] = ()
    opens: tuple[Open, ...] = ()
    notes: tuple[str, ...] = ()
    as_whole: bool = False


@dataclass(slots=True)
class Draft:
    """An input while it is read. What is left out is told by kinds, so that a thousand of a kind are one sentence."""

    file: str
    hint: str
    exacts: dict[Exact, None] = field(default_factory=dict)
    opens: dict[Open, None] = field(default_factory=dict)
    _left: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, line: int, what: str) -> BadInput:
        """The error for something that is not written as this form is."""
        return BadInput(self.file, line, what, self.hint)

    def leave(self, name: str, why: str, line: int = 0) -> None:
        """Leave something out: `why` is what all of its kind have in common, such as "is a local folder"."""
        self._left.setdefault(why, []).append(f"{name[:120]} (line {line})" if line else name[:120])

    def want(
        self,
        coordinate: Coordinate,
        line: int,
        *,
        hashes: Iterable[str] = (),
        filenames: Sequence[str] = (),
        targets: tuple[Target, ...] = (),
        only_manifest: bool = False,
        anyway: bool = False,
    ) -> None:
        """Want a release. A name that its registry cannot have is left out. Raises BadInput for too many."""
        if not is_canonical(coordinate.type, coordinate.namespace, coordinate.name):
            self.leave(coordinate.path, f"is no name that a package of {coordinate.type} can have", line)
            return
        found = tuple(sorted(set(hashes)))
        self.exacts.setdefault(
            Exact(coordinate, self.file, line, tuple(filenames), found, only_manifest, targets, anyway)
        )
        if len(self.exacts) + len(self.opens) > MAX_WANTS:
            raise self.wrong(line, f"names more than {MAX_WANTS} packages")

    def said(self) -> Said:
        """What was read."""
        return Said(tuple(self.exacts), tuple(self.opens), tuple(_sentences(self.file, self._left)))


def _sentences(file: str, left: Mapping[str, Sequence[str]]) -> Iterable[str]:
    for why, names in left.items():
        shown = ", ".join(names[:_NAMED])
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield (
            f"{file}: left out, since each {why}: {shown}{more}"
            if len(names) > 1
            else (f"{file}: left out, since it {why}: {shown}")
        )
