"""Names of the Go module proxy: module paths, versions, and how both are written in URLs.

Source: x/mod/module (CheckPath, Check, EscapePath, CanonicalVersion) and x/mod/semver.
"""

from __future__ import annotations

import re

from jhansi_runner.proxy.coordinate import Coordinate

TYPE = "golang"

_MAX_PATH = 512
_ELEMENT = re.compile(r"[A-Za-z0-9_~-](?:[A-Za-z0-9._~-]{0,253}[A-Za-z0-9_~-])?")
_FIRST = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z0-9.-]*")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)
_SHORT_NAME = re.compile(r"[^.]*~[0-9]+(?:\..*)?")
_MAJOR_ELEMENT = re.compile(r"v[0-9.]+")
_MAJOR = re.compile(r"v(?:[2-9]|[1-9][0-9]+)")
_DOTTED_MAJOR = re.compile(r".*\.(v(?:0|[1-9][0-9]*))(?:-unstable)?")

_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    rf"(?P<major>v{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?P<old>\+incompatible)?"
)
_PSEUDO = re.compile(r"(?:.*[.-])?[0-9]{14}-[A-Za-z0-9]+")
_MAX_VERSION = 200
_REVISION = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+~-]{0,198}[A-Za-z0-9_+~-])?")
_ESCAPED = re.compile(r"(?:![a-z]|[^!A-Z])*")
_TOOLCHAIN = re.compile(r"v0\.0\.1-go.+")


def escape(text: str) -> str:
    """How a module path or a version is written in a URL: `!x` for `X`, for file systems that do not tell case."""
    return re.sub(r"[A-Z]", lambda match: "!" + match[0].lower(), text)


def unescape(text: str) -> str | None:
    """What `escape` was given; None for what it never returns."""
    if not _ESCAPED.fullmatch(text):
        return None
    return re.sub(r"!([a-z])", lambda match: match[1].upper(), text)


def is_module(path: str) -> bool:
    """Whether this can be the path of a module that is downloaded."""
    elements = path.split("/")
    return (
        len(path) <= _MAX_PATH
        and _FIRST.fullmatch(elements[0]) is not None
        and all(map(_is_element, elements))
        and (len(elements) == 1 or not _MAJOR_ELEMENT.fullmatch(elements[-1]) or bool(_MAJOR.fullmatch(elements[-1])))
    )


def _is_element(element: str) -> bool:
    return bool(_ELEMENT.fullmatch(element)) and not (_DEVICE.fullmatch(element) or _SHORT_NAME.fullmatch(element))


def is_release(module: str, version: str) -> bool:
    """Whether this is a canonical version that the module can have, a pseudo-version too.

    What is none may still be asked for, as a branch is: the upstream says what it stands for. One host of modules
    writes the major version as `name.vN`; that is understood of every host, since what does not exist is a 404.
    """
    found = _VERSION.fullmatch(version)
    if found is None or len(version) > _MAX_VERSION:
        return False
    last = module.rsplit("/", 1)[-1]
    if "/" in module and _MAJOR.fullmatch(last):
        return found["major"] == last
    dotted = _DOTTED_MAJOR.fullmatch(last)
    if dotted is not None and found["major"] == dotted[1]:
        return True
    return found["major"] in ("v0", "v1") or found["old"] is not None


def is_revision(text: str) -> bool:
    """Whether this can be asked for as a version: a branch, a tag, a commit or its beginning. No slash is in it."""
    return _REVISION.fullmatch(text) is not None


def is_toolchain(module: str, version: str) -> bool:
    """Whether this is a Go distribution, which the go command downloads as a module and then runs."""
    return module.endswith("/toolchain") and _TOOLCHAIN.fullmatch(version) is not None


def preference(version: str) -> tuple[int, int, int, int, bool, tuple[tuple[int, int, str], ...]]:
    """A key that sorts canonical versions: releases above pre-releases above pseudo-versions, then by precedence.

    Source: the Go modules reference, "Version queries" (latest); Semantic Versioning 2.0.0, item 11.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no canonical version")
    pre = found["pre"] or ""
    rank = 2 if not pre else 0 if _PSEUDO.fullmatch(pre) else 1
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".") if part)
    return rank, int(found["major"][1:]), int(found["minor"]), int(found["patch"]), not pre, parts


def coordinate(module: str, version: str | None = None) -> Coordinate:
    """The package of a module: its last element is the name, what is before it the namespace."""
    namespace, _, name = module.rpartition("/")
    return Coordinate(TYPE, namespace, name, version)


def module_of(package: Coordinate) -> str:
    """The module of a package."""
    return f"{package.namespace}/{package.name}" if package.namespace else package.name
