"""`uv.lock`: all files of each release, by URL and hash. Source: uv's documentation, "Locking"; the file itself."""

from __future__ import annotations

from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.runner.warm.inputs import python
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with: uv lock"
_LOCAL = ("editable", "virtual", "directory", "path")


def read(file: str, data: bytes, context: Context) -> Said:
    """What a uv.lock pins. Raises BadInput, ManifestError."""
    draft = Draft(file, _HINT)
    document, text = toml.parse(data, file)
    if document.get("version") != 1:
        raise draft.wrong(toml.line_of(text, "version"), f"is of version {document.get('version')!r}, not 1")
    packages = document.get("package", [])
    if not isinstance(packages, list) or not all(isinstance(one, dict) for one in packages):
        raise draft.wrong(toml.line_of(text, "[[package]]"), "package is no list of tables")
    line = 1
    for package in packages:
        name, source = package.get("name"), package.get("source")
        line = toml.line_of(text, "[[package]]", line + 1)
        if not isinstance(source, dict):
            raise draft.wrong(line, f"{name} has no source")
        if any(kind in source for kind in _LOCAL):
            continue  # the project itself, or one beside it: its code is there
        if not isinstance(source.get("registry"), str):
            draft.leave(str(name), f"is not from a registry, but from {_kind(source)}", line)
            continue
        if not indexes.is_public(source["registry"]):
            draft.leave(f"{name} (its files are taken by their hashes)", "is from another index there", line)
        sdist, wheels = package.get("sdist"), package.get("wheels", [])
        files = [*(wheels if isinstance(wheels, list) else [None]), *([sdist] if sdist else [])]
        named = {_named(one): str(one.get("hash", "")) for one in files if isinstance(one, dict)}
        if len(named) != len(files) or not named:
            raise draft.wrong(line, f"{name} has no files, or not as uv writes them")
        python.add(draft, name, package.get("version"), line, context.targets, files=named)
    return draft.said()


def _named(file: toml.Table) -> str:
    place = file.get("url") or file.get("path") or file.get("filename")
    return str(place).partition("#")[0].rpartition("/")[2]


def _kind(source: toml.Table) -> str:
    return "git" if "git" in source else "an address" if "url" in source else "somewhere else"
