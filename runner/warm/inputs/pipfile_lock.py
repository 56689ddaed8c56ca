"""`Pipfile.lock`: versions and hashes by categories. Source: Pipenv's documentation, "Pipfile & Pipfile.lock"."""

from __future__ import annotations

from jhansi_runner.resolvers.node import text as jsons
from jhansi_runner.runner.warm.inputs import python
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with: pipenv lock"
_ELSEWHERE = ("git", "path", "file", "svn", "hg", "bzr")


def read(file: str, data: bytes, context: Context) -> Said:
    """What a Pipfile.lock pins, all of its categories. Raises BadInput, ManifestError."""
    draft = Draft(file, _HINT)
    text = data.decode("utf-8-sig", "replace")
    document = jsons.parse(text, file)
    if "_meta" not in document:
        raise draft.wrong(1, "has no _meta, so no Pipenv wrote it")
    for category in (each for each in document if each != "_meta"):
        for name, entry in jsons.table(document, category, file, text).items():
            line = jsons.line_of(text, name, category)
            if not isinstance(entry, dict):
                raise draft.wrong(line, f"{name} is no object")
            if any(kind in entry for kind in _ELSEWHERE):
                draft.leave(name, "is not from a registry", line)
                continue
            hashes, version = entry.get("hashes", []), entry.get("version")
            if not isinstance(version, str) or not version.startswith("==") or not isinstance(hashes, list):
                raise draft.wrong(line, f"{name} has no version, or not as Pipenv writes it")
            python.add(
                draft, name, version.removeprefix("=="), line, context.targets, hashes=map(str, hashes),
                marker=str(entry.get("markers") or ""),
            )  # fmt: skip
    return draft.said()
