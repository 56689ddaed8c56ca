"""Archives of packages, read for their licence or to be verified, and those of users: nothing goes beyond bounds."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Hashable
from tempfile import gettempdir

from fuzz.engine import Target

from jhansi_runner.proxy.registries.golang_sums import check_zip
from jhansi_runner.proxy.registries.npm_inside import inside
from jhansi_runner.proxy.registries.pypi_licence import licence_inside
from jhansi_runner.runner.sandboxes.archive import contents
from jhansi_runner.runner.sandboxes.archive_names import Seen
from jhansi_runner.runner.sandboxes.errors import SandboxError

_PACKERS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
    (".tar.gz", lambda data: gzip.compress(data, 1)),
    (".tar.bz2", lambda data: bz2.compress(data, 1)),
    (".tar.xz", lambda data: lzma.compress(data, preset=0)),
    (".tar.gz", bytes),
    (".tar.xz", bytes),
)
"""How a tar archive is packed, so that what is changed in it is seen; the last two take the bytes as they are."""
_MEMORY = "/dev/shm"
_MOST = 1 << 20
"""Bytes that an upload may unpack to."""


def _kept(data: bytes) -> str:
    path = os.path.join(_MEMORY if os.path.isdir(_MEMORY) else gettempdir(), f"fuzz-{os.getpid()}")
    with open(path, "wb") as file:
        file.write(data)
    return path


def pypi_zip(data: bytes) -> Hashable:
    """A wheel."""
    path = _kept(data)
    try:
        found = licence_inside(path, "demo-1.0-py3-none-any.whl")
    finally:
        os.unlink(path)
    assert found is None or len(found) <= 200
    return found


def pypi_tar(data: bytes) -> Hashable:
    """An sdist; the first byte says how it is packed."""
    suffix, pack = _PACKERS[data[0] % len(_PACKERS) if data else 0]
    path = _kept(pack(data[1:]))
    try:
        found = licence_inside(path, f"demo-1.0{suffix}")
    finally:
        os.unlink(path)
    assert found is None or len(found) <= 200
    return found


def npm_tar(data: bytes) -> Hashable:
    """A tarball; if the first byte is odd, as it is."""
    path = _kept(data[1:] if data[:1] and data[0] % 2 else gzip.compress(data[1:], 1))
    try:
        found = inside(path)
    finally:
        os.unlink(path)
    assert found.licence is None or len(found.licence) <= 200
    return found


def golang_zip(data: bytes) -> Hashable:
    """A module zip."""
    path = _kept(data)
    try:
        check_zip(path, "example.test/demo", "v1.0.0")
    except ValueError as error:
        return str(error)[:60]
    finally:
        os.unlink(path)
    return True


def _uploaded(data: bytes) -> Hashable:
    """What an archive that somebody sent would make: below the top, each thing once, as large as it says."""
    path = _kept(data)
    file = os.open(path, os.O_RDONLY)
    os.unlink(path)
    seen, kinds = Seen(), set()
    try:
        for member, content in contents(file, _MOST):
            assert member.path == os.path.normpath(member.path) or (member.folder and not member.path)
            assert not member.path.startswith(("/", "../"))
            assert member.path != ".."
            seen.add(member.path, folder=member.folder)
            size = sum(len(piece) for piece in content)
            assert size == member.size
            kinds.add((member.folder, member.executable, size > 0))
    except SandboxError as error:
        return str(error)[:90]
    finally:
        os.close(file)
    return frozenset(kinds)


def upload_zip(data: bytes) -> Hashable:
    """A zip that is unpacked into a sandbox."""
    return _uploaded(data)


def upload_tar(data: bytes) -> Hashable:
    """A tar that is unpacked into a sandbox; the first byte says how it is packed, if at all."""
    packers = (*(pack for _, pack in _PACKERS), bytes)
    return _uploaded(packers[data[0] % len(packers) if data else -1](data[1:]))


_ZIP = (
    b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\xff\xff\xff\xff", b"\xff\xff",
    b"\x01\x00\x10\x00", b"\x63\x00", b"\x0c\x00", b"\x0e\x00", b"\x09\x00", b"METADATA",
    b"demo-1.0.dist-info/METADATA",
    b"example.test/demo@v1.0.0/", b"go.mod", b"\x00\x08", b"\x75\x70",
)  # fmt: skip
_TAR = (
    b"ustar\x0000", b"ustar  \0", b"PKG-INFO", b"package/package.json", b"package.json", b"\x80\0\0\0\x7f", b"L",
    b"K", b"x",
    b"g", b"S", b"30 path=demo-1.0/PKG-INFO\n", b"22 GNU.sparse.major=1\n", b"22 GNU.sparse.minor=0\n",
    b"19 GNU.sparse.map=\n", b"20 size=99999999999\n", b"00000000144\0", b"77777777777\0", b"0" * 512, b"\0" * 512,
    b"GNU.sparse.size=", b"GNU.sparse.numblocks=", b"hdrcharset=BINARY",
)  # fmt: skip
TARGETS = (
    Target("pypi-zip", pypi_zip, _ZIP),
    Target("pypi-tar", pypi_tar, _TAR),
    Target("npm-tar", npm_tar, _TAR),
    Target("golang-zip", golang_zip, _ZIP),
    Target("upload-zip", upload_zip, _ZIP),
    Target("upload-tar", upload_tar, _TAR),
)
