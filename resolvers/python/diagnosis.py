"""Which packages a program missed when it ran, and the line that each manifest wants for them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.utils import canonicalize_name

from jhansi_runner.resolvers.interface import NOTHING, SCAN, Missing, Plan, Requirement, View, ViewError
from jhansi_runner.resolvers.python.additions import addition
from jhansi_runner.resolvers.python.imports import by_line
from jhansi_runner.resolvers.python.local import Modules, parents
from jhansi_runner.resolvers.python.manifest import REQUIREMENTS
from jhansi_runner.resolvers.python.names import NameMap, default_names
from jhansi_runner.resolvers.python.requirement import from_pep508
from jhansi_runner.resolvers.python.stdlib import is_stdlib
from jhansi_runner.resolvers.python.tracebacks import DISTRIBUTION, SHADOW, Failure, Frame, failures

RUNTIME = "runtime"
"""The origin of a requirement that a package's own message asked for."""
MAX_MISSING = 20
_SANDBOX = "/sandbox/"
_WITHOUT_PIP = "packages that are imported, or named in requirements.txt, are installed without it, and "
"""What whoever types `pip install` wants to know."""


def diagnose(words: str, view: View, plan: Plan, names: NameMap | None = None) -> Sequence[Missing]:
    """What a program with these last words on stderr did not find. Of a chain of exceptions, what a map knows first.

    The words are the program's, and so is every file of the view: nothing but a name that our maps know becomes a
    requirement.
    """
    maps = names or default_names()
    found = [each for failure in failures(words) for each in _Case(failure, view, plan, maps).missing()]
    certain: dict[str, Missing] = {}
    for each in found:
        if each.requirement is not None:
            certain.setdefault(each.requirement.text, each)
    if certain:  # the others of the chain are alternatives, or came of it
        first = next(iter(certain.values())).import_name
        return tuple(each for each in certain.values() if each.import_name == first)
    return tuple(found[:MAX_MISSING])


class _Case:
    """One failure, with all that is known about it."""

    def __init__(self, failure: Failure, view: View, plan: Plan, names: NameMap) -> None:
        self._failure = failure
        self._view = view
        self._plan = plan
        self._names = names
        self._frame = self._place()
        self._file, self._line = (self._inside(self._frame.path), self._frame.line) if self._frame else ("", 0)

    def missing(self) -> Iterator[Missing]:
        name = self._failure.name
        if self._failure.kind == DISTRIBUTION:
            yield from self._asked_for(name)
        elif self._failure.kind == SHADOW:
            yield from self._shadowed(name)
        elif is_stdlib(name) or name == "_tkinter":
            yield self._told(name, "it belongs to Python's standard library, and this Python does not have it")
        elif local := self._local(name):
            reason = f"{local} is a file of the workspace: start the program from the folder that the import begins in"
            yield self._told(name, reason)
        else:
            yield from self._module(name)

    def _module(self, name: str) -> Iterator[Missing]:
        asked = self._spelled_out(name)
        known = {each: answer for each in asked if (answer := self._names.lookup(each))}
        if not known:
            shown = self._names.undecided_name(asked[0])
            manifest = REQUIREMENTS if self._plan.source in (SCAN, NOTHING) else self._plan.source
            words = f"no map knows a package that provides it: if you mean one, name it in {manifest}"
            yield self._told(shown, words, self._names.closest(shown))
        for each, answer in known.items():
            for text in answer.requirements:
                new = self._requirement(text, answer.origin, answer.matched)
                if self._has(new):
                    words = f"{new.name} is installed, and this version has no {each}: name another version"
                    yield self._told(name, words)
                else:
                    by_itself = name == "pip" and self._frame is None
                    yield self._wanted(answer.matched, new, _WITHOUT_PIP if by_itself else "")

    def _asked_for(self, text: str) -> Iterator[Missing]:
        """A package's message names what it wants; only a name that our maps know is believed."""
        try:
            wanted = Pep508(text)
        except InvalidRequirement:
            return
        name = canonicalize_name(wanted.name)
        if not self._names.is_distribution(name):
            return
        new = self._requirement(text, RUNTIME, None)
        if not self._has(new):
            yield self._wanted(name, new, "a package asks for it in its message, and ")

    def _shadowed(self, name: str) -> Iterator[Missing]:
        top = name.partition(".")[0]
        local = self._local(top)
        if local and (is_stdlib(top) or self._names.lookup(top)):
            reason = f"{local} has the name of the package {top} and is imported in its place: rename the file"
            yield self._told(top, reason)

    def _spelled_out(self, name: str) -> list[str]:
        """The dotted names that the line of source imports below `name`; `import google.cloud.storage` fails early."""
        innermost = self._failure.frames[-1] if self._failure.frames else None
        imported = by_line(innermost.source) if innermost else ()
        longer = [each.name for each in imported if f"{each.name}.".startswith(f"{name}.")]
        return longer or [name]

    def _local(self, name: str) -> str:
        """The file of the workspace for an import name, from the folders that the traceback went through."""
        files = [self._inside(frame.path) for frame in self._failure.frames]
        folders = dict.fromkeys(folder for file in files if file for folder in parents(file))
        roots = (*folders, *(root for root in ("", "src", "lib") if root not in folders))
        found = Modules(self._view, roots).absolute(name.partition(".")[0])
        return found[-1] if found else ""

    def _place(self) -> Frame | None:
        """The innermost place in the workspace; a cause that lies in packages alone is told where it led to."""
        inwards = (*reversed(self._failure.frames), *reversed(self._failure.outer))
        return next((each for each in inwards if self._inside(each.path)), None)

    def _inside(self, path: str) -> str:
        """A path of a traceback as the view knows it, "" for one that is not in the workspace."""
        known = posixpath.normpath(path.removeprefix(_SANDBOX))
        if known.startswith(("/", "..", "<")) or known == ".":
            return ""
        try:
            return known if self._view.read(known) is not None else ""
        except ViewError:
            return ""

    def _requirement(self, text: str, origin: str, import_name: str | None) -> Requirement:
        return from_pep508(text, self._file, self._line, origin=origin, import_name=import_name)

    def _has(self, new: Requirement) -> bool:
        """Whether the plan asks for it already, as narrowly and with the same extras."""
        for each in self._plan.requirements:
            if each.name == new.name and set(new.extras) <= set(each.extras):
                return not new.specifier or each.specifier == new.specifier
        return False

    def _told(self, name: str, reason: str, closest: str | None = None) -> Missing:
        return Missing(name, self._file, self._line, reason, closest=closest)

    def _wanted(self, name: str, new: Requirement, reason: str) -> Missing:
        manifest, line = addition(self._plan, new, self._view)
        scanned = self._plan.source in (SCAN, NOTHING)
        why = "the scan did not see it" if scanned else f"{self._plan.source} does not name it"
        return Missing(name, self._file, self._line, f"{reason}{why}", new, None, line, manifest)
