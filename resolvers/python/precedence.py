"""Which manifest speaks for a program. The first of these that names a package decides, alone:

1. inline metadata of the program itself (PEP 723);
2. from the program's folder up to the workspace, the nearest folder first, and in each folder in this order:
   `pylock.toml`, `pyproject.toml`, `requirements.txt`, `setup.cfg`, `setup.py`, `Pipfile`, and a `pylock.NAME.toml`
   when it is the only one;
3. none: the imports decide.

One that names no package decides nothing: templates are born empty. One that leaves it to its build names what that
says. Locks in tools' own forms are not read; a note says so, since the versions may differ from theirs.

Source: ADR 0005.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jhansi_runner.resolvers.interface import NOTHING, ParseImports, View, ViewError
from jhansi_runner.resolvers.python import inline, pipfile, projects, pylock, pyproject, requirements_file, setup_files
from jhansi_runner.resolvers.python.local import join, parents
from jhansi_runner.resolvers.python.manifest import PYPROJECT, REQUIREMENTS, Draft, Manifest
from jhansi_runner.resolvers.python.metadata import Told

FILES = (
    pylock.NAME,
    PYPROJECT,
    REQUIREMENTS,
    setup_files.SETUP_CFG,
    setup_files.SETUP_PY,
    pipfile.PIPFILE,
)
"""The manifests, in their order."""
_TOOLS_LOCKS = {
    PYPROJECT: (("uv.lock", "uv export --format pylock.toml -o pylock.toml"), ("poetry.lock", ""), ("pdm.lock", "")),
    pipfile.PIPFILE: (("Pipfile.lock", ""),),
}
"""Locks beside a manifest, and the command that turns each into one that is obeyed."""

Collect = Callable[[View, str, Draft], bool]


def find_manifest(
    view: View, entry: str | None, parse: ParseImports, told: Mapping[str, Told] | None = None
) -> Manifest:
    """The manifest that decides; one without requirements when none does. Raises ManifestError, ViewError.

    `told` is what builds of projects have said, by the project's folder.
    """
    skipped = Draft()
    if entry is not None:
        data = view.read(entry)
        found = inline.manifest(data, entry) if data is not None else None
        if found is not None:
            if found.requirements:
                return found
            skipped.requires_python = found.requires_python
    readers = _readers(command=entry is None)
    for folder in parents(entry) if entry is not None else ("",):
        for path, collect in _candidates(view, folder, readers, skipped):
            draft = Draft(requires_python=skipped.requires_python, told=told or {}, parse=parse)
            if not collect(view, path, draft):
                continue
            projects.follow(view, draft)
            if draft.requirements or draft.unbuilt is not None:
                draft.notes = [*skipped.notes, *draft.notes, *_unread_locks(view, folder, path)]
                draft.roots = [*skipped.roots, *draft.roots, *projects.around(view, entry)]
                return draft.finish(path)
            skipped.notes += draft.notes or [f"{path}: names no package, so it does not decide"]
            skipped.requires_python = draft.requires_python
            skipped.roots += draft.roots
    skipped.roots += projects.around(view, entry)
    return skipped.finish(NOTHING)


def _readers(*, command: bool) -> dict[str, Collect]:
    def project(view: View, path: str, draft: Draft) -> bool:
        return pyproject.collect(view, path, (), draft, command=command)

    def lines(view: View, path: str, draft: Draft) -> bool:
        return requirements_file.collect(view, path, draft, command=command)

    collects = (
        pylock.collect,
        project,
        lines,
        setup_files.collect_cfg,
        setup_files.collect_py,
        pipfile.collect,
    )
    return dict(zip(FILES, collects, strict=True))


def _candidates(view: View, folder: str, readers: dict[str, Collect], skipped: Draft) -> Iterator[tuple[str, Collect]]:
    """The manifests that a folder may have. It is listed last.

    What lists a folder is planned again when something appears there.
    """
    yield from ((join(folder, name), collect) for name, collect in readers.items())
    try:
        named = [name for name in view.names(folder) if pylock.NAMED.fullmatch(name)]
    except ViewError:
        return
    if len(named) == 1:
        yield join(folder, named[0]), pylock.collect
    elif named:
        skipped.notes.append(f"{join(folder, named[0])}: one of several locks, so none decides: name one {pylock.NAME}")


def _unread_locks(view: View, folder: str, path: str) -> Iterator[str]:
    for name, command in _TOOLS_LOCKS.get(path.rpartition("/")[2], ()):
        lock = join(folder, name)
        try:
            there = view.read(lock) is not None
        except ViewError:
            there = True
        if there:
            hint = f"; {command!r} makes a lock that is obeyed" if command else ""
            yield f"{lock}: is not read, {path} decides{hint}"
