"""Go, as one of the languages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from jhansi_runner.resolvers.elsewhere import Rehearsal
from jhansi_runner.resolvers.golang import lock as locks
from jhansi_runner.resolvers.golang import recipe, source, steps
from jhansi_runner.resolvers.golang.absent import explain
from jhansi_runner.resolvers.golang.diagnosis import diagnose
from jhansi_runner.resolvers.golang.launch import launch, require_release
from jhansi_runner.resolvers.golang.plan import GO, plan
from jhansi_runner.resolvers.interface import Missing, ParseImports, Plan, View
from jhansi_runner.resolvers.resolver import Launch, Locked, Program, Step, Tools

_LEAST = (1, 21)
"""The release from which on the go command can be told to stay what it is."""


class GoResolver:
    """Go."""

    language = GO
    type = "golang"
    suffixes = (".go",)
    shebangs: tuple[str, ...] = ()
    manifests = ("go.mod", "go.work")
    commands = ("go", "gofmt")
    packaged: Mapping[str, str] = {}
    programs = (
        Program(
            "go",
            ("version",),
            "install Go 1.21 or later, and put its folder bin on PATH",
            _LEAST,
            places=("/usr/local/go/bin", "/usr/lib/go*/bin", "/opt/go*/bin", "/snap/bin", "~/sdk/go*/bin"),
        ),
        Program("gcc", ("--version",), "install gcc, for packages with C code in them", needed=False),
    )
    place = steps.PLACE
    parser = os.path.abspath(source.__file__)
    shareable = True

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """What a program needs, as `Resolver.plan`."""
        return plan(view, entry, parse)

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """The go command's resolution, which builds nothing. Raises ManifestError for a newer Go than the host's."""
        require_release(plan, tools)
        return (steps.resolve(plan, tools),)

    def rehearsal(self, plan: Plan, manifest: str, tools: Tools) -> Rehearsal | None:
        """A tidying with no sums: whoever goes on to work on the code asks for all that it fetches."""
        step = steps.tidy(plan, tools) if manifest or recipe.of(plan).mode == recipe.SCANNED else None
        return (
            Rehearsal((step,), "is tidied", "cannot be tidied", vital=False, code=False) if step is not None else None
        )

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """What the go command writes."""
        return steps.lock_files(recipe.of(plan))

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """Manifests and modules. Raises UnfitLock."""
        return steps.lock(plan, left).text

    def locked(self, lock: str) -> Sequence[Locked]:
        """The modules of a lock. Raises UnfitLock."""
        return locks.parse(lock).locked if lock else ()

    def builds(self, lock: str) -> bool:
        """Nothing of a module runs when it is fetched."""
        return False

    def install(self, lock: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """The download of a lock's modules."""
        return steps.install(locks.parse(lock))

    def wants_build(self, words: str) -> bool:
        """Never."""
        return False

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """What the registry does not have."""
        return explain(words, plan)

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """A build, and the program. Raises ManifestError."""
        return launch(plan, entry, tools, installed=installed)

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """What the go command missed."""
        return diagnose(words, view, plan)
