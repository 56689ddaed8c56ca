"""What two runs had installed, compared: what came, what went, what is another version or another file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.runner.evidence.components import Component


@dataclass(frozen=True, slots=True)
class Change:
    """One package: what there was of it, and what there is."""

    package: str
    before: tuple[Component, ...]
    after: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """By package, without its version: there can be several versions of one in a set."""

    added: tuple[Change, ...]
    removed: tuple[Change, ...]
    changed: tuple[Change, ...]

    def to_json(self) -> dict[str, object]:
        """The lists of `deps diff --json`."""
        return {
            "added": [_data(one) for change in self.added for one in change.after],
            "removed": [_data(one) for change in self.removed for one in change.before],
            "changed": [
                {
                    "package": change.package,
                    "before": [_data(one) for one in change.before],
                    "after": [_data(one) for one in change.after],
                }
                for change in self.changed
            ],
        }


def difference(before: Sequence[Component], after: Sequence[Component]) -> Difference:
    """From one set to another."""
    old, new = _by_package(before), _by_package(after)
    changes = [
        Change(package, tuple(old.get(package, ())), tuple(new.get(package, ())))
        for package in sorted(old.keys() | new.keys())
    ]
    return Difference(
        tuple(each for each in changes if not each.before),
        tuple(each for each in changes if not each.after),
        tuple(
            each for each in changes if each.before and each.after and _identity(each.before) != _identity(each.after)
        ),
    )


def sha256(one: Component) -> str:
    """The hash of the package itself, "" where none is known."""
    return one.artifacts[0].sha256 if one.artifacts else ""


def _by_package(found: Sequence[Component]) -> dict[str, list[Component]]:
    groups: dict[str, list[Component]] = {}
    for one in found:
        groups.setdefault(Coordinate.parse(one.purl).at(None).purl, []).append(one)
    return groups


def _identity(found: Sequence[Component]) -> list[tuple[str, list[str], str]]:
    return sorted((one.version, sorted(each.sha256 for each in one.artifacts), one.licence) for one in found)


def _data(one: Component) -> dict[str, str]:
    return {"purl": one.purl, "version": one.version, "licence": one.licence, "sha256": sha256(one)}
