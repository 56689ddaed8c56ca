"""Gradle's version catalogs: `gradle/libs.versions.toml` gives artifacts short names.

Source: Gradle's user manual, "Version Catalogs".
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

from jhansi_runner.resolvers.interface import ManifestError

PATH = "gradle/libs.versions.toml"
_SEPARATOR = re.compile(r"[-_.]")

Catalog = Mapping[str, tuple[str, ...]]


def parse(data: bytes, path: str) -> Catalog:
    """Coordinates by the name that a build calls them, such as `commons.lang3` or `bundles.json`.

    What is written in another way is left out. Raises ManifestError for a file that is no TOML.
    """
    try:
        found = tomllib.loads(data.decode("utf-8-sig").replace("\r\n", "\n"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as fault:
        line = re.search(r"line (\d+)", str(fault))
        hint = "correct the file, or remove it"
        raise ManifestError(path, int(line[1]) if line else 1, f"is not TOML: {fault}", hint) from None
    versions = _table(found.get("versions"))
    names: dict[str, tuple[str, ...]] = {}
    for name, value in _table(found.get("libraries")).items():
        if coordinate := _coordinate(value, versions):
            names[called(name)] = (coordinate,)
    for name, value in _table(found.get("bundles")).items():
        members = [names.get(called(str(each)), ()) for each in value] if isinstance(value, list) else []
        if members and all(members):
            names[f"bundles.{called(name)}"] = tuple(one for each in members for one in each)
    return names


def called(name: str) -> str:
    """How a build calls what the catalog names."""
    return _SEPARATOR.sub(".", name)


def _coordinate(value: object, versions: Mapping[str, object]) -> str:
    if isinstance(value, str):
        return value
    fields = _table(value)
    module = fields.get("module") or f"{fields.get('group')}:{fields.get('name')}"
    version = fields.get("version", "")
    if isinstance(version, dict) and isinstance(version.get("ref"), str):
        version = versions.get(version["ref"])
    if isinstance(version, dict):
        version = version.get("strictly") or version.get("require") or version.get("prefer")
    if not isinstance(module, str) or not isinstance(version, str):
        return ""
    return f"{module}:{version}" if version else module


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
