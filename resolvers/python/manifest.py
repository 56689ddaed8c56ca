"""What a manifest asks for, whichever file it is. `precedence.py` says which one decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, Requirement, Unbuilt, View, ViewError
from jhansi_runner.resolvers.python.metadata import Told

PYPROJECT = "pyproject.toml"
REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class LocalProject:
    """A project's folder in the workspace, with the extras that are wanted of it, and the line that names it."""

    folder: str
    extras: tuple[str, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one manifest asks for. It decides nothing when `requirements` is empty and `unbuilt` None.

    `roots` are folders of the workspace that the program's own code is imported from.
    """

    source: str
    requirements: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    notes: tuple[str, ...] = ()
    allow_prereleases: bool = False
    requires_python: str = ""
    unbuilt: Unbuilt | None = None
    roots: tuple[str, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether it names packages, or a build that does."""
        return bool(self.requirements) or self.unbuilt is not None


@dataclass(slots=True)
class Draft:
    """A manifest while it is read. `projects` are those of the workspace that it names, to be read in their turn.

    `told` is what builds of projects have said, by the project's folder. Without `parse` a `setup.py` is not read.
    """

    requirements: list[Requirement] = field(default_factory=list)
    constraints: list[Requirement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    allow_prereleases: bool = False
    requires_python: str = ""
    unbuilt: Unbuilt | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    parse: ParseImports | None = None
    projects: list[LocalProject] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)

    def note(self, file: str, line: int, text: str) -> None:
        """Tell the user something about a place in a file."""
        self.notes.append(f"{file}:{line}: {text}" if line else f"{file}: {text}")

    def finish(self, source: str) -> Manifest:
        """The manifest, its parts in a stable order and each once."""
        return Manifest(
            source,
            _ordered(self.requirements),
            _ordered(self.constraints),
            tuple(dict.fromkeys(self.notes)),
            self.allow_prereleases,
            self.requires_python,
            self.unbuilt,
            tuple(dict.fromkeys(self.roots)),
        )


def _ordered(requirements: list[Requirement]) -> tuple[Requirement, ...]:
    unique: dict[tuple[str, tuple[str, ...]], Requirement] = {}
    for each in requirements:
        unique.setdefault((each.text, each.hashes), each)
    return tuple(unique[key] for key in sorted(unique))


def read(view: View, path: str) -> bytes | None:
    """A manifest's content. Raises ManifestError when the view refuses it."""
    try:
        return view.read(path)
    except ViewError as fault:
        raise ManifestError(path, 0, fault.reason, "make it a regular file inside the workspace") from None
