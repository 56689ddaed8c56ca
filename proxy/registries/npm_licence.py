"""What a package.json declares as its licence, be it in a packument or inside a tarball.

Source: the npm documentation of package.json, "license", with the older spellings that it mentions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from jhansi_runner.proxy.registries.archives import members, tolerated

_KEYS = ("license", "licence", "licenses")
_MAX_TEXT = 200
_MAX_MANIFEST = 4 << 20


def declared(manifest: Mapping[str, object]) -> str | None:
    """The licence of a package.json as an expression; None where it says nothing of one."""
    for key in _KEYS:
        if key in manifest:
            stated = manifest[key]
            parts = [_one(part) for part in (stated if isinstance(stated, list) else [stated])]
            named = [part for part in parts if part]
            if len(named) > 1:
                named = [f"({part})" if " " in part else part for part in named]
            return " OR ".join(named)[:_MAX_TEXT]
    return None


def _one(stated: object) -> str:
    if isinstance(stated, dict):
        stated = stated.get("type", stated.get("name"))
    return " ".join(stated.split()) if isinstance(stated, str) else ""


def inside(path: str) -> str | None:
    """The licence by the package.json in a tarball, "" when that declares none; None when there is none to be read."""
    with tolerated(), members(path, ".tgz") as archive:
        for member in archive:
            folder, _, last = member.name.removeprefix("./").partition("/")
            if member.isfile() and last == "package.json" and folder:
                file = archive.extractfile(member)
                manifest = json.loads(file.read(_MAX_MANIFEST)) if file else None
                return (declared(manifest) or "") if isinstance(manifest, dict) else None
    return None
