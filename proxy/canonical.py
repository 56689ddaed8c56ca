"""Names of packages: which spelling of a name is the one that its registry knows, and that rules are held against."""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.utils import canonicalize_name

_PYPI = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_NPM_SCOPE = re.compile(r"@[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_NPM_SCOPED = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_NPM = re.compile(r"[A-Za-z0-9~][A-Za-z0-9._~-]*")
_NPM_LONGEST = 214
_MAVEN_GROUP = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MAVEN_ARTIFACT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_GO_HOST = re.compile(r"[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+")
_GO_ELEMENT = re.compile(r"[A-Za-z0-9_~-]+(\.[A-Za-z0-9_~-]+)*")
_GO_MAJOR = re.compile(r"v[0-9.]+")
_GO_TRUE_MAJOR = re.compile(r"v([2-9]|[1-9][0-9]+)")
_WINDOWS = re.compile(r"(?i:con|prn|aux|nul|com[1-9]|lpt[1-9])|.*~[0-9]+")
_LONGEST = 512


@lru_cache(maxsize=4096)
def is_canonical(purl_type: str, namespace: str, name: str) -> bool:
    """Tell whether the name is one that rules can be held against: in its one spelling, and no pattern.

    PyPI has one spelling of a name, PEP 503's. The others take letters as they are written, so that `JSONStream` and
    `jsonstream` of npm are two packages.
    """
    if len(namespace) + len(name) >= _LONGEST:
        return False
    check = _CHECKS.get(purl_type)
    return check is not None and check(namespace, name)


def _is_pypi(namespace: str, name: str) -> bool:
    return not namespace and _PYPI.fullmatch(name) is not None and canonicalize_name(name) == name


def _is_npm(namespace: str, name: str) -> bool:
    """Source: npm's validate-npm-package-name, without the punctuation `!'()` of a few old names."""
    if namespace:
        fits = _NPM_SCOPE.fullmatch(namespace) and _NPM_SCOPED.fullmatch(name)
        return fits is not None and len(namespace) + 1 + len(name) <= _NPM_LONGEST
    reserved = name.lower() in ("node_modules", "favicon.ico")
    return _NPM.fullmatch(name) is not None and len(name) <= _NPM_LONGEST and not reserved


def _is_maven(namespace: str, name: str) -> bool:
    """Source: Apache Maven, `DefaultModelValidator`; a group is a path, so it has no empty part."""
    return _MAVEN_GROUP.fullmatch(namespace) is not None and _MAVEN_ARTIFACT.fullmatch(name) is not None


def _is_golang(namespace: str, name: str) -> bool:
    """Whether it is the path of a module. The major version belongs to it: `example.com/m` and `example.com/m/v2`.

    Source: golang.org/x/mod/module, `CheckPath`, but for one site whose paths it wants to end in `.v1` or the like.
    """
    elements = [*namespace.split("/"), name] if namespace else [name]
    last = elements[-1]
    return (
        _GO_HOST.fullmatch(elements[0]) is not None
        and all(_GO_ELEMENT.fullmatch(element) for element in elements)
        and not any(_WINDOWS.fullmatch(element.partition(".")[0]) for element in elements)
        and (len(elements) == 1 or not _GO_MAJOR.fullmatch(last) or _GO_TRUE_MAJOR.fullmatch(last) is not None)
    )


_CHECKS = {"pypi": _is_pypi, "npm": _is_npm, "maven": _is_maven, "golang": _is_golang}
