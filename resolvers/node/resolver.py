"""Node behind the seam of languages: npm resolves and installs, Node or tsx runs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from jhansi_runner.proxy.coordinate import NPM, npm
from jhansi_runner.resolvers.elsewhere import Attempt, Host
from jhansi_runner.resolvers.interface import Missing, ParseImports, Plan, View
from jhansi_runner.resolvers.node import hashes, source, steps, variants
from jhansi_runner.resolvers.node import lock as locks
from jhansi_runner.resolvers.node.diagnose import diagnose
from jhansi_runner.resolvers.node.launch import PLACE, launch
from jhansi_runner.resolvers.node.local import SOURCES
from jhansi_runner.resolvers.node.plan import NODE, plan
from jhansi_runner.resolvers.resolver import Launch, Locked, Program, Step, Tools, UnfitLock

_TOOLS = ("tsx", "vitest", "jest", "mocha")
"""Packages whose command has their own name, and that people start without having asked for them."""
_HINT = "install Node 18 or later, with npm, and have them on PATH"

_PLACES = (
    "~/.nvm/versions/node/*/bin",
    "~/.local/share/fnm/node-versions/*/installation/bin",
    "~/.volta/bin",
    "/opt/node*/bin",
    "/usr/local/node*/bin",
    "/snap/bin",
)


class NodeResolver:
    """Node. Packages of Yarn's and pnpm's projects are installed by npm, in the versions that their locks name."""

    language = NODE
    type = NPM
    suffixes = SOURCES
    shebangs = ("node", "tsx")
    manifests = ("package.json",)
    commands = ("node", "npm", "npx", "tsx", "ts-node", "tsc", "vite", "vitest", "jest", "mocha", "eslint", "next")
    packaged: Mapping[str, str] = {**{name: npm(name).purl for name in _TOOLS}, "tsc": npm("typescript").purl}
    programs = (
        Program(steps.NODE, ("--version",), _HINT, least=(18,), places=_PLACES),
        Program(steps.NPM, ("--version",), _HINT, least=(8,), places=_PLACES),
    )
    place = PLACE
    parser = os.path.abspath(source.__file__)
    shareable = True

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """What a program needs, as `Resolver.plan`."""
        return plan(view, entry, parse)

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """npm's resolution, for which no package's code has to run."""
        del build
        return steps.resolve(plan, tools)

    def attempts(self, plan: Plan, tools: Tools, hosts: Sequence[Host], *, build: bool) -> Sequence[Attempt]:
        """One resolution: npm's lock has what every system needs."""
        del build
        return (Attempt(tuple(hosts), steps.resolve(plan, tools)[:1], (steps.lock_file(plan),)),)

    def locked_for(self, plan: Plan, attempt: Attempt, left: Mapping[str, str]) -> Sequence[Locked]:
        """The packages that the hosts take. Raises UnfitLock."""
        (name,) = attempt.files
        if name not in left:
            raise UnfitLock("npm left no lock")
        return variants.fetched(left[name], sorted({host.machine for host in attempt.hosts}))

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """What npm writes, and what of it this host cannot use."""
        return (steps.lock_file(plan), steps.UNFIT)

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """The lock, without what this host cannot use. Raises UnfitLock."""
        try:
            unfit = frozenset(each for each in json.loads(left[steps.UNFIT]) if isinstance(each, str))
            text = left[steps.lock_file(plan)]
        except (KeyError, ValueError, TypeError, RecursionError):
            raise UnfitLock("npm left no lock") from None
        return locks.written(text, unfit, steps.project_of(plan), steps.root_manifest(plan).get("overrides"))

    def locked(self, lock: str) -> Sequence[Locked]:
        """The packages of a lock. Raises UnfitLock."""
        return locks.locked(lock)

    def builds(self, lock: str) -> bool:
        """Whether a package cannot be used before a script of its own has run."""
        return bool(locks.builders(lock))

    def install(self, lock: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """npm's installation of a lock."""
        return steps.install(lock, tools, build=build)

    def wants_build(self, words: str) -> bool:
        """Never: without scripts, npm fails of nothing that they would mend."""
        del words
        return False

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """Which package of the lock has another hash than the registry's: npm does not say."""
        return hashes.of_another(words, dict(plan.files))

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """Node, or tsx in it. Raises ManifestError for a file that nothing here can run."""
        return launch(plan, entry, steps.NODE, tools, installed=installed)

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """What was not there to be imported."""
        return diagnose(words, view, plan)
