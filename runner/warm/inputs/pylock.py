"""`pylock.toml`: the packages that somebody locked, with the hashes of their files. Source: PEP 751."""

from __future__ import annotations

from jhansi_runner.resolvers.python import indexes, toml
from jhansi_runner.runner.warm.inputs import python
from jhansi_runner.runner.warm.inputs.said import Context, Draft, Said

_HINT = "lock again with a tool that writes version 1.0, such as: uv export --format pylock.toml"
_ELSEWHERE = {"vcs": "version control", "archive": "an address", "directory": "a folder"}


def read(file: str, data: bytes, context: Context) -> Said:
    """What a pylock.toml pins: all of its extras and groups. Raises BadInput, ManifestError."""
    draft = Draft(file, _HINT)
    document, text = toml.parse(data, file)
    version = toml.string(document, "lock-version", file, text)
    if version.partition(".")[0] != "1":
        raise draft.wrong(toml.line_of(text, "lock-version"), f"lock-version is {version!r}")
    packages = document.get("packages", [])
    if not isinstance(packages, list) or not all(isinstance(one, dict) for one in packages):
        raise draft.wrong(toml.line_of(text, "packages"), "packages is no list of tables")
    line = 1
    for package in packages:
        name = package.get("name")
        line = toml.line_of(text, str(name), line)
        elsewhere = next((words for key, words in _ELSEWHERE.items() if key in package), "")
        if elsewhere:
            draft.leave(str(name), f"is not from a registry, but from {elsewhere}", line)
            continue
        if not indexes.is_public(index := toml.string(package, "index", file, text)) and index:
            draft.leave(f"{name} (its files are taken by their hashes)", "is from another index there", line)
        wheels, sdist = package.get("wheels", []), package.get("sdist")
        files = [*(wheels if isinstance(wheels, list) else [None]), *([sdist] if sdist else [])]
        named = {_named(one): _hash(one) for one in files if isinstance(one, dict)}
        if len(named) != len(files) or not named or "" in named.values():
            raise draft.wrong(line, f"{name} has no files, or one without a sha256")
        python.add(
            draft, name, package.get("version"), line, context.targets, files=named,
            marker=toml.string(package, "marker", file, text),
        )  # fmt: skip
    return draft.said()


def _named(file: toml.Table) -> str:
    place = file.get("name") or file.get("url") or file.get("path")
    return str(place).partition("#")[0].rpartition("/")[2]


def _hash(file: toml.Table) -> str:
    hashes = file.get("hashes")
    found = hashes.get("sha256") if isinstance(hashes, dict) else None
    return f"sha256:{found}" if isinstance(found, str) else ""
