"""`poetry.lock`: the files of each release with their hashes, of Poetry 1.0 to 2. Source: Poetry's own locker."""

from __future__ import annotations

from jhansi_runner.resolvers.python import toml
from jhansi_runner.runner.warm.inputs import python
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with: poetry lock"
_REGISTRIES = ("", "legacy", "pypi")


def read(file: str, data: bytes, context: Context) -> Said:
    """What a poetry.lock pins, all of its groups and extras. Raises BadInput, ManifestError."""
    draft = Draft(file, _HINT)
    document, text = toml.parse(data, file)
    packages = document.get("package", [])
    if not isinstance(packages, list) or not all(isinstance(one, dict) for one in packages):
        raise draft.wrong(toml.line_of(text, "[[package]]"), "package is no list of tables")
    metadata = toml.table(document, "metadata", file, text)
    if not metadata:
        raise draft.wrong(1, "has no [metadata], so no Poetry wrote it")
    older = metadata.get("files")
    by_name = older if isinstance(older, dict) else {}
    line = 1
    for package in packages:
        name, source = package.get("name"), package.get("source")
        line = toml.line_of(text, "[[package]]", line + 1)
        kind = str(source.get("type", "")) if isinstance(source, dict) else ""
        if kind not in _REGISTRIES:
            draft.leave(str(name), f"is not from a registry, but from {kind[:40]}", line)
            continue
        if kind == "legacy":
            draft.leave(f"{name} (its files are taken by their hashes)", "is from another index there", line)
        files = package.get("files") or by_name.get(str(name)) or []
        named = (
            {str(one.get("file")): str(one.get("hash")) for one in files if isinstance(one, dict)}
            if isinstance(files, list)
            else {}
        )
        if not named:
            raise draft.wrong(line, f"{name} has no files with hashes")
        python.add(
            draft, name, package.get("version"), line, context.targets, files=named,
            marker=_marker(package.get("markers")),
        )  # fmt: skip
    return draft.said()


def _marker(markers: object) -> str:
    """The marker of a package: a text, or one for each group, any of which will do; one without asks for nothing."""
    if isinstance(markers, dict):
        texts = [text for text in markers.values() if isinstance(text, str) and text]
        return " or ".join(f"({text})" for text in texts)
    return markers if isinstance(markers, str) else ""
