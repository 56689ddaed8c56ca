"""`requirements.txt`: lines with one version are exact, others are open. Source: pip, "Requirements File Format"."""

from __future__ import annotations

import posixpath

from packaging.specifiers import SpecifierSet

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import PYPI, pypi
from jhansi_runner.resolvers.interface import Requirement
from jhansi_runner.resolvers.python.requirement import from_pep508, pinned
from jhansi_runner.resolvers.python.requirements_file import MAX_FILES, URL, named_file
from jhansi_runner.resolvers.python.requirements_lines import Line, decode, lines
from jhansi_runner.runner.warm.inputs import python
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said
from jhansi_runner.runner.warm.wants import Open

_HINT = "pin it with: uv pip compile, or pip freeze"
_FOLLOWED = {"--requirement": False, "--constraint": True}
_SETTINGS = "is an option of pip's, which a warming does not obey"


def read(file: str, data: bytes, context: Context) -> Said:
    """What a requirements file asks for, and the files below its folder that it names. Raises BadInput, ManifestError.

    A constraint pins what is open by name; by itself it asks for nothing. Where all have hashes pip installs nothing
    else, so that all must be there.
    """
    reader = _Reader(file, context)
    reader.read(file, data, constrains=False)
    return reader.said()


class _Reader:
    def __init__(self, file: str, context: Context) -> None:
        self._folder, self._context = posixpath.dirname(file), context
        self._draft = Draft(file, _HINT)
        self._seen: set[tuple[str, bool]] = set()
        self._asked: list[Requirement] = []
        self._constraints: dict[str, Requirement] = {}

    def read(self, file: str, data: bytes, constrains: bool) -> None:
        self._seen.add((file, constrains))
        for line in lines(decode(data, file), file):
            if line.option in _FOLLOWED:
                self._include(line, file, constrains or _FOLLOWED[line.option])
            elif line.option == "--editable":
                self._draft.leave(line.value, "is not from a registry", line.number)
            elif line.option:
                self._draft.leave(f"{line.option} {line.value}".strip(), _SETTINGS, line.number)
            elif URL.match(line.value) or line.value.startswith((".", "/", "~")):
                self._draft.leave(line.value, "is not from a registry", line.number)
            else:
                self._requirement(line, file, constrains)

    def _include(self, line: Line, file: str, constrains: bool) -> None:
        beside = posixpath.relpath(file, self._folder or ".")
        target = named_file(posixpath.dirname(beside), line.value, file, line.number)
        named = posixpath.join(self._folder, target)
        if (named, constrains) in self._seen:
            return
        if len(self._seen) >= MAX_FILES:
            raise self._draft.wrong(line.number, f"more than {MAX_FILES} files are included")
        data = self._context.beside(target)
        if data is None:
            raise self._draft.wrong(line.number, f"{target} does not exist")
        self.read(named, data, constrains)

    def _requirement(self, line: Line, file: str, constrains: bool) -> None:
        found = from_pep508(line.value, file, line.number, hashes=line.hashes)
        if found.url:
            self._draft.leave(found.name, "is not from a registry", line.number)
        elif constrains:
            self._constraints.setdefault(found.name, found)
        else:
            self._asked.append(found)

    def said(self) -> Said:
        exacts: dict[str, Draft] = {}
        for one in self._asked:
            draft = exacts.setdefault(one.file, Draft(one.file, _HINT))
            constraint = self._constraints.get(one.name)
            version = pinned(SpecifierSet(one.specifier))
            hashes = one.hashes
            if version is None and constraint is not None and not constraint.marker:
                version, hashes = pinned(SpecifierSet(constraint.specifier)), hashes or constraint.hashes
            if version is not None:
                python.add(draft, one.name, version, one.line, self._context.targets, hashes=hashes, marker=one.marker)
            elif not is_canonical(PYPI, "", one.name):
                draft.leave(one.name, "is no name that a package of pypi can have", one.line)
            else:
                draft.opens.setdefault(Open(pypi(one.name), one.specifier, one.file, one.line))
        drafts = [self._draft, *exacts.values()]
        parts = [draft.said() for draft in drafts]
        return Said(
            tuple(one for part in parts for one in part.exacts),
            tuple(one for part in parts for one in part.opens),
            tuple(one for part in parts for one in part.notes),
            as_whole=not all(one.hashes for one in self._asked),
        )
