"""Python behind the seam of languages: uv resolves and installs, the interpreter runs."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import IO

from jhansi_runner.proxy.coordinate import PYPI, Coordinate, pypi
from jhansi_runner.resolvers.elsewhere import Attempt, Host
from jhansi_runner.resolvers.interface import Missing, ParseImports, Plan, Unbuilt, View
from jhansi_runner.resolvers.python import backend, foreign, imports, learned, metadata, steps
from jhansi_runner.resolvers.python.diagnosis import diagnose
from jhansi_runner.resolvers.python.launching import launch_for
from jhansi_runner.resolvers.python.names import NameMap, default_names
from jhansi_runner.resolvers.python.plan import PYTHON, plan
from jhansi_runner.resolvers.python.precedence import FILES
from jhansi_runner.resolvers.python.tracebacks import SIGNS
from jhansi_runner.resolvers.resolver import Launch, Locked, Program, Step, Tools, UnfitLock

_PLACE = "/deps"
_WORKSPACE = "/sandbox"
_NO_WHEEL = ("no usable wheels", "no wheels", "building from source is disabled")
"""How uv says that a package would have to be built."""


class PythonResolver:
    """Python. The runner finds the interpreter by itself, since `--python` chooses it."""

    language = PYTHON
    type = PYPI
    suffixes = (".py", ".pyw", ".ipynb")
    shebangs = ("python", "uv")
    manifests = FILES
    commands = ("python", "python3", "pip", "pytest", "uv")
    packaged: Mapping[str, str] = {"pytest": pypi("pytest").purl}
    programs: tuple[Program, ...] = ()
    place = _PLACE
    parser = os.path.abspath(imports.__file__)
    shareable = True

    def __init__(self, names: NameMap | None = None, told: Mapping[str, metadata.Told] | None = None) -> None:
        self._names, self._told = names, told or {}

    def provides(self, artifact: IO[bytes], package: Locked) -> str:
        """What a wheel provides, as lines to keep."""
        return learned.rows(package.name, learned.import_names(artifact))

    def learned_from(self, text: str) -> frozenset[str]:
        """The distributions of lines that were kept, as purls."""
        return frozenset(pypi(name).purl for name in learned.distributions(text))

    def knowing(self, text: str, vouched: frozenset[str]) -> PythonResolver:
        """This resolver with a map more."""
        names = default_names()
        trusted = {Coordinate.parse(purl).name for purl in vouched}
        return PythonResolver(replace(names, learned=learned.unclaimed(text, names, trusted)), self._told)

    def plan(self, view: View, entry: str | None, parse: ParseImports) -> Plan:
        """What a program needs, as `Resolver.plan`."""
        return plan(view, entry, parse, self._names, self._told)

    def ask(self, unbuilt: Unbuilt, tools: Tools) -> Launch:
        """A script that calls the back end's hooks."""
        return backend.command(unbuilt, tools.paths[PYTHON], _PLACE)

    def told(self, unbuilt: Unbuilt, words: str) -> PythonResolver:
        """This resolver, knowing the metadata of a project, or what else its build requires. Raises ManifestError."""
        answer = metadata.told(words, unbuilt.file, unbuilt.line)
        known = backend.with_more(self._told.get(unbuilt.folder, metadata.Told()), answer)
        return PythonResolver(self._names, {**self._told, unbuilt.folder: known})

    def resolve(self, plan: Plan, tools: Tools, *, build: bool) -> Sequence[Step]:
        """uv's resolution. `build` lets source distributions be built for their metadata."""
        return (steps.resolve(plan, tools.paths[PYTHON], build=build),)

    def attempts(self, plan: Plan, tools: Tools, hosts: Sequence[Host], *, build: bool) -> Sequence[Attempt]:
        """uv's resolutions for other hosts."""
        return foreign.attempts(plan, tools.paths[PYTHON], hosts, build=build)

    def locked_for(self, plan: Plan, attempt: Attempt, left: Mapping[str, str]) -> Sequence[Locked]:
        """The packages of a lock for another host. Raises UnfitLock."""
        return foreign.locked(plan, attempt, left)

    def lock_files(self, plan: Plan) -> Sequence[str]:
        """What uv writes."""
        return (steps.LOCK_FILE,)

    def lock(self, plan: Plan, left: Mapping[str, str]) -> str:
        """uv's lock, with the author's hashes alone where there are any. Raises UnfitLock."""
        if steps.LOCK_FILE not in left:  # code of a package that was built there may have taken it away
            raise UnfitLock("uv left no lock")
        return steps.narrowed(left[steps.LOCK_FILE], plan)

    def locked(self, lock: str) -> Sequence[Locked]:
        """The packages of a lock."""
        return steps.locked(lock)

    def builds(self, lock: str) -> bool:
        """Nothing that comes as a wheel runs code to be installed."""
        return False

    def install(self, lock: str, tools: Tools, *, build: bool) -> Sequence[Step]:
        """uv's installation of a lock, with bytecode."""
        return (steps.install(lock, tools.paths[PYTHON], build=build),)

    def wants_build(self, words: str) -> bool:
        """Whether there was no wheel."""
        return any(sign in words for sign in _NO_WHEEL)

    def explain(self, words: str, plan: Plan) -> Sequence[str]:
        """uv's own words do."""
        return ()

    def launch(self, plan: Plan, entry: str | None, tools: Tools, *, installed: bool) -> Launch:
        """The interpreter, with the set on its path, and behind that where the project's own code is."""
        words, mounts = launch_for(entry)
        path = [
            *([_PLACE] if installed else []),
            *(posixpath.join(_WORKSPACE, root).rstrip("/") for root in plan.roots),
        ]
        return Launch(
            (tools.paths[PYTHON], *words),
            env={"PYTHONPATH": ":".join(path)} if path else {},
            path=(f"{_PLACE}/bin",) if installed else (),
            mounts=mounts,
            signs=SIGNS,
        )

    def diagnose(self, words: str, view: View, plan: Plan) -> Sequence[Missing]:
        """What was not there to be imported."""
        return diagnose(words, view, plan, self._names)
