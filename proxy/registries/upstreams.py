"""Where a registry is when the policy names no mirror of it, without spelling a host.

The package-url library knows the public registry of each type. What it says, and what an index page says of the
host that serves the files, is compared with digests that we ship, so that neither can widen what is let out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from packageurl.contrib import purl2url

_INDEX_DIGEST = {"pypi": "a4aa2ac280bb8d1a0ce7a1be5a7bfb10292b49fe9435ad5cff19f421f3c70e41"}
_FILES_DIGEST = {"pypi": "c899567ee906851741bf7f3bde17a33777859ff9f53ff54d6f0ea54cf31ad636"}
_INDEX_PATH = {"pypi": "/simple/"}
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class UpstreamError(ValueError):
    """An upstream that we refuse to speak to."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where one registry is fetched from.

    `index` is the URL of the index and ends in a slash; `public` is the host whose name clients use, whatever the
    upstream is; `files` are further hosts that the operator allows.
    """

    type: str
    index: str
    public: str
    files: frozenset[str] = frozenset()

    @property
    def host(self) -> str:
        """Host, and port where it is not the scheme's own, of the index."""
        return urlsplit(self.index).netloc

    @property
    def is_public(self) -> bool:
        """Whether this is the public registry itself."""
        return self.host == self.public

    def serves_files(self, scheme: str, host: str) -> bool:
        """Whether files may be fetched from there: the shipped digest, the index itself, or the operator's list."""
        if scheme != "https" and host.rsplit(":", 1)[0] not in _LOOPBACK:
            return False
        if host == self.host or host in self.files:
            return True
        return self.is_public and _digest(host) == _FILES_DIGEST.get(self.type)


def _digest(host: str) -> str:
    return hashlib.sha256(host.encode("utf-8", "surrogateescape")).hexdigest()


def public_host(type_: str, lookup: Callable[[str], str | None] = purl2url.get_repo_url) -> str:
    """The host of the public registry of a package-url type.

    Raises UpstreamError when the library names none, or another than the one whose digest we ship.
    Source: package-url type definitions, through packageurl-python.
    """
    host = urlsplit(lookup(f"pkg:{type_}/x") or "").netloc
    if not host or _digest(host) != _INDEX_DIGEST.get(type_):
        raise UpstreamError(
            f"the package-url library names {host or 'no host'} for {type_}, which is not the registry this release "
            f"was reviewed with: set registries.{type_}.upstream in policy.yaml, or install another release"
        )
    return host


def upstream(type_: str, override: str | None = None, files: tuple[str, ...] = ()) -> Upstream:
    """The upstream of a registry: the operator's, or the public one. Raises UpstreamError."""
    public = public_host(type_)
    index = override or f"https://{public}{_INDEX_PATH[type_]}"
    return Upstream(type_, index if index.endswith("/") else index + "/", public, frozenset(files))
