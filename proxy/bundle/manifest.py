"""The manifest of a bundle: JSON, a line each, which can be written in one way only and is read without being held.

The header comes first, then the artifacts, then the documents, each by key. Whatever is not written as we would write
it is refused: an unknown field, another order, a number in another form, a key twice.

Source: ADR 0014.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from jhansi_runner.proxy.bundle import strict
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.cache.store import Artifact
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES

FORMAT = 1
_HEADER, _ARTIFACT, _DOCUMENT = "bundle", "artifact", "document"
LONGEST = 1 << 20
"""Bytes of a line at most."""
LONGEST_HEADER = 16 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALGORITHM, _DIGEST = re.compile(r"[a-z0-9_]{1,20}"), re.compile(r"[0-9a-f]{2,128}")
_LARGEST_DOCUMENT = 512 << 20
"""Bytes: more than is taken of any upstream's, since each is held in memory while it is kept."""
_PREFIX = re.compile(r"[a-z]+(?:@[0-9a-f]{16})?")

Seen = tuple[float, str] | None
"""When the cache first saw a release, in seconds since the epoch, and what it was: the second clock (ADR 0008)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where things of a registry came from. `prefix` is how their keys in the cache begin, such as `pypi` for the
    public registry and `pypi@0123456789abcdef` for an operator's own; `index` is the URL of that.
    """

    prefix: str
    index: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a bundle is. Sizes are in bytes, `created` is in seconds since the epoch.

    `artifacts` and `documents` count lines. `members` and `members_size` are what is in this bundle and not only in
    those before; `size` is of everything that the lines name, each content once for each line. `policy` is the digest
    of the policy that was in force, `base` the bundle that this one adds to, by its name for itself, "" for none.
    `wants` tell people what was warmed for.
    """

    artifacts: int
    documents: int
    size: int
    members: int
    members_size: int
    created: int
    by: str
    release: str
    policy: str
    base: str = ""
    origins: tuple[Origin, ...] = ()
    wants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArtifactLine:
    """One artifact. `key` is its name in the cache; `carried` tells that its content is in this bundle."""

    key: str
    artifact: Artifact
    carried: bool
    seen: Seen = None

    @property
    def sha256(self) -> str:
        """The name of its content."""
        return self.artifact.sha256

    @property
    def size(self) -> int:
        """Bytes of its content."""
        return self.artifact.size


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document as the upstream sent it, without its body. `fetched` is in seconds since the epoch."""

    key: str
    url: str
    content_type: str
    etag: str
    modified: str
    fetched: float
    sha256: str
    size: int
    carried: bool
    seen: Seen = None


Line = ArtifactLine | DocumentLine


def render_header(header: Header) -> bytes:
    """The first line, with its end."""
    return strict.written(
        {
            "kind": _HEADER,
            "format": FORMAT,
            "artifacts": header.artifacts,
            "documents": header.documents,
            "size": header.size,
            "members": header.members,
            "members_size": header.members_size,
            "created": header.created,
            "by": header.by,
            "release": header.release,
            "policy": header.policy,
            "base": header.base,
            "origins": {origin.prefix: origin.index for origin in header.origins},
            "wants": list(header.wants),
        }
    )


def render_line(line: Line) -> bytes:
    """One more line, with its end. Raises BadManifest for what could not be read again."""
    try:
        found = strict.written(_data(line))
    except (ValueError, OverflowError):
        raise BadManifest(f"what is known of {line.key} cannot be written") from None
    parse_line(found)
    return found


def parse_header(data: bytes) -> Header:
    """Read the first line. Raises BadManifest."""
    found = strict.mapping_in(data, LONGEST_HEADER)
    if found.get("kind") != _HEADER or found.get("format") != FORMAT:
        raise BadManifest(f"it is no bundle of format {FORMAT}")
    strict.fields(
        found,
        "kind format artifacts documents size members members_size created by release policy base origins wants",
    )
    origins = strict.texts(found, "origins")
    if not all(_PREFIX.fullmatch(prefix) and prefix.partition("@")[0] in SUPPORTED_TYPES for prefix in origins):
        raise BadManifest("`origins` names something that is no registry")
    wants = found["wants"]
    if not isinstance(wants, list):
        raise BadManifest("`wants` is no list")
    base = strict.string(found, "base")
    if base and not _SHA256.fullmatch(base):
        raise BadManifest("`base` names no bundle")
    return Header(
        artifacts=strict.count(found, "artifacts"),
        documents=strict.count(found, "documents"),
        size=strict.count(found, "size"),
        members=strict.count(found, "members"),
        members_size=strict.count(found, "members_size"),
        created=strict.count(found, "created"),
        by=strict.string(found, "by"),
        release=strict.string(found, "release"),
        policy=strict.sha256(found, "policy"),
        base=base,
        origins=tuple(Origin(prefix, index) for prefix, index in origins.items()),
        wants=tuple(strict.text_of("wants", want) for want in wants),
    )


def parse_line(data: bytes) -> Line:
    """Read one more line. Raises BadManifest."""
    found = strict.mapping_in(data, LONGEST)
    kind = found.get("kind")
    if kind == _DOCUMENT:
        strict.fields(found, "kind key sha256 size carried seen url content_type etag modified fetched")
        if strict.count(found, "size") > _LARGEST_DOCUMENT:
            raise BadManifest("a document is larger than any that is kept")
        return DocumentLine(
            key=strict.string(found, "key"),
            url=strict.header(found, "url"),
            content_type=strict.header(found, "content_type"),
            etag=strict.header(found, "etag"),
            modified=strict.header(found, "modified"),
            fetched=strict.time(found, "fetched"),
            sha256=strict.sha256(found, "sha256"),
            size=strict.count(found, "size"),
            carried=strict.flag(found, "carried"),
            seen=_seen(found),
        )
    if kind == _ARTIFACT:
        strict.fields(
            found,
            "kind key sha256 size carried seen purl filename stored published identity licence runs dated_as inspected "
            "digests",
        )
        return ArtifactLine(strict.string(found, "key"), _artifact(found), strict.flag(found, "carried"), _seen(found))
    raise BadManifest("a line is about neither an artifact nor a document")


class Reader:
    """Reads a manifest from a file, as often as it is asked for its lines."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises BadManifest."""
        self._file = file
        file.seek(0)
        self.header = parse_header(file.readline(LONGEST_HEADER + 1))
        self._first = file.tell()

    def lines(self) -> Iterator[tuple[Line, bool]]:
        """All lines in their order, each with whether its content is the next member: the first time it is carried.

        Raises BadManifest where they are not what the header says, at the end at last.
        """
        self._file.seek(self._first)
        artifacts = documents = size = members_size = 0
        known: set[bytes] = set()
        before = (-1, "")
        while data := self._file.readline(LONGEST + 1):
            line = parse_line(data)
            is_document = isinstance(line, DocumentLine)
            place = int(is_document), line.key
            if place <= before:
                raise BadManifest(f"{line.key} is out of order, or there twice")
            before = place
            artifacts, documents, size = artifacts + (not is_document), documents + is_document, size + line.size
            name = short_of(line)
            comes = line.carried and name not in known
            if comes:
                known.add(name)
                members_size += line.size
            yield line, comes
        header = self.header
        told = header.artifacts, header.documents, header.size, header.members, header.members_size
        if (artifacts, documents, size, len(known), members_size) != told:
            raise BadManifest("its lines are not as many, or not as much, as it says")


def short_of(line: Line) -> bytes:
    """The name of a line's member in few bytes, for whoever remembers a million."""
    return (b"d" if isinstance(line, DocumentLine) else b"a") + bytes.fromhex(line.sha256)[:20]


def member_of(line: Line) -> str:
    """The name of the member that a line's content is, or would be, below the bundle's folder."""
    return f"{'documents' if isinstance(line, DocumentLine) else 'artifacts'}/{line.sha256}"


def uninspected(line: Line) -> Line:
    """A line without its word that somebody looked into the artifact: a side believes its own eyes only."""
    if isinstance(line, DocumentLine) or not line.artifact.inspected:
        return line
    return replace(line, artifact=replace(line.artifact, inspected=False))


def _data(line: Line) -> dict[str, object]:
    seen = None if line.seen is None else [float(line.seen[0]), line.seen[1]]
    common = {"key": line.key, "sha256": line.sha256, "size": line.size, "carried": line.carried, "seen": seen}
    if isinstance(line, DocumentLine):
        own: dict[str, object] = {
            "kind": _DOCUMENT,
            "url": line.url,
            "content_type": line.content_type,
            "etag": line.etag,
            "modified": line.modified,
            "fetched": float(line.fetched),
        }
    else:
        one = line.artifact
        own = {
            "kind": _ARTIFACT,
            "purl": one.purl,
            "filename": one.filename,
            "stored": float(one.stored),
            "published": None if one.published is None else float(one.published),
            "identity": one.identity,
            "licence": one.licence,
            "runs": one.runs,
            "dated_as": one.dated_as,
            "inspected": one.inspected,
            "digests": dict(one.digests),
        }
    return {**common, **own}


def _artifact(found: Mapping[str, object]) -> Artifact:
    purl, sha256 = strict.string(found, "purl"), strict.sha256(found, "sha256")
    try:
        coordinate = Coordinate.parse(purl)
        sound = coordinate.purl == purl and coordinate.version and coordinate.type in SUPPORTED_TYPES
    except ValueError:
        sound = False
    if not sound:
        raise BadManifest(f"{purl!r} is no package-url of a release")
    licence, published = found["licence"], found["published"]
    digests = strict.texts(found, "digests")
    sound = all(_ALGORITHM.fullmatch(name) and _DIGEST.fullmatch(value) for name, value in digests.items())
    if not sound or digests.get("sha256", sha256) != sha256:
        raise BadManifest("`digests` are none")
    runs = strict.string(found, "runs")
    return Artifact(
        purl=purl,
        filename=strict.string(found, "filename"),
        sha256=sha256,
        size=strict.count(found, "size"),
        stored=strict.time(found, "stored"),
        published=None if published is None else strict.time(found, "published"),
        identity=strict.string(found, "identity"),
        licence=None if licence is None else strict.string(found, "licence"),
        runs=runs,
        dated_as=strict.string(found, "dated_as"),
        inspected=strict.flag(found, "inspected"),
        digests=digests,
    )


def _seen(found: Mapping[str, object]) -> Seen:
    value = found["seen"]
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise BadManifest("`seen` is no time and what was seen")
    return strict.time_of("seen", value[0]), strict.text_of("seen", value[1])
