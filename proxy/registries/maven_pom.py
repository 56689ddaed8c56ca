"""What a POM says of itself that a policy wants to know: its licences, and the parent that it has them from.

Source: Maven POM model 4.0.0.
"""

from __future__ import annotations

from dataclasses import dataclass

from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.maven_xml import Element, read

_MAX_TEXT = 200
_SECTIONS = frozenset(["licenses", "parent"])


@dataclass(frozen=True, slots=True)
class Parent:
    """The POM that another one inherits from, as it is written there: nothing is checked."""

    group: str
    artifact: str
    version: str


@dataclass(frozen=True, slots=True)
class Pom:
    """A POM's own licences as one text, "" for none, and its parent."""

    licence: str = ""
    parent: Parent | None = None


def parse(body: bytes) -> Pom:
    """Read a POM; one that cannot be read declares nothing. Maven itself takes entities, which we never do."""
    try:
        root = read(body, "project", _SECTIONS)
    except Malformed:
        return Pom()
    names = [_name(licence) for licence in root.child("licenses").every("license")]
    parent = root.child("parent")
    texts = [parent.child(name).text for name in ("groupId", "artifactId", "version")]
    return Pom(_joined([name for name in names if name]), Parent(*texts) if all(texts) else None)


def _name(licence: Element) -> str:
    return " ".join((licence.child("name").text or licence.child("url").text).split())


def _joined(names: list[str]) -> str:
    """Several licences are a choice. Source: POM reference, "Licenses"."""
    alternatives = [f"({name})" if len(names) > 1 and " OR " in name else name for name in names]
    return " OR ".join(alternatives)[:_MAX_TEXT]
