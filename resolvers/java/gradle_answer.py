"""Asking the host's Gradle what a build depends on, where its text does not tell, and reading the answer.

The build runs without a way out, so it tells what it declares: Maven resolves that, as it does where the text tells.
The answer is the word of hostile code, and is checked like a manifest.

Source: Gradle's user manual, "Declaring dependencies"; ADR 0011.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from jhansi_runner.resolvers.interface import ManifestError, Unbuilt
from jhansi_runner.resolvers.java.artifact import IMPORT, MANAGED, Artifact
from jhansi_runner.resolvers.java.gradle import HINT
from jhansi_runner.resolvers.java.project import normal
from jhansi_runner.resolvers.resolver import Launch, Tools

BACKEND = "Gradle"
_PLACE = "/launch"
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "asked")
_MAX_ROWS, _MAX_FOLDERS = 20_000, 300
_COMPILE, _RUNTIME = "compileClasspath", "runtimeClasspath"
_CONFIGURATIONS = frozenset(
    (
        *(_COMPILE, _RUNTIME, "annotationProcessor", "testCompileClasspath", "testRuntimeClasspath"),
        *("testAnnotationProcessor", "api", "runtime"),
    )
)
_OPEN = re.compile(r"((?:\d{1,9}\.)++)\+")
_NEWEST = "[0,)"


@dataclass(frozen=True, slots=True)
class Told:
    """What a build said: its artifacts, and the folders of its projects below the workspace, the program's first."""

    artifacts: tuple[Artifact, ...] = ()
    folders: tuple[str, ...] = ()


def command(unbuilt: Unbuilt, tools: Tools) -> Launch:
    """The command that asks. Raises ManifestError where the host has no Gradle."""
    if "gradle" not in tools.paths:
        raise ManifestError(unbuilt.file, unbuilt.line, unbuilt.reason, HINT)
    below = posixpath.relpath(posixpath.dirname(unbuilt.file) or ".", unbuilt.folder or ".")
    argv = ("/bin/sh", f"{_PLACE}/ask.sh", tools.paths["gradle"], below)
    return Launch(argv, mounts=((_FOLDER, _PLACE),))


def told(words: str, unbuilt: Unbuilt) -> Told:
    """What a build said. Raises ManifestError for what is no answer."""
    rows = [tuple(line.split("\t")) for line in words.splitlines()]
    if not rows or len(rows) > _MAX_ROWS:
        raise _strange(unbuilt, "nothing that can be understood")
    folders: list[str] = []
    artifacts: list[tuple[str, Artifact]] = []
    for row in rows:
        match row:
            case ("project", relative):
                folders.append(_folder(relative, unbuilt))
            case ("artifact", where, group, name, version, kind, classifier, without):
                artifacts.append((where, _artifact(unbuilt, group, name, version, kind, classifier, without)))
            case ("managed", where, group, name, version):
                found = Artifact(group, name, as_maven(version), scope=MANAGED)
                artifacts.append((where, _checked(found, unbuilt)))
            case _:
                raise _strange(unbuilt, "\t".join(row))
    if any(where not in _CONFIGURATIONS for where, _ in artifacts) or not 0 < len(folders) <= _MAX_FOLDERS:
        raise _strange(unbuilt, "what is of no project")
    return Told(tuple(_scoped(artifacts)), tuple(dict.fromkeys(folders)))


def as_maven(version: str) -> str:
    """A version as Maven writes it: `1.+` is a range, `1!!` a version that nothing changes."""
    version = version.partition("!!")[0]
    if version.startswith("latest.") or version == "+":
        return _NEWEST
    if found := _OPEN.fullmatch(version):
        *above, last = found[1][:-1].split(".")
        return f"[{found[1][:-1]},{'.'.join([*above, str(int(last) + 1)])})"
    if version.startswith(("[", "]", "(")) and version.endswith(("]", "[", ")")) and "," in version:
        return f"{'(' if version[0] == ']' else version[0]}{version[1:-1]}{')' if version[-1] == '[' else version[-1]}"
    return version


def _artifact(
    unbuilt: Unbuilt, group: str, name: str, version: str, kind: str, classifier: str, without: str
) -> Artifact:
    if kind == "platform":
        return _checked(Artifact(group, name, as_maven(version), "pom", scope=IMPORT), unbuilt)
    excluded = tuple(dict.fromkeys(without.split(","))) if without else ()
    return _checked(Artifact(group, name, as_maven(version), kind, classifier, excluded=excluded), unbuilt)


def _checked(artifact: Artifact, unbuilt: Unbuilt) -> Artifact:
    if not artifact.fit:
        raise _strange(unbuilt, f"{artifact.key}:{artifact.version}")
    return artifact


def _strange(unbuilt: Unbuilt, words: str) -> ManifestError:
    hint = "see what its scripts declare, or add a pom.xml"
    return ManifestError(unbuilt.file, unbuilt.line, f"the build says that it needs {words[:200]!r}", hint)


def _folder(relative: str, unbuilt: Unbuilt) -> str:
    found = normal(unbuilt.folder, relative)
    if found is None:
        raise _strange(unbuilt, f"a project in {relative}")
    return found


def _scoped(artifacts: Sequence[tuple[str, Artifact]]) -> Iterable[Artifact]:
    """Each artifact once, with Maven's scope for the class paths that have it."""
    places: dict[Artifact, set[str]] = {}
    for where, each in artifacts:
        places.setdefault(each, set()).add(where)
    for each, found in places.items():
        yield replace(each, scope=_scope(found)) if each.scope not in (IMPORT, MANAGED) else each


def _scope(where: set[str]) -> str:
    if _RUNTIME in where:
        return "compile" if _COMPILE in where else "runtime"
    return "provided" if where & {_COMPILE, "annotationProcessor"} else "test"
