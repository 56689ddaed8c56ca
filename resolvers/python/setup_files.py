"""`setup.cfg` and `setup.py`, from before `pyproject.toml`.

Source: setuptools' documentation, "Configuring setuptools using setup.cfg files".
"""

from __future__ import annotations

import configparser
import posixpath

from jhansi_runner.resolvers.interface import ManifestError, SourceFile, View
from jhansi_runner.resolvers.python import backend, requirements_file
from jhansi_runner.resolvers.python.local import join
from jhansi_runner.resolvers.python.manifest import Draft, read
from jhansi_runner.resolvers.python.requirement import from_pep508

SETUP_CFG = "setup.cfg"
SETUP_PY = "setup.py"
_OPTIONS = "options"


def collect(view: View, folder: str, draft: Draft, extras: tuple[str, ...] = ()) -> bool:
    """Add what the setup.cfg of a folder asks for, else what its setup.py does; False when there is neither.

    Extras are told by the build. Raises ManifestError.
    """
    cfg, py, before = join(folder, SETUP_CFG), join(folder, SETUP_PY), len(draft.requirements)
    for path in (py, cfg) if extras else ():
        if read(view, path) is not None:
            backend.ask_for(draft, folder, path, 1, backend.of_folder(view, folder), extras)
            return True
    there = collect_cfg(view, cfg, draft)
    if len(draft.requirements) == before:
        there = collect_py(view, py, draft) or there
    return there


def collect_cfg(view: View, path: str, draft: Draft) -> bool:
    """Add `install_requires` of a setup.cfg; False when there is no such file. Raises ManifestError."""
    data = read(view, path)
    if data is None:
        return False
    parser = configparser.RawConfigParser()
    try:
        text = data.decode("utf-8-sig")
        parser.read_string(text)
    except (UnicodeDecodeError, configparser.Error) as fault:
        line = getattr(fault, "lineno", 0) or 0
        reason = str(fault).partition("\n")[0]
        raise ManifestError(path, line, f"is not a configuration file: {reason[:120]}", "correct the file") from None
    draft.requires_python = draft.requires_python or parser.get(_OPTIONS, "python_requires", fallback="").strip()
    value = parser.get(_OPTIONS, "install_requires", fallback="").strip()
    if value.startswith("file:"):
        from_files(view, path, [name.strip() for name in value.removeprefix("file:").split(",")], draft)
        return True
    for entry in value.splitlines() if "\n" in value else value.split(";"):
        requirement = entry.partition(" #")[0].strip()
        if requirement and not requirement.startswith("#"):
            draft.requirements.append(from_pep508(requirement, path, _line(text, requirement)))
    return True


def collect_py(view: View, path: str, draft: Draft) -> bool:
    """Add what a setup.py passes to `setup` as plain strings, or what its build said. Raises ManifestError."""
    data = read(view, path) if draft.parse is not None else None
    if data is None or draft.parse is None:
        return False
    (parsed,) = draft.parse([SourceFile(path, data)])
    facts = parsed.facts if isinstance(parsed.facts, dict) else {}
    listed, python = facts.get("install_requires"), facts.get("python_requires")
    if isinstance(python, str):
        draft.requires_python = draft.requires_python or python
    if isinstance(listed, list):
        text = data.decode("utf-8", "replace")
        for each in listed:
            draft.requirements.append(from_pep508(str(each), path, _line(text, str(each))))
    elif listed is not None:
        folder = posixpath.dirname(path)
        backend.ask_for(draft, folder, path, 1, backend.of_folder(view, folder))
    return True


def from_files(view: View, path: str, names: list[str], draft: Draft) -> None:
    """Add what the requirements files beside a manifest ask for. Raises ManifestError."""
    for name in names:
        target = requirements_file.named_file(posixpath.dirname(path), name, path, 0)
        if not requirements_file.collect(view, target, draft):
            raise ManifestError(path, 0, f"{target} does not exist", "correct the path; it is relative to the manifest")


def _line(text: str, word: str) -> int:
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if word in line), 1)
