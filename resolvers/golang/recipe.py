"""How a workspace's Go code is built: what a plan hands to the steps, the launch and the diagnosis, as one small text.

All folders are of the workspace, "" for its root.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from jhansi_runner.resolvers.interface import Plan

FILE = "recipe.json"
LISTED, SCANNED, VENDORED = "listed", "scanned", "vendored"


@dataclass(frozen=True, slots=True)
class Recipe:
    """`mode`: `listed` when go.mod and go.sum say all, `scanned` when the source has to tell, `vendored` when the
    workspace brings the packages itself.

    `folders` are those that the go command works in: of modules, or of the one `go.work`. `members` are the modules
    below a `go.work`. `made` names a module whose go.mod is ours, since the workspace has none. `tests` tells whether
    what tests import is needed too.
    """

    mode: str
    folders: tuple[str, ...]
    members: tuple[str, ...] = ()
    made: str = ""
    tests: bool = False

    @property
    def is_work(self) -> bool:
        """Whether there is a `go.work`."""
        return bool(self.members)

    @property
    def manifests(self) -> Sequence[str]:
        """The files that the go command writes to, by their path in the workspace."""
        names = []
        if self.is_work:
            names += [join(self.folders[0], "go.work"), join(self.folders[0], "go.work.sum")]
        for folder in self.members or self.folders:
            names += [join(folder, "go.mod"), join(folder, "go.sum")]
        return names

    @property
    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def parse(text: str) -> Recipe:
    """Read what `text` gives. Raises ValueError."""
    try:
        told = json.loads(text)
        return Recipe(
            str(told["mode"]),
            tuple(str(each) for each in told["folders"]),
            tuple(str(each) for each in told["members"]),
            str(told["made"]),
            bool(told["tests"]),
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a recipe: {error}") from None


def of(plan: Plan) -> Recipe:
    """The recipe of a plan; of one that was not made of a workspace, that of a workspace without anything."""
    text = dict(plan.files).get(FILE)
    return Recipe(LISTED, ("",)) if text is None else parse(text)


def join(folder: str, name: str) -> str:
    """A path in a folder of the workspace."""
    return f"{folder}/{name}" if folder and name else folder or name


def parents(path: str) -> list[str]:
    """The folders that hold a path, the nearest first, the workspace last."""
    found = []
    while path:
        path = path.rpartition("/")[0]
        found.append(path)
    return found
