"""Writes a bundle from a cache, and proves it before it gets its name.

The same cache and options give the same bytes. The cache may be in use meanwhile: documents are copied when they are
looked at, and artifacts never change.

Source: ADR 0014.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BufferedRandom
from typing import Protocol

from jhansi_runner.proxy.bundle import tar
from jhansi_runner.proxy.bundle.choice import Choice, Stays
from jhansi_runner.proxy.bundle.importing import Import
from jhansi_runner.proxy.bundle.judging import Judging, Scope
from jhansi_runner.proxy.bundle.keys import PublicKey, SecretKey
from jhansi_runner.proxy.bundle.manifest import (
    ArtifactLine,
    DocumentLine,
    Header,
    Line,
    Origin,
    Reader,
    member_of,
    render_header,
    render_line,
    short_of,
)
from jhansi_runner.proxy.bundle.naming import prefix_of
from jhansi_runner.proxy.bundle.placing import Writer, place_for, put
from jhansi_runner.proxy.bundle.reading import comment_of, opened
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Store

_PIECE = 1 << 20


class Readable(Protocol):
    """A file that fills buffers."""

    def readinto(self, into: memoryview, /) -> int | None:
        """How many bytes there were, 0 at the end."""


class Unfit(OSError):
    """The cache cannot be exported as it is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be exported, and how. `most` is the size of a volume in bytes, 0 for one file.

    `since` is an earlier bundle, "" for none, signed by one of `trusted`. `by` is who exports, `release` with which
    release of ours; `created` is in seconds since the epoch, None for the time of the newest content. `wants` tell
    people what was warmed for. `prove` is called with a home whose cache holds what the bundle holds, and raises
    whatever should stop the export.
    """

    file: str
    secret: SecretKey
    by: str
    release: str
    scope: Scope
    since: str = ""
    trusted: tuple[PublicKey, ...] = ()
    most: int = 0
    created: int | None = None
    wants: tuple[str, ...] = ()
    prove: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what stays. `size` is in bytes; `name` is the bundle's name for itself."""

    name: str
    header: Header
    parts: tuple[str, ...]
    size: int
    stays: Stays


class Export:
    """One export of one cache."""

    def __init__(
        self, store: Store, files: ArtifactFiles, judging: Judging, tell: Callable[[int], None] = lambda _: None
    ) -> None:
        self._store, self._files, self._judging, self._tell = store, files, judging, tell

    def run(self, order: Order) -> Exported:
        """Export. Raises Taken, Unfit, BadBundle, NoBundle, OSError, sqlite3.Error, and what `order.prove` raises."""
        self._files.sweep()
        with place_for(order.file, order.most) as writer, self._files.staging() as folder:
            with open(f"{folder}/manifest", "w+b") as manifest, open(f"{folder}/bodies", "w+b") as bodies:
                stays = self._list(order, folder, manifest, bodies)
                name = self._write(order, manifest, bodies, writer)
                header = Reader(manifest).header
            writer.close(flush=True)
            self._prove(order, folder, writer.path)
            parts = put(writer, order.file)
        return Exported(name, header, tuple(parts), writer.size, stays)

    def _list(self, order: Order, folder: str, manifest: BufferedRandom, bodies: BufferedRandom) -> Stays:
        """Write the manifest, and the documents that it carries one after the other."""
        choice = Choice(self._store, self._files, self._judging, order.scope)
        counting = _Counting()
        with open(f"{folder}/lines", "w+b") as lines, open(f"{folder}/base", "w+b") as base:
            before = _Before(order, base)
            for line in choice.artifacts():
                lines.write(render_line(counting.add(before.known(line))))
            for paper, document in choice.documents():
                known = before.known(paper)
                if counting.comes(known):
                    bodies.write(document.body)
                lines.write(render_line(counting.add(known)))
            origins = [Origin(one, self._judging.upstreams[one.partition("@")[0]].index) for one in counting.prefixes]
            header = Header(
                counting.artifacts,
                counting.documents,
                counting.size,
                len(counting.members),
                counting.members_size,
                counting.newest if order.created is None else order.created,
                _text(order.by),
                order.release,
                self._judging.policy.digest,
                before.name,
                tuple(origins),
                tuple(map(_text, order.wants)),
            )
            manifest.write(render_header(header))
            lines.seek(0)
            shutil.copyfileobj(lines, manifest, _PIECE)
        manifest.flush()
        bodies.seek(0)
        if not counting.artifacts + counting.documents:
            raise Unfit(_nothing(choice.stays))
        return choice.stays

    def _write(self, order: Order, manifest: BufferedRandom, bodies: BufferedRandom, writer: Writer) -> str:
        """Write the members; the bundle's name for itself."""
        manifest.seek(0)
        name = hashlib.file_digest(manifest, "sha256").hexdigest()
        size = manifest.tell()
        manifest.seek(0)
        signature = order.secret.sign(manifest, comment_of(name))
        manifest.seek(0)
        writer.write(tar.header(tar.MANIFEST, size))
        self._copy(manifest, size, writer)
        writer.write(tar.header(tar.SIGNATURE, len(signature)) + signature + tar.padding(len(signature)))
        for line, comes in Reader(manifest).lines():
            if comes:
                writer.write(tar.header(member_of(line), line.size))
                if isinstance(line, DocumentLine):
                    self._copy(bodies, line.size, writer)
                else:
                    self._copy_artifact(line, writer)
        writer.write(tar.END)
        return name

    def _copy_artifact(self, line: ArtifactLine, writer: Writer) -> None:
        one = line.artifact
        try:
            with open(self._files.path(one.sha256), "rb", buffering=0) as file:
                sha256 = self._copy(file, one.size, writer)
        except FileNotFoundError:
            raise Unfit(f"{one.purl} went from the cache meanwhile: export once more") from None
        if sha256 != one.sha256:
            raise Unfit(
                f"{one.filename} of {one.purl} is damaged in this cache, so nothing was exported: run "
                "`jhansi-runner cache verify`, which moves it aside, and warm it again"
            )

    def _copy(self, file: Readable, size: int, writer: Writer) -> str:
        """Copy a content and what comes after it; the sha256 of what was there, which may be less."""
        digest, left = hashlib.sha256(), size
        piece = memoryview(bytearray(min(size, _PIECE)))
        while left:
            count = file.readinto(piece[: min(left, len(piece))])
            if not count:
                return ""
            part = piece[:count]
            digest.update(part)
            writer.write(part)
            self._tell(count)
            left -= count
        writer.write(tar.padding(size))
        return digest.hexdigest()

    def _prove(self, order: Order, folder: str, path: str) -> None:
        """Import the bundle into a cache made for it, whose artifacts are links, and have it tried there."""
        home = f"{folder}/home"
        os.makedirs(f"{home}/cache", 0o700)
        store, files = Store(f"{home}/cache"), ArtifactFiles(f"{home}/cache")
        try:
            trusted = (order.secret.public,)
            if order.since:
                self._add_before(path, trusted, folder, store, files)
            done = Import(store, files, self._judging, self._tell, self._files).run(path, trusted)
        finally:
            store.close()
        if done.refused:
            raise Unfit(f"the bundle cannot be imported: {done.refused[0].reason}")
        order.prove(home)

    def _add_before(
        self, path: str, trusted: tuple[PublicKey, ...], folder: str, store: Store, files: ArtifactFiles
    ) -> None:
        """Put there what the other side has of the bundles before."""
        with open(f"{folder}/proof", "w+b") as manifest, opened(path, trusted, manifest) as bundle:
            for line, _ in bundle.lines():
                if isinstance(line, ArtifactLine) and not line.carried:
                    target = files.path(line.sha256)
                    if not os.path.exists(target):
                        os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
                        os.link(self._files.path(line.sha256), target)
                elif isinstance(line, DocumentLine) and not line.carried:
                    document = self._store.document(line.key)
                    if document is not None:
                        store.keep_document(line.key, document)


def _text(name: str) -> str:
    """A name as a text: those of files may have bytes that are none."""
    return name.encode("utf-8", "replace").decode()


def _nothing(stays: Stays) -> str:
    words = "nothing was exported: the cache has nothing that is wished for"
    if stays.refused:
        return f"{words} and allowed; the last that is refused: {stays.refused[-1].reason}"
    return (
        f"{words}; the last that stays is {stays.others[-1].what}: {stays.others[-1].reason}" if stays.others else words
    )


class _Counting:
    """Counts the lines of a manifest that is being written."""

    def __init__(self) -> None:
        self.artifacts = self.documents = self.size = self.members_size = self.newest = 0
        self.members: set[bytes] = set()
        self.prefixes: dict[str, None] = {}

    def comes(self, line: Line) -> bool:
        return line.carried and short_of(line) not in self.members

    def add(self, line: Line) -> Line:
        if self.comes(line):
            self.members.add(short_of(line))
            self.members_size += line.size
        self.size += line.size
        is_document = isinstance(line, DocumentLine)
        self.documents, self.artifacts = self.documents + is_document, self.artifacts + (not is_document)
        moment = line.fetched if isinstance(line, DocumentLine) else line.artifact.stored
        self.newest = max(self.newest, int(moment))
        if isinstance(line, ArtifactLine):
            self.prefixes.setdefault(prefix_of(line.key))
        return line


class _Before:
    """Tells what the other side has by an earlier bundle: the same content under the same key. Both are by key."""

    def __init__(self, order: Order, manifest: BufferedRandom) -> None:
        self.name = ""
        self._lines: Iterator[tuple[Line, bool]] = iter(())
        if order.since:
            with opened(order.since, (*order.trusted, order.secret.public), manifest) as bundle:
                self.name = bundle.name
                for _ in bundle.lines():  # all of them are sound, then
                    pass
                self._lines = bundle.lines()
        self._next = next(self._lines, None)

    def known(self, line: Line) -> Line:
        """A line as not carried where it need not be."""
        place = isinstance(line, DocumentLine), line.key
        while self._next is not None:
            one = self._next[0]
            there = isinstance(one, DocumentLine), one.key
            if there == place:
                return replace(line, carried=one.sha256 != line.sha256)
            if there > place:
                break
            self._next = next(self._lines, None)
        return line
