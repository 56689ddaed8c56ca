"""`[tool.poetry.dependencies]` in the terms of PEP 508.

Source: Poetry's documentation, "Dependency specification".
"""

from __future__ import annotations

from collections.abc import Callable

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.resolvers.python.manifest import Draft, LocalProject
from jhansi_runner.resolvers.python.requirement import from_pep508
from jhansi_runner.resolvers.python.requirements_file import extras_of, folder_of

ELSEWHERE = ("git", "path", "file", "url")


def collect(poetry: toml.Table, path: str, text: str, draft: Draft) -> None:
    """Add the dependencies of a Poetry project. Raises ManifestError."""
    start = toml.line_of(text, "[tool.poetry.dependencies]")
    known = indexes.by_name(poetry.get("source"))
    indexes.note(known, path, toml.line_of(text, "[[tool.poetry.source]]"), draft)
    for name, value in toml.table(poetry, "dependencies", path, text).items():
        line = toml.line_of(text, name, start)
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if name.lower() == "python":
                draft.requires_python = draft.requires_python or _version(name, entry, path, line)
            elif project := _project(entry, path, line):
                draft.projects.append(project)
            elif requirement := _pep508(name, entry, path, line):
                indexes.check(name, entry.get("source") if isinstance(entry, dict) else None, known, path, line)
                draft.requirements.append(from_pep508(requirement, path, line))


def _project(entry: object, path: str, line: int) -> LocalProject | None:
    if not isinstance(entry, dict) or entry.get("optional") is True:
        return None
    folder = folder_of(entry.get("path"), path, line)
    return None if folder is None else LocalProject(folder, extras_of(entry), path, line)


def _pep508(name: str, entry: object, path: str, line: int) -> str:
    """One dependency; "" for one that is installed only on request."""
    version = _version(name, entry, path, line)
    extras, markers = "", []
    if isinstance(entry, dict):
        if entry.get("optional") is True:
            return ""
        if any(kind in entry for kind in ELSEWHERE):
            hint = "name a released version, or put the code into the workspace and drop the dependency"
            raise ManifestError(path, line, f"{name} does not come from the registry", hint)
        if listed := entry.get("extras"):
            extras = f"[{','.join(map(str, listed))}]" if isinstance(listed, list) else ""
        markers = _markers(name, entry, path, line)
    marker = " and ".join(f"({each})" for each in markers) if len(markers) > 1 else "".join(markers)
    return f"{name}{extras}{version}" + (f" ; {marker}" if marker else "")


def _markers(name: str, entry: toml.Table, path: str, line: int) -> list[str]:
    found = []
    if isinstance(marker := entry.get("markers"), str):
        found.append(marker)
    if isinstance(platform := entry.get("platform"), str):
        found.append(f"sys_platform == {platform!r}")
    if isinstance(python := entry.get("python"), str):
        clauses = _translated(name, python, path, line).split(",")
        found.extend(_python_marker(clause) for clause in clauses if clause)
    return found


def _python_marker(clause: str) -> str:
    operator = clause.rstrip("0123456789.*")
    return f"python_full_version {operator} {clause[len(operator) :]!r}"


def _version(name: str, entry: object, path: str, line: int) -> str:
    value = entry.get("version", "*") if isinstance(entry, dict) else entry
    if not isinstance(value, str):
        raise ManifestError(path, line, f"the version of {name} is not a string", 'write it as "^1.2"')
    return _translated(name, value, path, line)


def _translated(name: str, constraint: str, path: str, line: int) -> str:
    try:
        return specifier(constraint)
    except ValueError as fault:
        hint = "write it with the operators of PEP 440, such as >=1.2,<2"
        raise ManifestError(path, line, f"the version of {name}: {fault}", hint) from None


def specifier(constraint: str) -> str:
    """A constraint of Poetry as a PEP 440 specifier: `^1.2` is `>=1.2,<2`. Raises ValueError."""
    if "|" in constraint:
        raise ValueError(f"{constraint!r} is a union of ranges, which PEP 440 cannot express")
    spaced = constraint
    for operator in ("===", "==", ">=", "<=", "~=", "!=", ">", "<", "^", "~"):
        spaced = spaced.replace(f"{operator} ", operator)
    clauses = [clause for part in spaced.split(",") for clause in part.split()]
    return ",".join(found for clause in clauses if (found := _clause(clause)))


def _clause(clause: str) -> str:
    if clause == "*":
        return ""
    if clause.startswith("^"):
        return _range(clause[1:], _caret)
    if clause.startswith("~") and not clause.startswith("~="):
        return _range(clause[1:], _tilde)
    if clause[0].isdigit():
        return f"=={clause}"
    if clause[0] in "=<>!~":
        return f"={clause}" if clause[0] == "=" and clause[1:2] != "=" else clause
    raise ValueError(f"{clause!r} is not a version")


def _range(version: str, upper: Callable[[list[int]], list[int]]) -> str:
    """From a version to the next one that breaks."""
    release = version.split("-")[0].split("+")[0]
    try:
        numbers = [int(part) for part in release.split(".")]
    except ValueError:
        raise ValueError(f"{version!r} is not a release") from None
    return f">={version},<{'.'.join(map(str, upper(numbers)))}"


def _caret(numbers: list[int]) -> list[int]:
    """The leftmost number that is not zero goes up."""
    index = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    return [*numbers[:index], numbers[index] + 1]


def _tilde(numbers: list[int]) -> list[int]:
    """The second number goes up, or the first when it stands alone."""
    index = min(1, len(numbers) - 1)
    return [*numbers[:index], numbers[index] + 1]
