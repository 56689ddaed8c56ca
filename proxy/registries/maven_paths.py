"""The paths of a Maven repository, read from the right: file, version, artifact, and the rest is the group.

    /<g>/<a>/<v>/<a>-<v>[-<classifier>].<extension>         an artifact; its POM, its Gradle metadata too
    the same + .asc .sigstore .sigstore.json                its signature
    either + .md5 .sha1 .sha256 .sha512                     a checksum of it
    /<g>/<a>/maven-metadata.xml [+ checksum]                the versions of an artifact
    /<g>/maven-metadata.xml [+ checksum]                    the plugins of a group
    /.meta/prefixes.txt [+ checksum]                        which groups there are; resolvers of Maven 4 ask

Everything else names nothing. So do SNAPSHOT versions: the public registry has none, and their files change under
one name. Extensions are no closed list: the packaging of a Maven project is free, and the version's folder, not the
extension, says whose file it is.

Source: Maven2RepositoryLayoutFactory, PrefixesRemoteRepositoryFilterSource of the Maven resolver.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.registries.interface import Kind, Wanted

TYPE = "maven"
METADATA = "maven-metadata.xml"
PREFIXES = "/.meta/prefixes.txt"
CHECKSUMS = ("sha1", "sha256", "sha512", "md5")
"""Names of hashlib, and extensions; the first that every repository has comes first."""
SIGNATURES = (".asc", ".sigstore", ".sigstore.json")
BESIDE = (".module", "-sources.jar", "-javadoc.jar")
"""Ends of files that few releases have, and no build needs."""
PLUGIN_GROUPS = frozenset(["org.apache.maven.plugins", "org.codehaus.mojo"])
"""Where Maven looks for the prefix of a plugin by itself. Source: Maven plugin prefix resolution."""

_GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_ARTIFACT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,149}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+~-]{0,99}")
_TAIL = re.compile(r"[.-][A-Za-z0-9_][A-Za-z0-9_.+~-]{0,149}")
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,20}")
_MAX_SEGMENTS = 24
_MAX_SEGMENT = 255
_MAX_PATH = 1024


def route(path: str) -> Wanted | None:
    """Read a path below the repository; None when it names nothing. No character of ours needs percent-encoding."""
    if len(path) > 3 * _MAX_PATH or not path.startswith("/"):
        return None
    # Each segment is decoded by itself, and %2f makes no new one.
    segments = [unquote(part, errors="replace") for part in path[1:].split("/")]
    if len(segments) > _MAX_SEGMENTS or any(not 0 < len(part) <= _MAX_SEGMENT or "/" in part for part in segments):
        return None
    joined = "/" + "/".join(segments)
    if len(joined) > _MAX_PATH:
        return None
    plain, checksum = _without_checksum(joined)
    if plain == PREFIXES:
        return Wanted(Kind.DOCUMENT, joined, None, checksum)
    *folder, name = plain[1:].split("/")
    return _listing(folder, joined, checksum) if name == METADATA else _file(folder, name, joined, checksum)


def is_version(text: str) -> bool:
    """Whether a client could ask for this version here."""
    return bool(_VERSION.fullmatch(text)) and not text.upper().endswith("SNAPSHOT")


def coordinate(group: str, artifact: str, version: str) -> Coordinate | None:
    """What the texts of an upstream document name, None where nobody could ask for that."""
    if all(_GROUP.fullmatch(part) for part in group.split(".")) and _ARTIFACT.fullmatch(artifact):
        return Coordinate(TYPE, group, artifact, version) if is_version(version) else None
    return None


def plugin(group: str, artifact: str) -> Coordinate | None:
    """The coordinate of a plugin of a group, None where its name is none."""
    return Coordinate(TYPE, group, artifact) if _ARTIFACT.fullmatch(artifact) else None


def folder_of(package: Coordinate) -> str:
    """The folder of an artifact, or of a version of it; with a slash at both ends."""
    parts = [*package.namespace.split("."), package.name, *([package.version] if package.version else [])]
    return f"/{'/'.join(parts)}/"


def pom_of(package: Coordinate) -> str:
    """The path of the POM of a version."""
    return f"{folder_of(package)}{package.name}-{package.version}.pom"


def _listing(folder: list[str], path: str, checksum: str) -> Wanted | None:
    if ".".join(folder) in PLUGIN_GROUPS:
        # No package of this name could be, so rules about all of the group's packages are what decides for it.
        return Wanted(Kind.LISTING, path, Coordinate(TYPE, ".".join(folder), METADATA), checksum)
    package = _package(folder)
    return Wanted(Kind.LISTING, path, package, checksum) if package else None


def _file(folder: list[str], name: str, path: str, checksum: str) -> Wanted | None:
    package = _package(folder[:-1])
    if package is None or not is_version(folder[-1]):
        return None
    signature = next((suffix for suffix in reversed(SIGNATURES) if name.endswith(suffix)), "")
    subject, stem = name.removesuffix(signature), f"{package.name}-{folder[-1]}"
    if not subject.startswith(stem) or not _is_tail(subject.removeprefix(stem)):
        return None
    release = package.at(folder[-1])
    if checksum or signature:
        return Wanted(Kind.DOCUMENT, path, release, checksum or signature)
    return Wanted(Kind.FILE, path, release)


def _is_tail(text: str) -> bool:
    """Whether this can follow artifact and version in the name of an artifact: a classifier, an extension."""
    extension = text.rpartition(".")[2]
    if not _TAIL.fullmatch(text) or "." not in text or not _EXTENSION.fullmatch(extension):
        return False
    return extension not in CHECKSUMS and not text.endswith(SIGNATURES)


def _package(folder: list[str]) -> Coordinate | None:
    *groups, name = folder or [""]
    sound = groups and all(_GROUP.fullmatch(part) for part in groups) and _ARTIFACT.fullmatch(name)
    return Coordinate(TYPE, ".".join(groups), name) if sound else None


def _without_checksum(path: str) -> tuple[str, str]:
    for name in CHECKSUMS:
        if path.endswith(f".{name}"):
            return path.removesuffix(f".{name}"), name
    return path, ""
