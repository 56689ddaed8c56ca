"""`pyproject.toml`: `[project]`, dependency groups, and Poetry's own table. Source: PEP 621, PEP 735."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import Requirement, View
from jhansi_runner.resolvers.python import dynamic, groups, poetry, toml, uv_sources
from jhansi_runner.resolvers.python.manifest import Draft, read
from jhansi_runner.resolvers.python.requirement import from_pep508


def collect(view: View, path: str, extras: tuple[str, ...], draft: Draft, *, command: bool = False) -> bool:
    """Add what a project needs; False when there is no such file. Raises ManifestError.

    `command`: what is run is a command, such as pytest, and no program.
    """
    data = read(view, path)
    if data is None:
        return False
    document, text = toml.parse(data, path)
    project = toml.table(document, "project", path, text)
    tool = toml.table(document, "tool", path, text)
    draft.requires_python = draft.requires_python or toml.string(project, "requires-python", path, text)
    before = len(draft.requirements)
    wanted = toml.strings(project, "dependencies", path, text)
    optional = toml.table(project, "optional-dependencies", path, text)
    if command:
        extras = (*extras, *(each for each in groups.FOR_WORK if each in optional and each not in extras))
    spelled = {canonicalize_name(each): each for each in optional}
    for extra in extras:
        wanted = [*wanted, *toml.strings(optional, spelled.get(canonicalize_name(extra), extra), path, text)]
    sources = uv_sources.Sources(view, toml.table(tool, "uv", path, text), path, text, project)
    sources.note(draft)
    _add(wanted, "[project]", sources, path, text, draft)
    if "dependencies" not in project and "poetry" in tool:
        poetry.collect(toml.table(tool, "poetry", path, text), path, text, draft)
    elif dynamic.is_dynamic(document, extras, path, text):
        dynamic.collect(view, document, path, text, draft, extras)
        told = draft.requirements[before:]
        del draft.requirements[before:]
        _sort(told, sources, draft)
    alone = len(draft.requirements) == before and draft.unbuilt is None
    _groups(document, sources, path, text, draft, command=command, alone=alone)
    return True


def _groups(
    document: toml.Table,
    sources: uv_sources.Sources,
    path: str,
    text: str,
    draft: Draft,
    *,
    command: bool,
    alone: bool,
) -> None:
    listed = groups.read(document, path, text)
    chosen = groups.wanted(listed, document, path, text, command=command) if command or alone else []
    for name in chosen:
        _add(groups.requirements(listed, name, path, text), f"[{groups.TABLE}]", sources, path, text, draft)
    if left := sorted(listed.keys() - set(chosen)):
        line = toml.line_of(text, f"[{groups.TABLE}]")
        draft.note(path, line, f"dependency groups that are not installed for this: {', '.join(left)}")


def _add(wanted: list[str], header: str, sources: uv_sources.Sources, path: str, text: str, draft: Draft) -> None:
    start = toml.line_of(text, header)
    _sort([from_pep508(each, path, toml.line_of(text, each, start)) for each in wanted], sources, draft)


def _sort(wanted: list[Requirement], sources: uv_sources.Sources, draft: Draft) -> None:
    """Tell projects of the workspace from packages."""
    for found in wanted:
        if (project := sources.local(found)) is not None:
            draft.projects.append(project)
        else:
            draft.requirements.append(found)
