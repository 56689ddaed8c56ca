"""Reads a bundle once, from its beginning to its end: its signature before anything else, then each content.

Whoever reads sees nothing that was not signed. Every mistake is a BadBundle of one sentence: it is refused whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from jhansi_runner.proxy.bundle import keys, room, tar
from jhansi_runner.proxy.bundle.keys import BadSignature, PublicKey
from jhansi_runner.proxy.bundle.manifest import DocumentLine, Line, Reader, member_of
from jhansi_runner.proxy.bundle.strict import BadManifest
from jhansi_runner.proxy.bundle.tar import BadTar
from jhansi_runner.proxy.bundle.volumes import Volumes

LARGEST_MANIFEST = 4 << 30
_LARGEST_SIGNATURE = 4096


class BadBundle(ValueError):
    """A bundle that is refused whole."""


class _File:
    """A file that takes all of what it is given."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]


class _Told:
    """Tells how many bytes went by."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self._tell = tell

    def write(self, data: bytes | memoryview) -> None:
        self._tell(len(data))


class _Hash:
    """The sha256 of what it is given."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.write = self._digest.update

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


class Bundle:
    """A bundle whose signature was verified. `name` is its name for itself, `key` the key that signed it.

    `lines` may be asked for as often as one likes; `receive` takes each member once, in the order of the lines.
    """

    def __init__(
        self, volumes: Volumes, trusted: Sequence[PublicKey], manifest: BinaryIO, tell: Callable[[int], None]
    ) -> None:
        """Raises BadTar, BadSignature, BadManifest, NoRoom."""
        self._volumes, self._told = volumes, _Told(tell)
        if volumes.size < len(tar.END):
            raise BadTar(f"it is no bundle: it has {volumes.size} bytes")
        digest = _Hash()
        size = tar.take_sized_header(volumes, tar.MANIFEST, min(LARGEST_MANIFEST, volumes.size))
        room.require(manifest.fileno(), size)  # nobody has vouched for this size yet
        tar.take_content(volumes, size, manifest, digest, self._told)
        manifest.flush()
        signature = bytearray()
        size = tar.take_sized_header(volumes, tar.SIGNATURE, _LARGEST_SIGNATURE)
        tar.take_content(volumes, size, _Bytes(signature))
        self.name = digest.hexdigest()
        self.key = keys.verify(trusted, manifest, bytes(signature), comment_of(self.name))
        self._reader = Reader(manifest)
        self.header = self._reader.header

    def lines(self) -> Iterator[tuple[Line, bool]]:
        """All lines, each with whether its content is the next member. Raises BadManifest, at the end at last."""
        return self._reader.lines()

    def receive(self, line: Line, descriptor: int | None) -> None:
        """Read the member of a line, into a file where one is given. Raises BadTar, BadManifest."""
        name, digest = member_of(line), _Hash()
        tar.take_header(self._volumes, name, line.size)
        sinks = () if descriptor is None else (_File(descriptor),)
        tar.take_content(self._volumes, line.size, digest, self._told, *sinks)
        if digest.hexdigest() != line.sha256:
            what = line.key if isinstance(line, DocumentLine) else line.artifact.purl
            raise BadTar(f"{what} is not what its line in the manifest says: {name} was changed")

    def finish(self) -> None:
        """Make sure that nothing comes after the last member. Raises BadTar."""
        tar.take_end(self._volumes)
        self._volumes.finish()


class _Bytes:
    def __init__(self, into: bytearray) -> None:
        self.write = into.extend


def comment_of(name: str) -> str:
    """The comment that is signed with a manifest of this sha256."""
    return f"jhansi-bundle {name}"


@contextmanager
def refusing(path: str) -> Iterator[None]:
    """Whatever is wrong with a bundle is a BadBundle, which names its file."""
    try:
        yield
    except (BadTar, BadSignature, BadManifest) as error:
        raise BadBundle(f"{path} is refused: {error}") from None


@contextmanager
def opened(
    path: str, trusted: Sequence[PublicKey], manifest: BinaryIO, tell: Callable[[int], None] = lambda _: None
) -> Iterator[Bundle]:
    """Open a bundle; its manifest is written to a file that is the caller's. Raises BadBundle, NoBundle."""
    with refusing(path), Volumes(path) as volumes:
        yield Bundle(volumes, trusted, manifest, tell)
