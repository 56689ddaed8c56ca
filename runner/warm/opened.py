"""Plans for open package-urls: made up, as if a project asked for them. Pure.

Source: ADR 0015; the documentation of each registry's own tool for what a range is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from jhansi_runner.proxy.coordinate import GOLANG, MAVEN, NPM, PYPI
from jhansi_runner.resolvers.golang import names as golang
from jhansi_runner.resolvers.golang import recipe
from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.java import names as java
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.warm.wants import Open

LANGUAGES = {"python": PYPI, "node": NPM, "go": GOLANG, "java": MAVEN}
_NEWEST = "RELEASE"
"""To Maven, the version that a registry's metadata calls so."""
_MODULE = "warm"
_NPM_RANGE = re.compile(r"[\w.^~<>=|*+ -]*")
_GO_QUERY = re.compile(r"[A-Za-z0-9<>=][A-Za-z0-9.<>=+_-]*")
_ORIGIN = "list"


def plan(language: str, wants: Sequence[Open]) -> Plan:
    """What a project would need that asks for these. Raises RunnerError for a range that its registry cannot have."""
    makers = {"python": _python, "node": _node, "go": _go, "java": _java}
    found = [makers[language](each) for each in wants]
    files: tuple[tuple[str, str], ...] = ()
    if language == "go":
        files = ((recipe.FILE, recipe.Recipe(recipe.LISTED, ("",), made=_MODULE).text),)
    return Plan(language, wants[0].file, tuple(found), files=files)


def _python(want: Open) -> Requirement:
    try:
        range_ = str(SpecifierSet(want.specifier))
    except InvalidSpecifier:
        raise _wrong(want, ">=2,<3") from None
    return _requirement(want, want.coordinate.name, range_, _ORIGIN)


def _node(want: Open) -> Requirement:
    if not _NPM_RANGE.fullmatch(want.specifier):
        raise _wrong(want, "^2.1.0")
    return _requirement(want, want.coordinate.path, want.specifier, _ORIGIN)


def _go(want: Open) -> Requirement:
    if want.specifier and not _GO_QUERY.fullmatch(want.specifier):
        raise _wrong(want, "<v2.0.0")
    return _requirement(want, want.coordinate.path, want.specifier, golang.KNOWN)


def _java(want: Open) -> Requirement:
    key = f"{want.coordinate.namespace}:{want.coordinate.name}"
    found = Artifact(want.coordinate.namespace, want.coordinate.name, want.specifier or _NEWEST)
    if not found.fit:
        raise _wrong(want, "[2.0,3.0)")
    return _requirement(want, key, found.version, java.CURATED)


def _requirement(want: Open, name: str, range_: str, origin: str) -> Requirement:
    return Requirement(name, range_, want.coordinate.at(None).purl, None, want.file, want.line, origin)


def _wrong(want: Open, example: str) -> RunnerError:
    where = f"{want.file}:{want.line}" if want.line else want.file
    hint = f"write it as its registry does: {want.coordinate.purl} {example}"
    return RunnerError(f"{where}: {want.specifier!r} is no range for {want.coordinate.purl}", lines=(hint,))
