"""Where a registry is when the policy names no mirror of it, without spelling a host."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from packageurl.contrib import purl2url

from jhansi_runner.proxy.registries.rows import ROWS

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class UpstreamError(ValueError):
    """An upstream that we refuse to speak to."""


class UpstreamFailure(Exception):
    """The upstream did not give what was asked. `status` is what the client gets to see.

    `absent` means that the upstream said so itself: there is no such thing.
    """

    def __init__(self, message: str, status: int = 502, retry_after: str = "", *, absent: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.absent = absent


class NotCached(UpstreamFailure):
    """Nobody was asked, and the cache does not have it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 404)


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where one registry is fetched from.

    `index` is the URL under which its protocol begins and ends in a slash; `public` is the host whose name clients
    use, whatever the upstream is; `files` are further hosts that the operator allows. `cached_only` asks the upstream
    to fetch nothing from elsewhere on our behalf, where its protocol has a word for that.
    """

    type: str
    index: str
    public: str
    files: frozenset[str] = frozenset()
    cached_only: bool = True

    @property
    def host(self) -> str:
        """Host, and port where it is not the scheme's own, of the index."""
        return urlsplit(self.index).netloc

    @property
    def path(self) -> str:
        """The path of the index on its host, with a slash at both ends."""
        return urlsplit(self.index).path

    @property
    def is_public(self) -> bool:
        """Whether this is the public registry itself."""
        return self.host == self.public

    def is_public_name(self, host: str) -> bool:
        """Whether clients mean the public registry by this host."""
        return host == self.public or _digest(host) in ROWS[self.type].aliases

    def knows(self, host: str) -> bool:
        """Whether a tunnel to this host can be for this registry at all."""
        return self.is_public_name(host) or host == self.host or self.serves_files("https", host)

    def key(self, path: str) -> str:
        """The name of a file in the cache: what an operator's own upstream gave is not taken for another's."""
        own = "" if self.is_public else f"@{_digest(self.index)[:16]}"
        return f"{self.type}{own} {path}"

    def paths(self, host: str, path: str) -> Iterator[str]:
        """What a client's URL can mean below where the protocol begins, with a leading slash: the operator's own place
        first, then the public registry's, which clients name whatever the upstream is.
        """
        if host == self.host and path.startswith(self.path):
            yield "/" + path.removeprefix(self.path)
        public = ROWS[self.type].path
        if self.is_public_name(host) and path.startswith(public):
            yield "/" + path.removeprefix(public)

    def serves_files(self, scheme: str, host: str) -> bool:
        """Whether files may be fetched from there: the shipped digest, the index itself, or the operator's list."""
        if scheme != "https" and host.rsplit(":", 1)[0] not in _LOOPBACK:
            return False
        if host == self.host or host in self.files:
            return True
        return self.is_public and _digest(host) in ROWS[self.type].files


@lru_cache(maxsize=1024)
def _digest(host: str) -> str:
    return hashlib.sha256(host.encode("utf-8", "surrogateescape")).hexdigest()


def public_host(type_: str, lookup: Callable[[str], str | None] | None = None) -> str:
    """The host of the public registry of a package-url type.

    Raises UpstreamError when the library names none, or another than the one whose digest we ship.
    """
    row = ROWS.get(type_)
    if row is None:
        raise UpstreamError(f"there is no registry {type_} in this release")
    lookup = lookup or getattr(purl2url, row.lookup)
    host = urlsplit(lookup(row.purl) or "").netloc
    if not host or _digest(host) != row.host:
        raise UpstreamError(
            f"the package-url library names {host or 'no host'} for {type_}, which is not the registry this release "
            f"was reviewed with: set registries.{type_}.upstream in policy.yaml, or install another release"
        )
    return host


def upstream(
    type_: str, override: str | None = None, files: tuple[str, ...] = (), *, cached_only: bool = True
) -> Upstream:
    """The upstream of a registry: the operator's, or the public one. Raises UpstreamError."""
    public = public_host(type_)
    index = override or f"https://{public}{ROWS[type_].path}"
    return Upstream(type_, index if index.endswith("/") else index + "/", public, frozenset(files), cached_only)
