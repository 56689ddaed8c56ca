"""Small valid npm packages, made in memory, the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tarball:
    """A package as it is published: the tarball's bytes, and its package.json."""

    filename: str
    data: bytes
    manifest: Mapping[str, Any]

    @property
    def integrity(self) -> str:
        """The sha512, as packuments and lock files write it. Source: Subresource Integrity (W3C)."""
        return "sha512-" + base64.b64encode(hashlib.sha512(self.data).digest()).decode()

    @property
    def shasum(self) -> str:
        """The sha1 in hex."""
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()


def make_tarball(
    name: str, version: str, files: Mapping[str, str | bytes] | None = None, **manifest: object
) -> Tarball:
    """A package that npm, pnpm and Yarn install. `manifest` is what its package.json says further.

    Without `files` there is an `index.js` that exports the version.
    """
    package = {"name": name, "version": version, **manifest}
    contents = {"index.js": f"module.exports = {version!r}\n"} if files is None else dict(files)
    members: dict[str, str | bytes] = {"package.json": json.dumps(package, indent=2), **contents}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(f"package/{path}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    filename = f"{name.rpartition('/')[2]}-{version}.tgz"
    return Tarball(filename, gzip.compress(packed.getvalue(), mtime=0), package)
