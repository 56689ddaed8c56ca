"""Lists of package-urls: what `cache warm` takes, and what `exec --offline` writes of what was missing.

A line has one package-url and, where the version is open, may have a blank and a range as its registry writes one:
`pkg:pypi/pandas >=2,<3`. What follows a `#` at the beginning or after a blank is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import MAVEN, Coordinate
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.runner.warm.wants import Exact, Open, Want

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}")
_COMMENT = re.compile(r"(?:^|\s)#.*")


class BadList(ValueError):
    """A line of a list that is none: `file:line: what`."""


def is_list(text: str) -> bool:
    """Whether a text looks like such a list: its first line that says something is a package-url."""
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return next((line for line in lines if line), "").lower().startswith("pkg:")


def read(file: str, text: str) -> Sequence[Want]:
    """The wants of a list. Raises BadList."""
    found: list[Want] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = _COMMENT.sub("", line).strip()
        if not said:
            continue
        purl, _, specifier = said.partition(" ")
        try:
            found.append(_want(purl, specifier.strip(), file, number))
        except ValueError as error:
            raise BadList(f"{file}:{number}: {error}") from None
    return found


def line_of(want: Want, why: str = "") -> str:
    """A line of a list, without its end; `why` is a comment."""
    text = want.coordinate.purl + _qualifiers(want)
    if isinstance(want, Open) and want.specifier:
        text += f" {want.specifier}"
    said = " ".join("".join(c if c.isprintable() else " " for c in why).split())
    return f"{text}  # {said}" if said else text


def _want(purl: str, specifier: str, file: str, line: int) -> Want:
    found = Coordinate.parse(purl)
    if found.type not in SUPPORTED_TYPES:
        raise ValueError(f"{purl}: there is no registry {found.type} in this release")
    if not is_canonical(found.type, found.namespace, found.name):
        raise ValueError(f"{purl} is no name that its registry can have")
    if found.version is None:
        return Open(found, specifier, file, line)
    if specifier:
        raise ValueError(f"{purl} has a version, so {specifier!r} cannot follow it")
    return Exact(found, file, line, files_of(found, purl))


def files_of(found: Coordinate, purl: str) -> tuple[str, ...]:
    """The file that the qualifiers of a package-url of Maven name; () where its POM decides. Source: purl, "maven"."""
    if found.type != MAVEN:
        return ()
    query = purl.partition("?")[2].partition("#")[0]
    told = {name: value for name, value in parse_qsl(query) if _WORD.fullmatch(value)}
    classifier, extension = told.get("classifier", ""), told.get("type", "")
    if not classifier and extension in ("", "jar", "maven-plugin", "bundle", "pom"):
        return ()
    extension = "jar" if extension in ("", "maven-plugin", "bundle", "test-jar") else extension
    return (f"{found.name}-{found.version}{f'-{classifier}' if classifier else ''}.{extension}",)


def _qualifiers(want: Want) -> str:
    """The same in the other direction."""
    one = want.coordinate
    if not isinstance(want, Exact) or one.type != MAVEN or len(want.filenames) != 1:
        return ""
    stem, _, extension = want.filenames[0].removeprefix(f"{one.name}-{one.version}").rpartition(".")
    told = [("classifier", stem.removeprefix("-")), ("type", "" if extension == "jar" else extension)]
    return "?" + "&".join(f"{name}={value}" for name, value in told if value) if any(v for _, v in told) else ""
