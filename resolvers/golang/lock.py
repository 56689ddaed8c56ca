"""The lock: the manifests as the go command left them, and the modules that it fetched for them, each with its hash.

One JSON text in one form, so that equal needs have equal locks.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.registries import golang_names
from jhansi_runner.resolvers.golang import modfile, recipe, sums
from jhansi_runner.resolvers.golang.recipe import Recipe
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.resolver import Locked, UnfitLock

FORMAT = "go 1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Lock:
    """`files` are by their path in the stage; `overlaid` tells whether programs need its manifests and not their own.

    `modules` are path, version, h1 and the sha256 of the zip, of each module that is installed. `needs` are, by the
    path of a module, the paths of those of the others that it requires.
    """

    recipe: Recipe
    overlaid: bool
    files: Mapping[str, str]
    modules: tuple[tuple[str, str, str, str], ...]
    needs: Mapping[str, tuple[str, ...]]

    @property
    def text(self) -> str:
        """As JSON."""
        told = {
            "format": FORMAT,
            "recipe": self.recipe.text,
            "overlaid": self.overlaid,
            "files": dict(self.files),
            "modules": [list(each) for each in self.modules],
            "needs": {path: list(paths) for path, paths in self.needs.items()},
        }
        return json.dumps(told, indent=1, sort_keys=True) + "\n"

    @property
    def locked(self) -> Sequence[Locked]:
        """The modules as packages."""
        purls = {path: golang_names.coordinate(path, version).purl for path, version, _, _ in self.modules}
        return [
            Locked(
                module,
                version,
                golang_names.coordinate(module, version).purl,
                (h1, f"sha256:{sha256}"),
                tuple(purls[path] for path in self.needs.get(module, ()) if path in purls),
            )
            for module, version, h1, sha256 in self.modules
        ]


def parse(text: str) -> Lock:
    """Read a lock. Raises UnfitLock."""
    try:
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise ValueError(f"{told['format']!r} is not {FORMAT!r}")
        modules = tuple(_module(*map(str, row)) for row in told["modules"])
        files = {str(path): str(data) for path, data in told["files"].items()}
        needs = {str(path): tuple(map(str, paths)) for path, paths in told["needs"].items()}
        return Lock(recipe.parse(told["recipe"]), told["overlaid"] is True, files, modules, needs)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnfitLock(f"this is no lock of Go modules: {error}") from None


def made(
    found: Recipe,
    files: Mapping[str, str],
    names: Sequence[tuple[str, str, str]],
    archives: Mapping[tuple[str, str], str],
    needs: Mapping[tuple[str, str], Sequence[str]],
    *,
    overlaid: bool,
) -> Lock:
    """The lock of what the go command left: its manifests; path, version and hash, "" where the manifests have it,
    of the modules that it named; the sha256 of zips; and what modules require.

    Raises UnfitLock for a module without a hash.
    """
    hashes: dict[tuple[str, str, bool], str] = {}
    for path, text in files.items():
        if path.endswith(".sum"):
            hashes |= sums.parse(text)
    modules = []
    for path, version, told in sorted(set(names)):
        h1 = hashes.get((path, version, False), "") or told
        if told and h1 != told:
            raise UnfitLock(f"go.sum has another hash for {path} {version} than the go command")
        modules.append(_module(path, version, h1, archives.get((path, version), "")))
    there = {path for path, _, _, _ in modules}
    edges = {
        path: tuple(sorted(there.intersection(needs.get((path, version), ())) - {path}))
        for path, version, _, _ in modules
    }
    return Lock(found, overlaid, dict(sorted(files.items())), tuple(dict.fromkeys(modules)), edges)


def printed(text: str) -> list[tuple[str, str, str]]:
    """The modules of lines `path version`; one without a version is the workspace's own."""
    lines = (line.split() for line in text.splitlines())
    return [(words[0], words[1], "") for words in lines if len(words) == 2]


def downloaded(text: str) -> list[tuple[str, str, str]]:
    """The modules of the JSON objects that `go mod download -json` prints. Raises UnfitLock."""
    decoder, at, found = json.JSONDecoder(), 0, []
    try:
        while text[at:].strip():
            at = len(text) - len(text[at:].lstrip())
            told, at = decoder.raw_decode(text, at)
            found.append((str(told["Path"]), str(told["Version"]), str(told["Sum"])))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnfitLock(f"the go command told of its downloads in an unknown way: {error}") from None
    return found


def needed(text: str) -> dict[tuple[str, str], list[str]]:
    """What each module requires for itself; a go.mod that cannot be read tells nothing.

    A line has the path of one in the cache and its bytes as base64: what a module writes cannot pass for another line.
    """
    found = {}
    for line in text.splitlines():
        name, _, manifest = line.partition(" ")
        key = _cached(name, ".mod")
        with contextlib.suppress(ManifestError, ValueError):
            requires = modfile.parse("go.mod", base64.b64decode(manifest, validate=True)).requires
            if key:
                found[key] = [each.module for each in requires if not each.indirect]
    return found


def hashed(text: str) -> dict[tuple[str, str], str]:
    """The sha256 of each module zip, as `sha256sum` prints it of files of the cache."""
    found = {}
    for line in text.splitlines():
        sha256, _, path = line.partition("  ")
        key = _cached(path, ".zip")
        if key:
            found[key] = sha256
    return found


def _cached(path: str, suffix: str) -> tuple[str, str] | None:
    """Module and version of a file in the cache of downloads."""
    escaped, _, file = path.removeprefix("./").partition("/@v/")
    module, version = golang_names.unescape(escaped), golang_names.unescape(file.removesuffix(suffix))
    return (module, version) if module and version else None


def _module(path: str, version: str, h1: str, sha256: str) -> tuple[str, str, str, str]:
    if not golang_names.is_module(path) or not golang_names.is_release(path, version):
        raise UnfitLock(f"{path!r} {version!r} is no version of a module")
    if (path, version, False) not in sums.parse(f"{path} {version} {h1}\n") or not _SHA256.fullmatch(sha256):
        raise UnfitLock(f"the go command left no hash for {path} {version}")
    return path, version, h1, sha256
