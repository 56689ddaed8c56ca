"""The licences of Maven's releases in a bundle: a POM has them, or leaves them to its parent."""

from __future__ import annotations

from jhansi_runner.proxy.coordinate import MAVEN, Coordinate, maven
from jhansi_runner.proxy.registries.maven_pom import Pom, parse

_LARGEST, _DEEPEST = 1 << 20, 16


class Poms:
    """The POMs that were met."""

    def __init__(self) -> None:
        self._known: dict[str, Pom] = {}

    def note(self, coordinate: Coordinate, filename: str, path: str) -> None:
        """Remember what a POM says. Anything else than a POM is none of ours. Raises OSError."""
        if coordinate.type == MAVEN and filename.endswith(".pom"):
            with open(path, "rb") as file:
                self._known[coordinate.purl] = parse(file.read(_LARGEST))

    def licence(self, coordinate: Coordinate) -> str | None:
        """What a release declares, "" for nothing; None where its POM, or one that it leads to, did not come."""
        purl = coordinate.purl
        for _ in range(_DEEPEST):
            pom = self._known.get(purl)
            if pom is None:
                return None
            if pom.licence or pom.parent is None:
                return pom.licence
            try:
                purl = maven(pom.parent.group, pom.parent.artifact, pom.parent.version).purl
            except ValueError:
                return None
        return None
