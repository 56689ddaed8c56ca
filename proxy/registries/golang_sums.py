"""Checksums of Go modules: what a module zip hashes to, and what the checksum database says of it.

The database is a transparency log. The go command proves each answer of it with the log's tiles and a key of its own;
what is here only compares, so that a zip that cannot pass that proof is not kept.

Source: the Go modules reference, "Checksum database"; x/mod/sumdb, sumdb/dirhash and zip.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries.archives import Directory

MAX_ZIP = 500 << 20
"""Bytes of a module zip, and of what it unpacks to."""
_MAX_TEXT = 16 << 20
_MAX_FILES = 250_000
_BLOCK = 1 << 18
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    OSError,
    ValueError,
)
_ODD = re.compile(r'[\\:*?"<>|`\']')

_DATABASE = "9da5f32d964125123cc368f231b473bea59307f811c7b9b2e731601e586b82b5"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_TILE = re.compile(
    r"tile/(?P<height>[1-9]|[12][0-9]|30)/(?P<level>data|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/){0,5}[0-9]{3}"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,8}))?"
)
_HASH_SIZE = 32
_END_MARK, _END_BYTES = b"PK\x05\x06", 22


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the checksum database called `database`.

    `what` is `supported`, `latest`, `lookup` or `tile`; `module` and `version` are set for a lookup, `size` is the
    number of bytes of a tile of hashes.
    """

    database: str
    what: str
    module: str = ""
    version: str = ""
    size: int | None = None


def asked(path: str) -> Asked | None:
    """Read what stands behind `sumdb/`, with nothing left to decode but `!x`; None when it names nothing."""
    database, _, rest = path.partition("/")
    if not _NAME.fullmatch(database):
        return None
    if rest in ("supported", "latest"):
        return Asked(database, rest)
    if rest.startswith("lookup/"):
        module, version = (names.unescape(part) for part in rest.removeprefix("lookup/").rpartition("@")[::2])
        if module is None or version is None or not names.is_module(module) or not names.is_release(module, version):
            return None
        return Asked(database, "lookup", module, version)
    tile = _TILE.fullmatch(rest)
    if tile is None:
        return None
    most = 1 << int(tile["height"])
    width = int(tile["width"] or most)
    if tile["width"] is not None and width >= most:
        return None
    return Asked(database, "tile", size=None if tile["level"] == "data" else width * _HASH_SIZE)


def is_public(database: str) -> bool:
    """Whether this is the name of the database that the go command uses unless it is told another."""
    return hashlib.sha256(database.encode()).hexdigest() == _DATABASE


def public_database(public: str) -> str:
    """The name of that database, next to the public registry `public`; "" when it is not there any more.

    It is not written down anywhere: what is made of the registry's own host is compared with the digest.
    """
    name = "sum." + public.partition(".")[2]
    return name if is_public(name) else ""


def recorded(body: bytes, module: str, version: str) -> str:
    """The h1 that a lookup gives for the zip of a module. Raises ValueError for anything else than a lookup of it."""
    head, _, _ = body.partition(b"\n\n")
    number, *lines = head.decode("utf-8", "replace").split("\n")
    prefix = f"{module} {version} h1:"
    found = [line.removeprefix(f"{module} {version} ") for line in lines if line.startswith(prefix)]
    if not number.isdigit() or len(found) != 1:
        raise ValueError(f"checksum database has no record of {module}@{version} in its answer")
    return found[0]


def check_zip(path: str, module: str, version: str, h1: str = "") -> None:
    """Read a module zip whole and raise ValueError unless it is sound, and hashes to `h1` where that is known.

    Sizes are what the archive declares; nothing is unpacked beyond them.
    """
    try:
        found = _hash(path, f"{module}@{version}/")
    except _BROKEN as error:
        raise ValueError(f"zip of {module}@{version}: {error}") from error
    if h1 and found != h1:
        raise ValueError(f"zip of {module}@{version} hashes to {found}, but the checksum database says {h1}")


def _hash(path: str, prefix: str) -> str:
    """The h1 of an archive: a SHA-256 of sorted lines, one for each file, with its own SHA-256 and its name."""
    with Directory(path) as file, zipfile.ZipFile(file, metadata_encoding="utf-8") as archive:
        members = archive.infolist()
        if not members:
            raise ValueError("it holds no file")
        _check_end(file, archive, os.path.getsize(path))
        _check_members(members, prefix, os.path.getsize(path))
        lines = hashlib.sha256()
        for member in sorted(members, key=lambda one: one.filename.encode()):
            digest, size = hashlib.sha256(), 0
            with archive.open(member) as content:
                while block := content.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
            if size != member.file_size:
                raise ValueError(f"{member.filename!r} has {size} bytes and not {member.file_size}")
            lines.update(f"{digest.hexdigest()}  {member.filename}\n".encode())
    return "h1:" + base64.b64encode(lines.digest()).decode()


def _check_end(file: IO[bytes], archive: zipfile.ZipFile, size: int) -> None:
    """The directory ends the file: what comes after it would be unseen by us, and by the hash.

    Source: APPNOTE.TXT 4.3.16, where the end record has 22 bytes and then the comment.
    """
    file.seek(size - _END_BYTES - len(archive.comment))
    if file.read(4) != _END_MARK:
        raise ValueError("something comes after its end")


def _check_members(members: list[zipfile.ZipInfo], prefix: str, size: int) -> None:
    if len(members) > _MAX_FILES:
        raise ValueError(f"{len(members)} files are too many")
    if sum(member.file_size for member in members) > MAX_ZIP:
        raise ValueError(f"it unpacks to more than {MAX_ZIP >> 20} MiB")
    if sum(member.compress_size for member in members) > size:
        raise ValueError("its files lie one over another")
    taken: set[str] = set()
    for member in members:
        _check_member(member, prefix)
        folded = member.filename.lower()
        if folded in taken:
            raise ValueError(f"two files are called {member.filename!r}, but for upper and lower case")
        taken.add(folded)


def _check_member(member: zipfile.ZipInfo, prefix: str) -> None:
    name = member.orig_filename
    if not name.startswith(prefix):
        raise ValueError(f"{name!r} is not below {prefix}")
    inner = name.removeprefix(prefix).removesuffix("/")
    if (
        _ODD.search(inner)
        or not inner.isprintable()
        or any(part.strip(".") == "" for part in inner.split("/") if inner)
    ):
        raise ValueError(f"{name!r} is no file name")
    if inner.rsplit("/", 1)[-1].lower() == "go.mod" and inner != "go.mod":
        raise ValueError(f"{name!r} is a go.mod in the wrong place or case")
    if inner in ("go.mod", "LICENSE") and member.file_size > _MAX_TEXT:
        raise ValueError(f"{name!r} is larger than {_MAX_TEXT >> 20} MiB")
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
        raise ValueError(f"{name!r} is encrypted or compressed in a way that the go command cannot read")
