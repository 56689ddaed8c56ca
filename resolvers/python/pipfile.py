"""`Pipfile`: the packages that Pipenv installs. Source: Pipenv's documentation, "Pipfile & Pipfile.lock"."""

from __future__ import annotations

from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.resolvers.python.manifest import Draft, LocalProject, read
from jhansi_runner.resolvers.python.requirement import from_pep508
from jhansi_runner.resolvers.python.requirements_file import extras_of, folder_of

PIPFILE = "Pipfile"
_ELSEWHERE = ("git", "path", "file", "svn", "hg", "bzr")


def collect(view: View, path: str, draft: Draft) -> bool:
    """Add `[packages]` of a Pipfile; False when there is no such file. Raises ManifestError."""
    data = read(view, path)
    if data is None:
        return False
    document, text = toml.parse(data, path)
    start = toml.line_of(text, "[packages]")
    known = indexes.by_name(document.get("source"))
    indexes.note(known, path, toml.line_of(text, "[[source]]"), draft)
    for name, value in toml.table(document, "packages", path, text).items():
        line = toml.line_of(text, name, start)
        if isinstance(value, dict) and (folder := folder_of(value.get("path"), path, line)) is not None:
            draft.projects.append(LocalProject(folder, extras_of(value), path, line))
            continue
        draft.requirements.append(from_pep508(_pep508(name, value, path, line), path, line))
        if isinstance(value, dict):
            indexes.check(name, value.get("index"), known, path, line)
    version = toml.string(toml.table(document, "requires", path, text), "python_version", path, text)
    draft.requires_python = draft.requires_python or (f"=={version}.*" if version else "")
    return True


def _pep508(name: str, value: object, path: str, line: int) -> str:
    entry = {"version": value} if isinstance(value, str) else value
    if not isinstance(entry, dict):
        raise ManifestError(path, line, f"the version of {name} is not a string", 'write it as "*" or ">=1.2"')
    if any(kind in entry for kind in _ELSEWHERE):
        hint = "name a released version, or put the code into the workspace and drop the dependency"
        raise ManifestError(path, line, f"{name} does not come from the registry", hint)
    version, extras, marker = entry.get("version", "*"), entry.get("extras", []), entry.get("markers", "")
    if not isinstance(version, str) or not isinstance(extras, list) or not isinstance(marker, str):
        raise ManifestError(path, line, f"{name} is not as Pipenv writes it", "see Pipenv's documentation")
    if version and version[0].isdigit():
        version = f"=={version}"
    chosen = f"[{','.join(map(str, extras))}]" if extras else ""
    conditions = [f"({marker})"] if marker else []
    conditions += [f"{key} {entry[key]}" for key in _MARKERS if isinstance(entry.get(key), str)]
    joined = " and ".join(conditions)
    return f"{name}{chosen}{'' if version == '*' else version}" + (f" ; {joined}" if joined else "")


_MARKERS = ("sys_platform", "platform_system", "platform_machine", "os_name", "python_version", "python_full_version")
"""Keys of a package that are markers, with an operator and a value. Source: PEP 508."""
