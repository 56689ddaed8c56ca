"""What an author takes from a registry of their own must not become the public registry's package of that name.

Source: npm's documentation of scopes, "Associating a scope with a registry"; Yarn's of `npmScopes`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from urllib.parse import unquote

from jhansi_runner.resolvers.interface import ManifestError, Requirement, View, ViewError
from jhansi_runner.resolvers.node import registry
from jhansi_runner.resolvers.node.local import join

NPMRC, YARNRC = ".npmrc", ".yarnrc.yml"
HINT = "have the operator name a registry that has it as `upstream:` in the policy, and remove this"
_SUFFIX = ":registry"


def check(view: View, folder: str, needed: Iterable[Requirement], hashed: Container[str]) -> None:
    """Raises ManifestError for a package whose scope has another registry. What a lock has a hash of is safe."""
    needed = list(needed)
    for file, scopes_of in ((NPMRC, _scopes), (YARNRC, _scopes_of_yarn)):
        path = join(folder, file)
        try:
            data = view.read(path)
        except ViewError:
            continue
        _check(path, scopes_of((data or b"").decode("utf-8", "replace")), needed, hashed)


def _check(path: str, scopes: Mapping[str, int], needed: Iterable[Requirement], hashed: Container[str]) -> None:
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


def _scopes_of_yarn(text: str) -> dict[str, int]:
    """The same of the settings of Yarn 2 and later, as everybody indents them."""
    found: dict[str, int] = {}
    inside, scope = False, ""
    for number, line in enumerate(text.split("\n"), 1):
        key, colon, value = (part.strip().strip("\"'") for part in line.partition(":"))
        depth = len(line) - len(line.lstrip())
        if not key or not colon or key.startswith("#"):
            continue
        if depth == 0:
            inside = key == "npmScopes"
        elif inside and not value:
            scope = f"@{key.lower()}"
        elif inside and key == "npmRegistryServer" and not registry.is_public(value):
            found[scope] = number
    return found
