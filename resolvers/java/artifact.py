"""One artifact that is asked for, as a manifest, a directive or the map names it. Source: Maven's POM reference."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jhansi_runner.proxy.coordinate import maven
from jhansi_runner.resolvers.interface import Requirement

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_VERSION = re.compile(r"[A-Za-z0-9_(\[][A-Za-z0-9_.+,()\[\] -]*")
IMPORT = "import"
"""The scope of a list of versions (a BOM), which is no artifact of a program."""
MANAGED = "managed"
"""The scope of an artifact whose version is told in case something needs it."""
_EXCLUDED = re.compile(r"(?:\*|[A-Za-z0-9_.-]+):(?:\*|[A-Za-z0-9_.-]+)")


@dataclass(frozen=True, slots=True)
class Artifact:
    """`version` is "" where another place manages it. `scope` is Maven's, or `MANAGED`.

    `excluded` are keys of what is not wanted with it, with `*` for any group or name.
    """

    group: str
    name: str
    version: str = ""
    type: str = "jar"
    classifier: str = ""
    scope: str = "compile"
    excluded: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Group and name, as people write them."""
        return f"{self.group}:{self.name}"

    @property
    def fit(self) -> bool:
        """Whether it can be asked for: names are words, and what may be empty is a word if it is there."""
        words = (self.group, self.name, self.type, self.classifier or "x")
        fit = all(_PART.fullmatch(word) for word in words) and bool(_VERSION.fullmatch(self.version or "1"))
        return fit and all(_EXCLUDED.fullmatch(each) for each in self.excluded)

    def requirement(self, file: str, line: int, origin: str, import_name: str | None = None) -> Requirement:
        """The requirement that this artifact is. Raises ValueError for names that are none."""
        if not self.fit:
            raise ValueError(f"{self.key} is no artifact")
        purl = maven(self.group, self.name).purl
        return Requirement(self.key, self.version, purl, import_name, file, line, origin)


def parse(text: str) -> Artifact | None:
    """Read `group:artifact[:version[:classifier]][@type]`; None for anything else."""
    body, at, kind = text.partition("@")
    parts = body.split(":")
    if not 2 <= len(parts) <= 4 or not all(parts) or (at and not kind):
        return None
    group, name, version, classifier = (*parts, "", "")[:4]
    bom = kind == "pom"
    found = Artifact(group, name, version, kind or "jar", classifier, IMPORT if bom else "compile")
    return found if found.fit else None
