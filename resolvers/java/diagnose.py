"""What javac, java, Maven and Gradle say when something is not there: the name, the place, and what provides it."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import NOTHING, SCAN, Missing, Plan, View, ViewError
from jhansi_runner.resolvers.java import gradle
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.resolvers.java.names import NameMap, default_names
from jhansi_runner.resolvers.java.newer import newer
from jhansi_runner.resolvers.java.paths import join, parents
from jhansi_runner.resolvers.java.project import POM
from jhansi_runner.resolvers.java.scan import LAYOUTS
from jhansi_runner.resolvers.java.target import Target

MAX_FOUND = 100
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NAME = r"[A-Za-z_$][\w$]*(?:\.[\w$]+)*"
_PLACE = (
    r"(?:\[ERROR\] )?(?P<file>[^\s:][^:\n]*\.java):"
    r"(?:\[(?P<line>[0-9]{1,9}),[0-9]+\]|(?P<plain>[0-9]{1,9}):(?: error:)?)"
)
_PACKAGE = re.compile(rf"{_PLACE} package (?P<name>{_NAME}) does not exist")
_NO_SYMBOL = re.compile(rf"{_PLACE} cannot find symbol")
_SYMBOL = re.compile(r"(?:\[ERROR\] )?\s*symbol:\s+(?:class|interface|static)?\s*(?P<name>\w+)")
_LOCATION = re.compile(rf"(?:\[ERROR\] )?\s*location:\s+package (?P<name>{_NAME})")
_NO_FILE = re.compile(rf"\s*class file for (?P<name>{_NAME}) not found")
_NO_CLASS = re.compile(r"(?:.*?\b)?(?:NoClassDefFoundError: |ClassNotFoundException: )(?P<name>[A-Za-z_$][\w$./]*)")
_NO_DRIVER = re.compile(r".*No suitable driver found for (?P<name>jdbc:[a-z0-9]+)")
_FRAME = re.compile(r"\s+at (?:[\w.]+//?)?[\w$.<>]+\((?P<file>\w+\.java):(?P<line>[0-9]{1,9})\)")
_NO_ARTIFACT = re.compile(
    r".*?(?:Could not find artifact |Could not resolve |Could not find |artifacts could not be resolved: )"
    r"(?P<name>[\w.-]+:[\w.-]+(?::[\w.-]+)*)"
)

_NOT_THERE = "it is not installed"
_UNKNOWN = "no map knows an artifact that provides it"
_NO_SUCH = "the registry has no such artifact, the policy withholds it, or, offline, the cache has it not"


@dataclass(frozen=True, slots=True)
class _Found:
    """A name that was not there; `file` is as the message has it."""

    name: str
    file: str
    line: int
    artifact: bool = False


def missing(words: str, view: View, plan: Plan, names: NameMap | None = None) -> Sequence[Missing]:
    """What these words say was not there, each once, with what provides it."""
    names = names or default_names()
    places = _Places(view, plan)
    answers: dict[str, Missing] = {}
    for found in _read(_COLOUR.sub("", words).splitlines()):
        if len(answers) >= MAX_FOUND:
            break
        one = _artifact(found, plan, names) if found.artifact else _class(found, places, plan, names)
        if one is not None:
            answers.setdefault(one.requirement.name if one.requirement else one.import_name, one)
    for later in newer(words.splitlines()):
        if len(answers) < MAX_FOUND:
            reason = f"{later.what} needs it, and the host's is older: put a JDK {later.release} first on PATH"
            one = Missing(f"Java {later.release}", places.path(later.file), later.line, reason)
            answers.setdefault(one.import_name, one)
    return tuple(answers.values())


def _read(lines: Sequence[str]) -> Iterator[_Found]:
    symbol = at = None
    for number, line in enumerate(lines):
        if found := _PACKAGE.match(line):
            yield _Found(_imported(lines, number, found["name"]), found["file"], int(found["line"] or found["plain"]))
        elif found := _NO_SYMBOL.match(line):
            symbol, at = None, found
        elif found := _SYMBOL.match(line):
            symbol = found["name"]
        elif (found := _LOCATION.match(line)) and at is not None and symbol is not None:
            yield _Found(f"{found['name']}.{symbol}", at["file"], int(at["line"] or at["plain"]))
        elif found := _NO_FILE.match(line):
            yield _Found(found["name"], "", 0)
        elif found := _NO_DRIVER.match(line):
            yield _Found(found["name"], *_frame(lines[number + 1 :]))
        elif found := _NO_CLASS.match(line):
            yield _Found(found["name"].replace("/", ".").rstrip("."), *_frame(lines[number + 1 :]))
        elif found := _NO_ARTIFACT.match(line):
            yield _Found(found["name"].rstrip("."), "", 0, artifact=True)


def _imported(lines: Sequence[str], number: int, package: str) -> str:
    """The class that the next line imports from this package, which tells more than the package alone."""
    after = lines[number + 1] if number + 1 < len(lines) else ""
    found = re.match(rf"\s*(?:\[ERROR\] )?import\s+(?:static\s+)?({_NAME}(?:\.\*)?)", after)
    return found[1] if found and found[1].startswith(f"{package}.") else f"{package}.*"


def _frame(lines: Sequence[str]) -> tuple[str, int]:
    """The nearest line of a program's own source; frames of Java itself have a module before their name."""
    for line in lines[:50]:
        found = _FRAME.match(line)
        if found and "/" not in line.partition("(")[0] and not line.strip().startswith("at java."):
            return found["file"], int(found["line"])
    return "", 0


class _Places:
    """Where sources of a workspace lie."""

    def __init__(self, view: View, plan: Plan) -> None:
        self._view, self._plan = view, plan
        self._target = Target.decode(plan.target)

    def path(self, file: str) -> str:
        """The path in the workspace of a file as a message names it."""
        if "/" in file:
            return file.removeprefix("/sandbox/").removeprefix("./")
        for path in self._target.sources:
            if posixpath.basename(path) == file:
                return path
        return file

    def manifest(self, path: str) -> str:
        """What speaks for a source: the plan's manifest, or the nearest where the plan, as a command's, has none."""
        if self._plan.source not in (SCAN, NOTHING):
            return self._plan.source
        for folder in parents(path) if path else ():
            for name in (POM, *gradle.NAMES):
                if self._lists(folder, name):
                    return join(folder, name)
        return self._plan.source

    def _lists(self, folder: str, name: str) -> bool:
        try:
            return name in self._view.names(folder)
        except ViewError:
            return False

    def is_local(self, name: str) -> bool:
        """Whether a folder of the workspace holds sources of a class's package."""
        package = name.rpartition(".")[0]
        while package.rpartition(".")[2][:1].isupper():
            package = package.rpartition(".")[0]
        tops = {"", *(folder for path in self._target.sources for folder in parents(path))}
        roots = {*self._target.roots, *(join(top, layout) for top in tops for layout in LAYOUTS), *tops}
        return bool(package) and any(self._holds(join(root, package.replace(".", "/"))) for root in sorted(roots))

    def _holds(self, folder: str) -> bool:
        try:
            return any(name.endswith(".java") for name in self._view.names(folder))
        except ViewError:
            return False


def _class(found: _Found, places: _Places, plan: Plan, names: NameMap) -> Missing | None:
    if "." not in found.name and ":" not in found.name:
        return None
    if names.is_jdk(found.name) or places.is_local(found.name):
        return None
    path = places.path(found.file)
    answer = names.lookup(found.name)
    if answer is None:
        return Missing(found.name.removesuffix(".*"), path, found.line, _UNKNOWN, closest=names.closest(found.name))
    artifact = answer.artifacts[0]
    if any(each.name == artifact.key for each in plan.requirements):
        return None
    requirement = artifact.requirement(path, found.line, answer.origin, answer.matched)
    manifest, addition = _addition(artifact, path, places.manifest(path))
    name = found.name.removesuffix(".*")
    return Missing(name, path, found.line, _NOT_THERE, requirement, addition=addition, manifest=manifest)


def _addition(artifact: Artifact, path: str, manifest: str) -> tuple[str, str]:
    """The manifest and the line that belongs into it."""
    coordinate = f"{artifact.key}:{artifact.version}"
    if manifest.endswith(".xml"):
        words = f"<groupId>{artifact.group}</groupId><artifactId>{artifact.name}</artifactId>"
        return manifest, f"<dependency>{words}<version>{artifact.version}</version></dependency>"
    if posixpath.basename(manifest) in gradle.NAMES:
        return manifest, f'implementation("{coordinate}")'
    return path if manifest in (SCAN, NOTHING) else manifest, f"//DEPS {coordinate}"


def _artifact(found: _Found, plan: Plan, names: NameMap) -> Missing | None:
    parts = found.name.split(":")
    key = f"{parts[0]}:{parts[1]}"
    known = {each.key for answer in names.rows.values() for each in answer.artifacts}
    near = _nearest(key, known)
    place = next((each for each in plan.requirements if each.name == key), None)
    file, line = (place.file, place.line) if place else (plan.source, 0)
    return Missing(found.name, file, line, _NO_SUCH, closest=near, manifest=plan.source if place else "")


def _nearest(key: str, known: set[str]) -> str | None:
    found = difflib.get_close_matches(key, sorted(known - {key}), n=1, cutoff=0.75)
    return found[0] if found else None
