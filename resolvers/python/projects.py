"""Projects that lie in the workspace: what they depend on, and where their own code is imported from.

None is built or installed. What an installation in place (`pip install -e`) would put on the path is put there.

Source: pip's documentation, "Local project installs"; setuptools', "Package Discovery": src-layout and flat-layout.
"""

from __future__ import annotations

import posixpath
import sys

from jhansi_runner.resolvers.interface import ManifestError, View, ViewError
from jhansi_runner.resolvers.python import pyproject, setup_files, toml
from jhansi_runner.resolvers.python.local import join, parents
from jhansi_runner.resolvers.python.manifest import PYPROJECT, Draft, LocalProject, read

MAX_PROJECTS = 64
_SRC = "src"
_MODULES = (".py", ".pyc", ".so")
_TESTS = "test"
"""A folder that many projects have, and a part of the standard library that nobody imports."""


def follow(view: View, draft: Draft) -> None:
    """Add what the projects that a manifest names depend on, and their own. Raises ManifestError."""
    done: set[tuple[str, tuple[str, ...]]] = set()
    for each in draft.projects:  # grows, as projects name others
        if (each.folder, each.extras) in done:
            continue
        if len(done) >= MAX_PROJECTS:
            raise ManifestError(each.file, each.line, f"more than {MAX_PROJECTS} local projects", "name fewer")
        done.add((each.folder, each.extras))
        _add(view, each, draft)


def around(view: View, entry: str | None) -> tuple[str, ...]:
    """Where the code of the project that `entry` belongs to is imported from, besides its own folder."""
    for folder in parents(entry) if entry is not None else ("",):
        if _is_project(view, folder):
            beside = posixpath.dirname(entry) if entry is not None else None
            root = _root(view, folder)
            return () if root == beside or not _fits(view, root) else (root,)
    return ()


def _add(view: View, project: LocalProject, draft: Draft) -> None:
    before = len(draft.requirements), len(draft.projects), draft.unbuilt
    found = pyproject.collect(view, join(project.folder, PYPROJECT), project.extras, draft)
    if (len(draft.requirements), len(draft.projects), draft.unbuilt) == before:
        found = setup_files.collect(view, project.folder, draft, project.extras) or found
    shown = project.folder or "the project itself"
    if not found:
        message = f"{shown} has no {PYPROJECT}, {setup_files.SETUP_CFG} or {setup_files.SETUP_PY}, so it is no project"
        raise ManifestError(project.file, project.line, message, "name a released version, or correct the path")
    root = _root(view, project.folder)
    if _fits(view, root):
        draft.roots.append(root)
        text = f"{shown} is not installed: its code is imported from {root or 'the workspace'}, and nothing is built"
    else:
        text = f"{shown} is not installed, nor on the path: a name in it is one of the standard library's"
    draft.note(project.file, project.line, text)


def _root(view: View, folder: str) -> str:
    """`src` below a project's folder, or the folder itself."""
    source = join(folder, _SRC)
    names = _names(view, source)
    return source if names and "__init__.py" not in names else folder


def _fits(view: View, root: str) -> bool:
    """Whether a folder may stand on the path: PYTHONPATH comes before the standard library, and is split at colons."""
    names = _names(view, root)
    modules = {name.partition(".")[0] for name in names if name.endswith(_MODULES)}
    library = sys.stdlib_module_names - {_TESTS}
    folders = {name[:-1] for name in names if name.endswith("/")} & library
    packages = {each for each in folders if "__init__.py" in _names(view, join(root, each))}
    return ":" not in root and not packages and modules.isdisjoint(library)


def _is_project(view: View, folder: str) -> bool:
    path = join(folder, PYPROJECT)
    if data := read(view, path):
        document, text = toml.parse(data, path)
        tools = toml.table(document, "tool", path, text)
        if not {"project", "build-system"}.isdisjoint(document) or "poetry" in tools:
            return True
    return read(view, join(folder, setup_files.SETUP_PY)) is not None


def _names(view: View, folder: str) -> tuple[str, ...]:
    try:
        return view.names(folder)
    except ViewError:
        return ()
