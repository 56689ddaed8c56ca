"""What an author takes from a registry of their own must not become the public registry's package of that name.

Source: npm's documentation of scopes, "Associating a scope with a registry".
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from urllib.parse import unquote

from jhansi_runner.resolvers.interface import ManifestError, Requirement, View, ViewError
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.node.local import join

NPMRC = ".npmrc"
HINT = "have the operator name a registry that has it as `upstream:` in the policy, and remove this"
_SUFFIX = ":registry"


def check(view: View, folder: str, needed: Iterable[Requirement], hashed: Container[str]) -> None:
    """Raises ManifestError for a package whose scope has another registry. What a lock has a hash of is safe."""
    path = join(folder, NPMRC)
    try:
        data = view.read(path)
    except ViewError:
        return
    scopes = _scopes((data or b"").decode("utf-8", "replace"))
    for each in needed:
        name = unquote(each.purl.removeprefix("pkg:npm/"))
        line = scopes.get(name.partition("/")[0].lower(), 0) if name.startswith("@") else 0
        if line and each.name not in hashed:
            message = f"{name} is pinned to another registry, and the public one's may be somebody else's"
            raise ManifestError(path, line, message, HINT)


def _scopes(text: str) -> dict[str, int]:
    """The scopes with a registry that is not the public one, and their lines; the last setting of a scope counts."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        key, _, value = line.strip().partition("=")
        key = key.strip().lower()
        if not key.startswith("@") or not key.endswith(_SUFFIX):
            continue
        scope = key.removesuffix(_SUFFIX)
        found.pop(scope, None)
        if not registry.is_public(value.strip().strip("\"'")):
            found[scope] = number
    return found
