"""Small valid wheels and sdists, made in memory, the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from support.registry.artifact import BuiltFile, Content, noise

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["BuiltFile", "make_sdist", "make_wheel"]

_EPOCH = (1980, 1, 1, 0, 0, 0)


class _ChunkSink(io.RawIOBase):
    """A seekable file that keeps what is written by reference; a rewrite must have the old one's length."""

    def __init__(self) -> None:
        self._at = 0
        self._chunks: dict[int, bytes] = {}

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only absolute positions")
        self._at = offset
        return offset

    def write(self, data: ReadableBuffer) -> int:
        chunk = bytes(data)  # no copy where it is `bytes` already
        if chunk:
            if len(self._chunks.get(self._at, chunk)) != len(chunk):
                raise io.UnsupportedOperation("a rewrite of another length")
            self._chunks[self._at] = chunk
            self._at += len(chunk)
        return len(chunk)

    def content(self) -> Content:
        """All that was written, in the order of its place."""
        return Content(tuple(chunk for _, chunk in sorted(self._chunks.items())))


def _zipped(members: Iterable[tuple[str, Content]]) -> Content:
    """A zip archive of the members, uncompressed, so that its bytes do not depend on the zlib at hand."""
    sink = _ChunkSink()
    with zipfile.ZipFile(sink, "w") as archive:
        for path, content in members:
            info = zipfile.ZipInfo(path, _EPOCH)
            info.external_attr = 0o100644 << 16
            info.file_size = content.size
            with archive.open(info, "w") as member:
                for chunk in content.chunks:
                    member.write(chunk)
    return sink.content()


def _record(members: Iterable[tuple[str, Content]], record: str) -> str:
    """The RECORD of a wheel. Source: the wheel specification, "The .dist-info directory"."""
    lines = []
    for path, content in members:
        digest = base64.urlsafe_b64encode(bytes.fromhex(content.sha256())).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{content.size}")
    return "\n".join([*lines, f"{record},,", ""])


def _extra_requirement(requirement: str, extra: str) -> str:
    plain, _, marker = requirement.partition(";")
    both = f'({marker.strip()}) and extra == "{extra}"' if marker else f'extra == "{extra}"'
    return f"{plain.strip()} ; {both}"


def _metadata(
    name: str,
    version: str,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    licence: str | None = None,
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"License-Expression: {licence}"] if licence else []
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, requirements in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_extra_requirement(requirement, extra)}" for requirement in requirements]
    return ("\n".join(lines) + "\n").encode()


def make_wheel(
    name: str,
    version: str,
    modules: Mapping[str, str | bytes] | None = None,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    scripts: Mapping[str, str] | None = None,
    size_padding: int = 0,
    tag: str = "py3-none-any",
    requires_python: str | None = None,
    licence: str | None = None,
) -> BuiltFile:
    """A wheel that pip and uv install.

    `modules` maps paths in the wheel to sources; None means one package named like the distribution, with
    `__version__`. `scripts` maps commands to `module:function`. `size_padding` adds a data file of that many
    incompressible bytes, which take one mebibyte of memory however many they are.
    """
    escaped = re.sub(r"[-_.]+", "_", name)
    info = f"{escaped}-{version}.dist-info"
    if modules is None:
        modules = {f"{escaped.lower()}/__init__.py": f'__version__ = "{version}"\n'}
    metadata = _metadata(name, version, requires, extras, requires_python, licence)
    pure = str(tag.endswith("-none-any")).lower()
    texts: dict[str, str | bytes] = {
        **modules,
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    if scripts:
        entries = "".join(f"{command} = {target}\n" for command, target in scripts.items())
        texts[f"{info}/entry_points.txt"] = f"[console_scripts]\n{entries}"
    members = [(path, Content((_encoded(text),))) for path, text in texts.items()]
    if size_padding:
        seed = int.from_bytes(hashlib.sha256(f"{name} {version}".encode()).digest()[:4])
        members.insert(0, (f"{escaped.lower()}_padding.bin", noise(size_padding, seed)))
    record = f"{info}/RECORD"
    content = _zipped([*members, (record, Content((_record(members, record).encode(),)))])
    filename = f"{escaped}-{version}-{tag}.whl"
    return BuiltFile(name, version, filename, content, content.sha256(), metadata, requires_python)


def _encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


_PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

_BACKEND = '''\
"""Builds its own wheel with nothing but the standard library."""
import os, zipfile

MARKER = {marker!r}
WHEEL = {wheel!r}
FILES = {files!r}


def _observed(hook):
    if MARKER:
        with open(MARKER, "a") as out:
            out.write(hook + "\\n")


_observed("import")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _observed("build_wheel")
    with zipfile.ZipFile(os.path.join(wheel_directory, WHEEL), "w") as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    return WHEEL
'''


def make_sdist(
    name: str,
    version: str,
    setup_marker: str | None = None,
    *,
    modules: Mapping[str, str | bytes] | None = None,
    requires: Iterable[str] = (),
) -> BuiltFile:
    """An sdist whose build backend lies in its own tree and needs nothing from a registry.

    Whoever builds it runs its code. With `setup_marker`, a path, that code appends a line to it for each of
    `import` and `build_wheel`.
    """
    wheel = make_wheel(name, version, modules, requires=requires)
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        files = {path: archive.read(path) for path in archive.namelist()}
    backend = _BACKEND.format(marker=setup_marker, wheel=wheel.filename, files=files)
    top = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    texts = {
        "PKG-INFO": wheel.metadata,
        "backend.py": backend.encode(),
        "pyproject.toml": _PYPROJECT.encode(),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive_out:
        for path, data in texts.items():
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(data)
            archive_out.addfile(member, io.BytesIO(data))
    content = Content((gzip.compress(packed.getvalue(), mtime=0),))
    return BuiltFile(name, version, f"{top}.tar.gz", content, content.sha256(), wheel.metadata)
