"""The poms of a workspace that one program or one build is made from. Source: Maven's "Introduction to the POM"."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.resolvers.java.document import Element, element_of
from jhansi_runner.resolvers.java.paths import join, parents
from jhansi_runner.resolvers.java.pom import Pom, properties_of

POM = "pom.xml"
MAX_MODULES = 300


@dataclass(frozen=True, slots=True)
class Project:
    """`pom` is the one that decides, `modules` are all poms of its build by their group and name."""

    pom: Pom
    modules: dict[str, Pom]

    def needed(self, *, everything: bool) -> tuple[Pom, ...]:
        """The poms whose dependencies are needed: that of the program first, then the modules that it needs."""
        found = {self.pom.path: self.pom}
        waiting = [self.pom]
        while waiting:
            pom = waiting.pop(0)
            for artifact in dependencies(pom):
                module = self.modules.get(artifact.key)
                if module is not None and module.path not in found:
                    found[module.path] = module
                    waiting.append(module)
        if everything:
            found |= {pom.path: pom for pom in self.modules.values() if pom.path not in found}
        return tuple(found.values())


def dependencies(pom: Pom) -> Iterator[Artifact]:
    """The dependencies of a pom, with those that it inherits in the workspace."""
    for each in pom.line:
        for artifact, _ in each.artifacts("dependencies"):
            yield artifact


class Poms:
    """Reads poms through a view, each once."""

    def __init__(self, view: View, parse: ParseImports) -> None:
        self._view, self._parse = view, parse
        self._roots: dict[str, Element | None] = {}

    def element(self, path: str) -> Element | None:
        """The root element of a pom.xml, None when there is none. Raises ManifestError."""
        if path not in self._roots:
            self.read([path])
        return self._roots[path]

    def read(self, paths: Iterable[str]) -> None:
        """Read several at once. Raises ManifestError for one that cannot be read."""
        sources = []
        for path in dict.fromkeys(paths):
            if path in self._roots:
                continue
            self._roots[path] = None
            try:
                data = self._view.read(path)
            except ViewError as fault:
                raise ManifestError(path, 0, fault.reason, "make it a regular file inside the workspace") from None
            if data is not None:
                sources.append(SourceFile(path, data))
        for answer in self._parse(sources) if sources else ():
            self._roots[answer.path] = _project(answer.path, answer.problem, answer.facts)

    def pom(self, path: str, seen: frozenset[str] = frozenset()) -> Pom | None:
        """The pom at a path, with what it inherits from in the workspace. Raises ManifestError."""
        root = self.element(path)
        if root is None:
            return None
        parent = None
        above = self._parent_path(path, root)
        if above and above not in seen:
            parent = self.pom(above, seen | {path})
            if parent is not None and not _is_parent(root, parent):
                parent = None
        return Pom(path, root, parent, properties_of(root))

    def _parent_path(self, path: str, root: Element) -> str:
        named = root.first("parent")
        if named is None:
            return ""
        relative = named.first("relativePath")
        words = relative.text if relative is not None else "../pom.xml"
        if not words:
            return ""
        found = normal(posixpath.dirname(path), words)
        return (found if found is None or found.endswith(".xml") else join(found, POM)) or ""

    def modules(self, pom: Pom) -> dict[str, Pom]:
        """The modules of a build, with itself, by group and name; bounded."""
        found: dict[str, Pom] = {}
        waiting, seen = [pom], {pom.path}
        while waiting and len(found) < MAX_MODULES:
            batch, waiting = waiting, []
            below = []
            for each in batch:
                found.setdefault(each.key, each)
                below += [path for path in module_paths(each) if path not in seen]
            seen.update(below)
            self.read(below[:MAX_MODULES])
            waiting = [inner for path in below[:MAX_MODULES] if (inner := self.pom(path)) is not None]
        return found


def _project(path: str, problem: str | None, facts: object) -> Element:
    hint = "correct the file, or remove it to scan"
    if problem is not None:
        line = problem.removeprefix("line ").partition(":")[0]
        raise ManifestError(path, int(line) if line.isdecimal() else 1, f"is not XML: {problem}", hint)
    try:
        root = element_of(facts)
    except ValueError:
        raise ManifestError(path, 1, "cannot be read: it broke the parser", hint) from None
    if root.name != "project":
        raise ManifestError(path, root.line, f"is no pom: its root is <{root.name}>", hint)
    return root


def _is_parent(root: Element, parent: Pom) -> bool:
    words = tuple(root.words("parent", name) for name in ("groupId", "artifactId"))
    return words == (parent.coordinate("groupId"), parent.coordinate("artifactId"))


def module_paths(pom: Pom) -> list[str]:
    """The poms of the modules that a pom names, also in its profiles."""
    folder = posixpath.dirname(pom.path)
    named = [*pom.root.all("modules", "module"), *pom.root.all("profiles", "profile", "modules", "module")]
    found = []
    for each in named:
        path = normal(folder, pom.filled(each.text)) if each.text else None
        if path is not None:
            found.append(path if path.endswith(".xml") else join(path, POM))
    return found


def normal(folder: str, relative: str) -> str | None:
    """A path relative to a folder of the workspace, None when it leads out of it."""
    if relative.startswith("/") or "\\" in relative or "\0" in relative:
        return None
    path = posixpath.normpath(posixpath.join(folder, relative))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path


def find(view: View, entry: str | None, parse: ParseImports) -> Project | None:
    """The project of the nearest pom.xml: its modules are those of the topmost build that it belongs to.

    Raises ManifestError.
    """
    poms = Poms(view, parse)
    folders = parents(entry) if entry is not None else ("",)
    for number, folder in enumerate(folders):
        pom = poms.pom(join(folder, POM))
        if pom is None:
            continue
        top = pom.line[-1]
        for above in folders[number + 1 :]:
            higher = poms.pom(join(above, POM))
            if higher is not None and (top.path in module_paths(higher) or pom.path in module_paths(higher)):
                top = higher.line[-1]
        modules = poms.modules(top)
        modules.setdefault(pom.key, pom)
        return Project(modules[pom.key] if modules[pom.key].path == pom.path else pom, modules)
    return None
