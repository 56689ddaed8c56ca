"""JBang's directives: lines such as `//DEPS group:artifact:version` in a source file.

Source: JBang's documentation, "Script directives" and "Declaring dependencies".
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java.artifact import Artifact, parse

_NOT_OBEYED = {
    "REPOS": "names repositories: only the Maven registry is asked",
    "JAVAAGENT": "is not obeyed",
    "FILES": "is not obeyed: name the files by their path",
    "KOTLIN": "is not obeyed",
    "GROOVY": "is not obeyed",
}
_COMPILE, _RUN = ("JAVAC_OPTIONS", "COMPILE_OPTIONS"), ("JAVA_OPTIONS", "RUNTIME_OPTIONS")
_JAVA = re.compile(r"\d{1,3}\+?")


@dataclass(frozen=True, slots=True)
class Directives:
    """What the directives of a file say; artifacts with their lines. `java` is such as "17" or "17+"."""

    artifacts: tuple[tuple[Artifact, int], ...] = ()
    sources: tuple[str, ...] = ()
    java: str = ""
    main: str = ""
    preview: bool = False
    compile_options: tuple[str, ...] = ()
    run_options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read(lines: Sequence[tuple[str, int]], path: str) -> Directives:
    """The directives in these numbered lines. Raises ManifestError for a dependency that is none."""
    artifacts: list[tuple[Artifact, int]] = []
    sources: list[str] = []
    options: dict[tuple[str, ...], list[str]] = {_COMPILE: [], _RUN: []}
    notes: list[str] = []
    java = main = ""
    preview = False
    for word, rest, line in _directives(lines):
        match word:
            case "DEPS":
                artifacts += [(_artifact(each, path, line), line) for each in re.split(r"[\s,]+", rest) if each]
            case "SOURCES":
                sources += rest.split()
            case "JAVA" if _JAVA.fullmatch(rest):
                java = rest
            case "MAIN":
                main = rest
            case "PREVIEW":
                preview = True
            case _ if kind := next((kind for kind in options if word in kind), None):
                options[kind] += _words(rest, path, line)
            case _ if word in _NOT_OBEYED:
                notes.append(f"{path}:{line}: //{word} {_NOT_OBEYED[word]}")
    given = (tuple(options[_COMPILE]), tuple(options[_RUN]))
    return Directives(tuple(artifacts), tuple(sources), java, main, preview, *given, tuple(notes))


def _directives(lines: Sequence[tuple[str, int]]) -> Iterator[tuple[str, str, int]]:
    for text, line in lines:
        word, _, rest = text.removeprefix("//").partition(" ")
        yield word, rest.split(" //")[0].strip(), line


def _words(text: str, path: str, line: int) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise ManifestError(path, line, "has a quotation mark that is not closed", "close it") from None


def _artifact(text: str, path: str, line: int) -> Artifact:
    found = parse(text.removesuffix("@fatjar"))
    if found is None:
        hint = "write //DEPS group:artifact:version"
        raise ManifestError(path, line, f"{text[:200]!r} names no artifact", hint)
    return found
