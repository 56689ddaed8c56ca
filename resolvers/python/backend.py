"""The build of a project, asked what the project depends on where no file says it.

The plan names what has to be asked, and is made again when the answer is there.

Source: PEP 517, PEP 518; ADR 0011.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
from dataclasses import replace
from typing import NamedTuple

from jhansi_runner.resolvers.interface import ManifestError, Unbuilt, View
from jhansi_runner.resolvers.python import hooks, metadata, toml
from jhansi_runner.resolvers.python.local import join
from jhansi_runner.resolvers.python.manifest import PYPROJECT, Draft, read
from jhansi_runner.resolvers.python.metadata import PRETENDED, Told
from jhansi_runner.resolvers.python.requirement import from_pep508
from jhansi_runner.resolvers.resolver import PROJECT, Launch

LEGACY = "setuptools.build_meta:__legacy__"
"""What builds a project that names no back end. Source: PEP 517, "Source trees"."""
_TABLE = "build-system"
_ENTRY_POINT = re.compile(r"[\w.]+(:[\w.]+)?")
_MAX_NAME, _MAX_PATHS = 200, 20
_SCRIPT = "/launch/hooks.py"
_ENV = {
    # The version is not asked for, and what would tell it, such as the history in git, is not shown.
    **dict.fromkeys(("SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION"), PRETENDED),
    **dict.fromkeys(("POETRY_DYNAMIC_VERSIONING_BYPASS", "UV_DYNAMIC_VERSIONING_BYPASS"), PRETENDED),
}


class BuildSystem(NamedTuple):
    """The table `build-system`: the back end, "" for none, where in the project it lies, and what it requires."""

    backend: str
    path: tuple[str, ...]
    requires: tuple[str, ...]
    file: str
    text: str

    @property
    def is_setuptools(self) -> bool:
        """Whether setuptools builds the project, which reads `setup.cfg` and `setup.py`."""
        return not self.path and self.backend.partition(":")[0] in ("", "setuptools.build_meta")


def build_system(document: toml.Table, file: str, text: str) -> BuildSystem:
    """What a `pyproject.toml` says of its build. Raises ManifestError."""
    table = toml.table(document, _TABLE, file, text)
    if table and "requires" not in table:
        raise ManifestError(file, toml.line_of(text, f"[{_TABLE}]"), "build-system has no `requires`", "see PEP 518")
    requires = toml.strings(table, "requires", file, text) if table else ["setuptools"]
    backend = toml.string(table, "build-backend", file, text)
    if backend and not (len(backend) <= _MAX_NAME and _ENTRY_POINT.fullmatch(backend)):
        raise toml.wrong(file, text, "build-backend", "an entry point, such as hatchling.build")
    path = tuple(posixpath.normpath(each) for each in toml.strings(table, "backend-path", file, text))
    if len(path) > _MAX_PATHS or any(_leads_out(each) for each in path):
        line = toml.line_of(text, "backend-path")
        raise ManifestError(file, line, "backend-path leads out of the project", "name folders of the project")
    return BuildSystem(backend, path, tuple(requires), file, text)


def _leads_out(path: str) -> bool:
    return path.startswith("/") or path.split("/")[0] == ".." or len(path) > _MAX_NAME


def ask_for(draft: Draft, folder: str, file: str, line: int, build: BuildSystem, extras: tuple[str, ...] = ()) -> None:
    """Add what the build of the project in `folder` said; else leave it to be asked. Raises ManifestError."""
    told = draft.told.get(folder, Told())
    if told.metadata is not None:
        found = metadata.read(told.metadata, extras, file, line)
        draft.requirements += found.requirements
        draft.requires_python = draft.requires_python or found.requires_python
        return
    start = toml.line_of(build.text, f"[{_TABLE}]")
    needs = [from_pep508(each, build.file, toml.line_of(build.text, each, start)) for each in build.requires]
    backend = build.backend or LEGACY
    draft.unbuilt = Unbuilt(folder, file, line, backend, (*needs, *told.requires), build.path, bool(told.requires))
    draft.note(file, line, f"what it depends on is made by code: before a run, {backend} is asked for it in a sandbox")


def of_folder(view: View, folder: str) -> BuildSystem:
    """What the `pyproject.toml` of a folder says of the build; setuptools where there is none. Raises ManifestError."""
    path = join(folder, PYPROJECT)
    data = read(view, path)
    document, text = toml.parse(data, path) if data is not None else ({}, "")
    return build_system(document, path, text)


def command(unbuilt: Unbuilt, python: str, place: str) -> Launch:
    """The command that asks. `place` is where what the build requires is found."""
    question = {
        "backend": unbuilt.backend,
        "path": unbuilt.path,
        "packages": place,
        "settled": unbuilt.settled,
    }
    return Launch(
        (python, "-I", _SCRIPT, PROJECT, json.dumps(question)),
        env={"PYTHONPATH": place, **_ENV},
        path=(f"{place}/bin",),
        mounts=((os.path.abspath(hooks.__file__), _SCRIPT),),
    )


def with_more(known: Told, answer: Told) -> Told:
    """What is known of a build after another answer."""
    return replace(answer, requires=answer.requires or known.requires)
