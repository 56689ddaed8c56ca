"""Package-url patterns: `pkg:npm/@acme/*` names packages, `pkg:npm/left-pad@1.3.0` one version of one.

The only wildcard is `*`: any run of characters, also none, also with slashes. So `pkg:npm/*` names scoped packages as
well, and `pkg:golang/example.com/evil/*` every module below that path, such as `example.com/evil/x/v2`, but not
`example.com/evil` itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from jhansi_runner.proxy.canonical import is_canonical
from jhansi_runner.proxy.coordinate import GOLANG, MAVEN, NPM, PYPI
from jhansi_runner.proxy.policy.pattern_hints import ALIASES, package_urls

__all__ = ["SUPPORTED_TYPES", "Pattern", "glob_matches", "is_canonical", "matches", "parse_pattern", "unsupported"]

SUPPORTED_TYPES = (PYPI, NPM, MAVEN, GOLANG)
"""The package-url types whose registries this release can serve."""

_ANY = "*"
_FILLER = {PYPI: "x", NPM: "x", MAVEN: "x", GOLANG: "x.x"}
_GRAMMAR = {
    PYPI: "is no name on PyPI: letters, digits, - _ . and the wildcard * only",
    NPM: "is no name at npm: name or @scope/name, of letters, digits, - _ . ~ and the wildcard * only",
    MAVEN: "is no group/artifact of Maven: letters, digits, - _ . and the wildcard * only",
    GOLANG: "is no path of a Go module, such as example.com/Acme/tool/v2: a host in lower case with a dot in it, then "
    "elements of letters, digits, - _ . ~; the only wildcard is *, and there is no /v0 or /v1",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a rule's package-url names: canonical, with `*` as it may be in names; `version` is exact."""

    type: str
    namespace: str
    name: str
    version: str | None


def parse_pattern(text: str) -> Pattern:
    """Read a package-url pattern. Raises ValueError with what is wrong and what to write instead."""
    if text.strip("*") == "":
        raise ValueError(f"{text!r} names no registry: write pkg:pypi/* for every package of PyPI")
    if not text.startswith("pkg:"):
        raise ValueError(f"{text!r} is no package-url{_instead_of(text)}")
    if text.startswith("pkg:/"):
        raise ValueError(f"{text!r} has a slash too many: write pkg:pypi/some-package")
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r}: qualifiers and subpaths have no meaning here, and the only wildcard is *")
    purl_type, slash, rest = text.removeprefix("pkg:").partition("/")
    purl_type = purl_type.lower()
    if purl_type not in SUPPORTED_TYPES:
        meant = ALIASES.get(purl_type)
        raise ValueError(unsupported(purl_type) + (_write(f"pkg:{meant}/{rest}") if meant else ""))
    path, version = _split(text, rest)
    if not slash or not path:
        raise ValueError(f"{text!r} names no package: write pkg:{purl_type}/* for every package of {purl_type}")
    namespace, _, name = _canonical_path(text, purl_type, path).rpartition("/")
    return Pattern(purl_type, namespace, name, version)


def unsupported(purl_type: str) -> str:
    """Say that there is no such registry in this release."""
    supported = ", ".join(SUPPORTED_TYPES)
    return f"the registry {purl_type!r} is not supported by this release (supported: {supported})"


def matches(purl_type: str, pattern: str, path: str, *, denies: bool) -> bool:
    """Tell whether a pattern names a package of its type; both are paths, as `Coordinate.path`.

    Deny rules for Go read capital letters as small ones: hosts of repositories often do, so that the same code can be
    had as `example.com/evil/x` and as `example.com/Evil/x`, which Go takes for two modules.
    """
    if denies and purl_type == GOLANG:
        return glob_matches(pattern.lower(), path.lower())
    return glob_matches(pattern, path)


def glob_matches(pattern: str, text: str) -> bool:
    """Match a name against a pattern whose only wildcard is `*` (any run of characters, also none).

    Takes the leftmost place for each piece, so a long name costs linear work where a regex may backtrack.
    """
    if "*" not in pattern:
        return text == pattern
    first, *pieces = pattern.split("*")
    last = pieces.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    start, end = len(first), len(text) - len(last)
    for piece in pieces:
        found = text.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True


def _split(text: str, rest: str) -> tuple[str, str | None]:
    """Split off the version; the @ of an npm scope begins a name and is none."""
    before, slash, last = rest.rpartition("/")
    start = 1 if last.startswith("@") else 0
    last, at, version = last[start:].partition("@")
    if at and not version:
        raise ValueError(f"{text!r} has no version after @")
    return before + slash + "@" * start + last, unquote(version) if at else None


def _canonical_path(text: str, purl_type: str, path: str) -> str:
    if "**" in path:
        raise ValueError(f"{text!r}: write a single *")
    if path == _ANY:
        return path
    if purl_type == NPM and path.startswith("%40"):
        path = "@" + path.removeprefix("%40")
    _check_shape(text, purl_type, path)
    if purl_type == PYPI and path.isascii():
        path = canonicalize_name(path)
    # Wherever a wildcard may stand, there some text may stand that makes a name of it.
    namespace, _, name = path.replace(_ANY, _FILLER[purl_type]).rpartition("/")
    if not is_canonical(purl_type, namespace, name):
        raise ValueError(f"{text!r}: {path!r} {_GRAMMAR[purl_type]}")
    return path


def _check_shape(text: str, purl_type: str, path: str) -> None:
    """Refuse what has too few or too many parts. Raises ValueError with what to write instead."""
    first, *more = path.split("/")
    match purl_type:
        case "pypi" if more:
            raise ValueError(f"{text!r}: packages of PyPI have no namespace, so there is one slash only")
        case "npm" if first.startswith("@") and not more:
            raise ValueError(f"{text!r} names a scope, no package" + _write(f"pkg:npm/{first}/*"))
        case "npm" if more and not first.startswith("@"):
            raise ValueError(f"{text!r}: a scope begins with @" + _write(f"pkg:npm/@{path}"))
        case "maven" if ":" in path and not more:
            hint = _write(f"pkg:maven/{path.replace(':', '/', 1)}")
            raise ValueError(f"{text!r}: a slash stands between group and artifact{hint}")
        case "maven" if not more:
            raise ValueError(f"{text!r} names no artifact, or no group" + _write(f"pkg:maven/{first}/*"))
        case "maven" if len(more) > 1:
            *group, artifact = first, *more
            hint = _write(f"pkg:maven/{'.'.join(group)}/{artifact}")
            raise ValueError(f"{text!r}: a group has dots, not slashes{hint}")


def _instead_of(text: str) -> str:
    return _write(*package_urls(text)) or ", such as pkg:pypi/some-package"


def _write(*urls: str) -> str:
    """Suggest those that are patterns."""
    found = [url for url in urls if _is_pattern(url)]
    return f": write {' or '.join(found)}" if found else ""


def _is_pattern(text: str) -> bool:
    try:
        parse_pattern(text)
    except ValueError:
        return False
    return True
