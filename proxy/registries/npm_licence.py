"""What a package.json declares as its licence, be it in a packument or inside a tarball.

Source: the npm documentation of package.json, "license", with the older spellings that it mentions.
"""

from __future__ import annotations

from collections.abc import Mapping

_KEYS = ("license", "licence", "licenses")
_MAX_TEXT = 200


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
