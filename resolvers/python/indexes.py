"""What an author takes from an index of their own must not become the public registry's package of the same name."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from jhansi_runner.proxy.coordinate import PYPI
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.manifest import Draft

_BUILT_IN = "pypi"
"""What Poetry and Pipenv call the public registry."""


def is_public(url: str) -> bool:
    """Whether an index is the public registry's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and upstream(PYPI).is_public_name(parts.netloc.lower())


def by_name(listed: object) -> dict[str, str]:
    """The URLs of indexes by name, as lists of tables in Pipfile, Poetry's and uv's settings have them."""
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return {
        name.lower(): url
        for each in entries
        if isinstance(name := each.get("name"), str) and isinstance(url := each.get("url"), str)
    }


def note(known: Mapping[str, str], file: str, line: int, draft: Draft) -> None:
    """Tell of indexes that are for all packages, or for those that the public registry lacks."""
    for name in (each for each, url in known.items() if not is_public(url)):
        draft.note(file, line, f"the index {name[:80]!r} is not obeyed: registries are set by the policy")


def check(name: str, index: object, known: Mapping[str, str], file: str, line: int) -> None:
    """Raises ManifestError for a package that is pinned to another index than the public registry's."""
    if index is None:
        return
    word = str(index)
    if is_public(known.get(word.lower(), word)) or (word.lower() == _BUILT_IN and _BUILT_IN not in known):
        return
    message = f"{name} is pinned to the index {word[:80]!r}, and the registry's {name} may be somebody else's"
    hint = "have the operator name a registry that has it as `upstream:` in the policy, and remove the index here"
    raise ManifestError(file, line, message, hint)
