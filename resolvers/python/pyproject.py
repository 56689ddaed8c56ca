"""`pyproject.toml`: `[project]`, dependency groups, and Poetry's own table. Source: PEP 621, PEP 735."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.python import dynamic, groups, poetry, toml
from jhansi_runner.resolvers.python.manifest import Draft, read
from jhansi_runner.resolvers.python.requirement import from_pep508

# Sources that uv would take from elsewhere; the registry's package of that name is somebody else's.
ELSEWHERE = ("git", "path", "url", "workspace")


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
    for extra in extras:
        wanted = [*wanted, *toml.strings(optional, extra, path, text)]
    _add(wanted, "[project]", tool, path, text, draft)
    if "dependencies" not in project and "poetry" in tool:
        poetry.collect(toml.table(tool, "poetry", path, text), path, text, draft)
    elif "dependencies" in toml.strings(project, "dynamic", path, text):
        dynamic.collect(view, document, path, text, draft)
    _groups(document, tool, path, text, draft, command=command, alone=len(draft.requirements) == before)
    return True


def _groups(
    document: toml.Table, tool: toml.Table, path: str, text: str, draft: Draft, *, command: bool, alone: bool
) -> None:
    listed = groups.read(document, path, text)
    chosen = groups.wanted(listed, document, path, text, command=command) if command or alone else []
    for name in chosen:
        _add(groups.requirements(listed, name, path, text), f"[{groups.TABLE}]", tool, path, text, draft)
    if left := sorted(listed.keys() - set(chosen)):
        line = toml.line_of(text, f"[{groups.TABLE}]")
        draft.note(path, line, f"dependency groups that are not installed for this: {', '.join(left)}")


def _add(wanted: list[str], header: str, tool: toml.Table, path: str, text: str, draft: Draft) -> None:
    start = toml.line_of(text, header)
    for requirement in wanted:
        line = toml.line_of(text, requirement, start)
        found = from_pep508(requirement, path, line)
        _check_source(tool, found.name, path, line, text, draft)
        draft.requirements.append(found)


def _check_source(tool: toml.Table, name: str, path: str, line: int, text: str, draft: Draft) -> None:
    """A dependency with a source outside the registry must not become the registry's package of that name."""
    sources = toml.table(toml.table(tool, "uv", path, text), "sources", path, text)
    for key, value in sources.items():
        if canonicalize_name(key) != name:
            continue
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, dict):
                raise toml.wrong(path, text, key, "a table")
            if any(kind in entry for kind in ELSEWHERE):
                hint = "name a released version, or put the code into the workspace and drop the dependency"
                message = f"{name} comes from tool.uv.sources, not from the registry"
                raise ManifestError(path, line, message, hint)
            where = toml.line_of(text, key, toml.line_of(text, "[tool.uv.sources]"))
            draft.note(path, where, f"the index of {name} is not obeyed: registries are set by the policy")
