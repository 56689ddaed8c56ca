"""What a POM makes Maven read besides: its parent, the bills of materials that it imports, and where it moved to.

Source: Maven POM reference; "Introduction to the Dependency Mechanism", imports; "Relocation".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries import maven_paths as paths
from jhansi_runner.proxy.registries.maven_xml import Element, read

_SECTIONS = frozenset([
    "parent", "properties", "dependencyManagement", "distributionManagement", "groupId", "artifactId", "version",
    "packaging",
])  # fmt: skip
_PROPERTY = re.compile(r"\$\{([^{}$]{1,200})\}")
_ROUNDS, _LONGEST = 10, 400
JARS = frozenset(["jar", "maven-plugin", "bundle", "ejb", "test-jar", "maven-archetype", "eclipse-plugin", "hk2-jar"])
"""Packagings whose file is a jar. Source: Maven, "Default Artifact Handlers Reference", and what plugins add."""
GRADLE_MARK = b"published-with-gradle-metadata"
"""What Gradle looks for in a POM before it asks for a `.module` beside it. Source: Gradle, "Gradle Module Metadata"."""


@dataclass(frozen=True, slots=True)
class Pom:
    """A POM as it is written: nothing is inherited or filled in."""

    packaging: str = "jar"
    parent: Coordinate | None = None
    moved: tuple[str, str, str] = ("", "", "")
    imports: tuple[tuple[str, str, str], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def parse(body: bytes) -> Pom:
    """Read a POM. Raises Malformed."""
    root = read(body, "project", _SECTIONS)
    parent, properties = root.child("parent"), {child.name: child.text for child in root.child("properties").children}
    for name in ("groupId", "artifactId", "version"):
        text = root.child(name).text or parent.child(name).text
        properties |= {f"project.{name}": text, f"pom.{name}": text}
        properties[f"project.parent.{name}"] = parent.child(name).text
    managed = root.child("dependencyManagement").child("dependencies").every("dependency")
    imports = [_gav(one) for one in managed if one.child("scope").text == "import" and one.child("type").text == "pom"]
    moved = root.child("distributionManagement").child("relocation")
    return Pom(
        root.child("packaging").text or "jar",
        paths.coordinate(*_gav(parent)),
        _gav(moved) if moved.children else ("", "", ""),
        tuple(imports),
        properties,
    )


def filled(text: str, chain: Mapping[str, str]) -> str:
    """A text with the properties of a POM and of its parents; what is not known, or too deep, stays."""
    for _ in range(_ROUNDS):
        new = _PROPERTY.sub(lambda found: chain.get(found[1], found[0]), text)
        if new == text or len(new) > _LONGEST:
            return text
        text = new
    return text


def _gav(element: Element) -> tuple[str, str, str]:
    group, artifact, version = (element.child(name).text for name in ("groupId", "artifactId", "version"))
    return group, artifact, version
