"""Lock files of Yarn and pnpm, so that npm takes the versions that they name.

npm reads Yarn's classic lock file by itself, so that is the form in which all are handed on.

Source: the lock files that Yarn 1 and 4 and pnpm 7 to 10 write; npm's arborist, "checkYarnLock".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node import npmrc, registry
from jhansi_runner.resolvers.node.names import package_of

YARN, PNPM = "yarn.lock", "pnpm-lock.yaml"

_PROTOCOL = "npm:"
_FIELD = re.compile(r' {2}(version|resolved|resolution|integrity|conditions):? +(?! )"?([^"]*)"?')
_PNPM_KEY = re.compile(r"/?((?:@[^@/()]+/)?[^@/()]+)[@/](\d[^()_:]*)(?:[(_].*)?")
_PNPM_LINE = re.compile(r"( *)(?:'([^']*)'|\"([^\"]*)\"|([^\s'\"#-][^:]*?)):(?: +(.*))?")
_INTEGRITY = re.compile(r"\bintegrity: *['\"]?([\w+/=-]+)")
_TARBALL = re.compile(r"\btarball: *['\"]?([^\s'\",}]+)")


@dataclass(frozen=True, slots=True)
class Pin:
    """A version that a lock file names: under which name and for which range, what is fetched, and its sha512."""

    name: str
    range: str
    package: str
    version: str
    sha512: str = ""


def of_yarn(text: str, path: str = YARN) -> tuple[Pin, ...]:
    """What a yarn.lock of any Yarn pins, of what comes from the registry.

    Raises ManifestError for a package that comes from another registry, and has no hash to know it by.
    """
    found: list[Pin] = []
    for line, asked, fields in blocks(text):
        version = fields.get("version", "")
        if not registry.VERSION.fullmatch(version):
            continue
        resolution = fields.get("resolution", "")
        sha512 = registry.sha512_of(fields.get("integrity"))
        _check_host(asked[0][0], fields.get("resolved") or _archive_url(resolution), sha512, path, line)
        for name, wanted in asked:
            package = split(resolution)[0] if resolution else name
            if wanted.startswith(_PROTOCOL):
                wanted = wanted.removeprefix(_PROTOCOL)
                alias, inner = split(wanted)
                if alias and inner:  # "a@npm:b@^1"
                    package, wanted = alias, _PROTOCOL + wanted
            elif resolution:
                continue  # Yarn 2 and later write the protocol; another one is no version of the registry
            if package_of(name) == name and package_of(package) == package and ":" not in wanted[len(_PROTOCOL) :]:
                found.append(Pin(name, wanted, package, version, sha512))
    return tuple(found)


def _archive_url(resolution: str) -> str:
    """Where Yarn 2 and later have a package from, if not from their own registry."""
    _, found, url = resolution.partition("__archiveUrl=")
    return unquote(url.partition("&")[0]) if found else ""


def _check_host(name: str, url: str, sha512: str, path: str, line: int) -> None:
    if url.startswith(("https:", "http:")) and not sha512 and not registry.is_public(url):
        message = f"{name[:80]} comes from another registry, and has no sha512 to know it by"
        raise ManifestError(path, line, message, npmrc.HINT)


def blocks(text: str) -> Iterator[tuple[int, list[tuple[str, str]], dict[str, str]]]:
    """Each entry of a yarn.lock: its line, the names and ranges that it answers, and the fields that we know."""
    asked: list[tuple[str, str]] = []
    fields: dict[str, str] = {}
    begun = 0
    for number, line in enumerate([*text.splitlines(), "end:"], 1):
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            if asked:
                yield begun, asked, fields
            begun = number
            words = line.rstrip().removesuffix(":").split(",")
            asked, fields = [split(word.strip().strip('"')) for word in words], {}
        elif match := _FIELD.fullmatch(line):
            fields.setdefault(match[1], match[2])


def split(text: str) -> tuple[str, str]:
    """Name and range of `name@range`; the name may begin with an @."""
    name, _, wanted = text[1:].partition("@")
    return text[:1] + name, wanted


def of_pnpm(text: str, path: str = PNPM) -> tuple[Pin, ...]:
    """What a pnpm-lock.yaml pins: every version that there is, each for itself as the range.

    Raises ManifestError for a package that comes from another registry, and has no hash to know it by.
    """
    found: dict[tuple[str, str], Pin] = {}
    inside, key = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        match = _PNPM_LINE.fullmatch(line.rstrip())
        if match is None:
            key = key if line.startswith("   ") else ""  # an address, which is no version of the registry
            continue
        depth, name = len(match[1]), match[2] or match[3] or match[4] or ""
        if depth == 0:
            inside = name
        elif inside in ("packages", "snapshots") and depth == 2:
            key = name
        elif inside == "packages" and name == "resolution":
            package = _PNPM_KEY.fullmatch(key)
            integrity = _INTEGRITY.search(match[5] or "")
            tarball = _TARBALL.search(match[5] or "")
            if package and tarball:
                sha512 = registry.sha512_of(integrity[1]) if integrity else ""
                _check_host(package[1], tarball[1], sha512, path, number)
            if (
                package
                and integrity
                and registry.VERSION.fullmatch(package[2])
                and package_of(package[1]) == package[1]
            ):
                pin = Pin(package[1], package[2], package[1], package[2], registry.sha512_of(integrity[1]))
                found.setdefault((pin.name, pin.version), pin)
    return tuple(found.values())


def asked_of_pnpm(text: str) -> dict[str, dict[str, str]]:
    """The version that each folder's package.json got for what it asks for, by the folder and the name."""
    found: dict[str, dict[str, str]] = {}
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _PNPM_LINE.fullmatch(line.rstrip())
        if match is None:
            continue
        path = [each for each in path if each[0] < len(match[1])]
        names = [name for _, name in path]
        if names[:1] == ["importers"] and len(names) == 4 and match[4] == "version":
            _, folder, _, name = names
            version = (match[5] or "").strip("'\"").partition("(")[0]
            if registry.VERSION.fullmatch(version):
                found.setdefault(folder, {})[name] = version
        path.append((len(match[1]), match[2] or match[3] or match[4] or ""))
    return found


def only_versions(pins: Iterable[Pin]) -> dict[str, str]:
    """The version of each package of which there is but one, by its name."""
    versions: dict[str, set[str]] = {}
    for pin in pins:
        versions.setdefault(pin.name, set()).add(pin.version)
    return {name: next(iter(found)) for name, found in sorted(versions.items()) if len(found) == 1}


def as_yarn(pins: Iterable[Pin]) -> str:
    """Pins as a lock file of Yarn's first version, which npm obeys where there is none of its own."""
    lines = ["# yarn lockfile v1", ""]
    for pin in sorted(set(pins), key=lambda each: (each.name, each.range, each.version)):
        lines += [
            "",
            f"{json.dumps(f'{pin.name}@{pin.range}')}:",
            f"  version {json.dumps(pin.version)}",
            f"  resolved {json.dumps(registry.file_url(pin.package, pin.version))}",
        ]
        if pin.sha512:
            lines.append(f"  integrity {registry.integrity_of(pin.sha512)}")
    return "\n".join(lines) + "\n"
