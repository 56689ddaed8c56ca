"""A package, or one version of it, as the package-url specification names it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from packaging.utils import canonicalize_name

PYPI, NPM, MAVEN, GOLANG = "pypi", "npm", "maven", "golang"

_TYPE = re.compile(r"[a-z][a-z0-9.+-]*")
_BEFORE_QUALIFIERS = re.compile("[?#]")
_NO_SEGMENTS = ("", ".", "..")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Coordinate:
    """One package (`version` is None) or one version of it.

    `type` is the package-url type. `namespace` is "" where there is none: the scope with its @ for npm, the groupId for
    Maven, all but the last element of the module path for Go. `name` is in canonical form, which for npm, Maven and Go
    is as it is written, capital letters and all: there the specification would lose what the registry tells apart.

    Source: package-url specification; PEP 503 for the names of PyPI.
    """

    type: str
    namespace: str
    name: str
    version: str | None = None

    @property
    def path(self) -> str:
        """Namespace and name with a slash between: the full name at npm, the module path of Go."""
        return join_path(self.namespace, self.name)

    @property
    def purl(self) -> str:
        """The package-url, such as `pkg:pypi/requests@2.32.0` Raises ValueError where there is none."""
        segments = self.path.split("/")
        if "/" in self.name or any(segment in _NO_SEGMENTS for segment in segments):
            raise ValueError(f"{self!r} has no package-url")
        version = f"@{quote(self.version, safe=':')}" if self.version else ""
        return f"pkg:{self.type}/{'/'.join(quote(segment, safe=':') for segment in segments)}{version}"

    def at(self, version: str | None) -> Coordinate:
        """The same package at another version."""
        return replace(self, version=version)

    @classmethod
    def parse(cls, text: str) -> Coordinate:
        """Read a package-url, leaving its qualifiers and subpath out. Raises ValueError with what is wrong."""
        scheme, colon, rest = _BEFORE_QUALIFIERS.split(text, maxsplit=1)[0].partition(":")
        purl_type, slash, rest = rest.strip("/").partition("/")
        if scheme.lower() != "pkg" or not colon:
            raise ValueError(f"{text!r} is no package-url: it has to begin with pkg:")
        if not slash or not rest:
            raise ValueError(f"{text!r} names no package: write pkg:TYPE/NAME")
        if not _TYPE.fullmatch(purl_type.lower()):
            raise ValueError(f"{purl_type!r} is no type of package")
        path, version = _split_version(text, rest)
        # The specification has empty segments mean nothing.
        *spaces, name = [_segment(text, segment) for segment in path.split("/") if segment]
        purl_type, namespace = purl_type.lower(), "/".join(spaces)
        _check_namespace(purl_type, spaces, name)
        return cls(purl_type, namespace, canonicalize_name(name) if purl_type == PYPI else name, version)


def join_path(namespace: str, name: str) -> str:
    """Namespace and name with a slash between, if there is a namespace."""
    return f"{namespace}/{name}" if namespace else name


def pypi(name: str, version: str | None = None) -> Coordinate:
    """The coordinate of a PyPI project by any spelling of its name."""
    return Coordinate(PYPI, "", canonicalize_name(name), version)


def npm(name: str, version: str | None = None) -> Coordinate:
    """The coordinate of an npm package by its name, such as `left-pad` or `@babel/core`."""
    return _by_path(NPM, name, version)


def maven(group: str, artifact: str, version: str | None = None) -> Coordinate:
    """The coordinate of an artifact of Maven Central."""
    return Coordinate(MAVEN, group, artifact, version)


def golang(module: str, version: str | None = None) -> Coordinate:
    """The coordinate of a Go module by its path, such as `example.com/acme/tool/v2`."""
    return _by_path(GOLANG, module, version)


def _by_path(purl_type: str, path: str, version: str | None) -> Coordinate:
    namespace, _, name = path.rpartition("/")
    return Coordinate(purl_type, namespace, name, version)


def _split_version(text: str, rest: str) -> tuple[str, str | None]:
    """Split at the last @, unless it begins a segment, as that of an npm scope does."""
    path, at, version = rest.rpartition("@")
    if not at or not path or path.endswith("/"):
        return rest, None
    if not version:
        raise ValueError(f"{text!r} has no version after @")
    return path, _decoded(text, version)


def _segment(text: str, segment: str) -> str:
    if "@" in segment[1:]:
        raise ValueError(f"{text!r}: write %40 for an @ that is part of a name")
    decoded = _decoded(text, segment)
    if "/" in decoded:
        raise ValueError(f"{text!r}: write a slash between two parts of a name as it is")
    if decoded in _NO_SEGMENTS:
        raise ValueError(f"{text!r}: {segment!r} is no part of a name")
    return decoded


def _decoded(text: str, part: str) -> str:
    try:
        if not _BROKEN_ESCAPE.search(part):
            return unquote(part, errors="strict")
    except UnicodeDecodeError:
        pass
    raise ValueError(f"{text!r}: the percent-encoding of {part!r} is broken") from None


def _check_namespace(purl_type: str, spaces: list[str], name: str) -> None:
    """Refuse what cannot name a package. Raises ValueError with what to write instead."""
    match purl_type:
        case "pypi" if spaces:
            raise ValueError("packages of PyPI have no namespace: write pkg:pypi/NAME")
        case "npm" if name.startswith("@"):
            raise ValueError(f"{name} is a scope, not a package: write pkg:npm/{name}/NAME")
        case "npm" if len(spaces) > 1 or (spaces and not spaces[0].startswith("@")):
            raise ValueError(f"a scope of npm begins with @: write pkg:npm/@{spaces[0]}/{name}")
        case "maven" if not spaces:
            raise ValueError(f"an artifact of Maven has a group: write pkg:maven/GROUP/{name}")
        case "maven" if len(spaces) > 1:
            raise ValueError(f"a group of Maven has dots, not slashes: write pkg:maven/{'.'.join(spaces)}/{name}")
