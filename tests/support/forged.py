"""Bundles made by hand: small ones, and such as nobody would make who means well."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jhansi_runner.proxy.bundle import tar
from jhansi_runner.proxy.bundle.keys import SecretKey
from jhansi_runner.proxy.bundle.manifest import (
    ArtifactLine,
    DocumentLine,
    Header,
    Line,
    Origin,
    render_header,
    render_line,
    short_of,
)
from jhansi_runner.proxy.bundle.reading import comment_of
from jhansi_runner.proxy.cache.store import Artifact
from support.bundles import KEY, Side

INDEX = "http://127.0.0.1:9/simple/"
POLICY = f'version: 1\nregistries:\n  pypi: {{enabled: true, upstream: "{INDEX}", files: ["127.0.0.1:9"]}}\n\n'
CONTENT = b"not quite a wheel"
PAGE = b"<!DOCTYPE html>"
THEN = 1_700_000_000.0


def side(folder: Path, rules: str = "default: allow\n") -> Side:
    """A side with an empty cache, whose PyPI is somebody's own."""
    return Side(folder, POLICY + rules)


def key_of(name: str, host: str = "127.0.0.1:9") -> str:
    """The key of a file in the cache."""
    prefix = f"pypi@{hashlib.sha256(INDEX.encode()).hexdigest()[:16]}"
    return f"{prefix} /files/{host}/{name}"


def artifact_line(name: str = "demo", content: bytes = CONTENT, version: str = "1.0") -> ArtifactLine:
    """The line of a wheel."""
    file, sha256 = f"{name}-{version}-py3-none-any.whl", hashlib.sha256(content).hexdigest()
    one = Artifact(
        f"pkg:pypi/{name}@{version}",
        file,
        sha256,
        len(content),
        THEN,
        published=THEN - 86400.0 * 300,
        identity=f"sha256:{sha256}",
        dated_as=file,
        digests={"sha256": sha256},
    )
    return ArtifactLine(key_of(file), one, carried=True)


def document_line(name: str = "demo", content: bytes = PAGE, fetched: float = THEN) -> DocumentLine:
    """The line of an index page."""
    sha256 = hashlib.sha256(content).hexdigest()
    return DocumentLine(f"pypi {name}", f"{INDEX}{name}/", "text/html", "", "", fetched, sha256, len(content), True)


def header_for(lines: Sequence[Line]) -> Header:
    """The header that is true of some lines."""
    members = {short_of(line): line.size for line in lines if line.carried}
    artifacts = sum(isinstance(line, ArtifactLine) for line in lines)
    return Header(
        artifacts,
        len(lines) - artifacts,
        sum(line.size for line in lines),
        len(members),
        sum(members.values()),
        int(THEN),
        "ann@desk",
        "0.1.0",
        "0" * 64,
        origins=(Origin(key_of("x").partition(" ")[0], INDEX),),
    )


def manifest(lines: Sequence[Line], **changed: object) -> bytes:
    """A manifest, with some fields of its header changed."""
    header = replace(header_for(lines), **changed)  # type: ignore[arg-type]
    return render_header(header) + b"".join(map(render_line, lines))


def member(name: str, content: bytes) -> bytes:
    """A member of a bundle's tar."""
    return tar.header(name, len(content)) + content + tar.padding(len(content))


def signature(data: bytes, key: SecretKey = KEY, comment: str = "") -> bytes:
    """The signature of a manifest."""
    return key.sign(io.BytesIO(data), comment or comment_of(hashlib.sha256(data).hexdigest()))


def pieces(data: bytes, contents: Sequence[tuple[str, bytes]], signed: bytes | None = None) -> list[bytes]:
    """The members of a bundle, and its end."""
    signed = signature(data) if signed is None else signed
    named = [member(f"{kind}/{hashlib.sha256(one).hexdigest()}", one) for kind, one in contents]
    return [member(tar.MANIFEST, data), member(tar.SIGNATURE, signed), *named, tar.END]


def small() -> list[bytes]:
    """A sound bundle of one artifact and one document, piece by piece."""
    return pieces(manifest([artifact_line(), document_line()]), [("artifacts", CONTENT), ("documents", PAGE)])


def write(path: Path, parts: Sequence[bytes]) -> Path:
    """Write a bundle."""
    path.write_bytes(b"".join(parts))
    return path


def header_block(name: bytes, size: int, kind: bytes = b"0", link: bytes = b"") -> bytes:
    """A header of any kind, with a checksum that is right."""
    block = bytearray(tar.header("x", size)[:512])
    block[:100] = name.ljust(100, b"\0")
    block[156:157] = kind
    block[157:257] = link.ljust(100, b"\0")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def boundaries(parts: Sequence[bytes]) -> list[int]:
    """Where the pieces end, in bytes from the beginning."""
    found, at = [], 0
    for part in parts:
        at += len(part)
        found.append(at)
    return found


def noise(size: int) -> bytes:
    """Bytes that nobody expects."""
    return os.urandom(size)
