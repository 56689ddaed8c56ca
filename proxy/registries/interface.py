"""The seam of the registries: all that the gate and the mirror know of one.

A registry is one file that implements `Registry`, and one row in `rows.py`. It is pure but for `fetch`, which it is
handed: it reads upstream documents through it, and never dials, decides or keeps anything itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries.upstreams import Upstream


class Kind(Enum):
    """What a URL names."""

    LISTING = "listing"
    """What there is of a package. It changes, the policy filters it, and the registry renders it anew."""
    FILE = "file"
    """An artifact. It never changes; it is verified, kept, and judged each time."""
    DOCUMENT = "document"
    """Something small that is passed on as it came, such as a signature; judged where it belongs to a package."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request asks for.

    `path` is the one spelling of it on the mirror, percent-encoded, below the registry's own folder, with a leading
    slash: what the gate asks the mirror for, and the name in the cache. `package` has its version where the URL
    tells it; it is None for a document that belongs to no package. `detail` is the registry's own.
    """

    kind: Kind
    path: str
    package: Coordinate | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the upstream sent it. `fetched` is in seconds since the epoch; `status` is 200 or 404.

    `modified` is the header Last-Modified, "" when there was none.
    """

    url: str
    status: int
    content_type: str
    etag: str
    fetched: float
    body: bytes
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """An upstream document: where it is, and under which name it is kept.

    `immutable` documents are never asked for again, and a `fresh` one always is. `kept_only` gives what is in the
    cache, and asks nobody.
    `check` raises ValueError for one that is not worth keeping. `size` is the most that is taken of it, in bytes.
    """

    key: str
    url: str
    accept: str = "*/*"
    headers: tuple[tuple[str, str], ...] = ()
    immutable: bool = False
    fresh: bool = False
    kept_only: bool = False
    check: Callable[[Document], object] = bool
    size: int = 128 << 20


class Fetch(Protocol):
    """Gives upstream documents, from the cache or anew."""

    def __call__(self, source: Source) -> Awaitable[Document]:
        """The document. Raises UpstreamFailure, of status 404 when there is none."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a listing: what is judged, and what the registry itself needs to render or to fetch it.

    `path` is the FILE that must be in the cache for the line to be shown offline, as in `Wanted.path`; "" for none.
    One that is `selective` is for some systems only: clients on others want to read of it, and never fetch it.
    """

    release: Release
    path: str
    detail: object = None
    selective: bool = False


@dataclass(frozen=True)
class Listing:
    """What there is of a package, as the upstream says it. `document` is the registry's own."""

    package: Coordinate
    items: tuple[Item, ...]
    document: object = None


@dataclass(frozen=True, slots=True)
class Ask:
    """How a client wants a listing: `shape` as `Registry.shape` says.

    `base` is where it reaches this registry on the mirror, such as `http://127.0.0.1:8080/npm`, without a slash at the
    end; "" when it speaks canonical URLs, through the gate. `has` tells by its path whether a FILE can be had, and is
    None where the upstream may be asked: a listing must promise nothing else that goes with a release.
    """

    shape: str = ""
    base: str = ""
    has: Callable[[str], bool] | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A listing, or a refusal, as its clients read it."""

    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """What is known of an artifact before it is fetched, and checked before it is kept.

    `digests` maps names of hashlib to hex; all of them must match. `check` is called with the path of the whole file,
    and raises ValueError. `headers` go with the request. `at_most` is the number of bytes that are taken where
    `release.size` is None.
    """

    release: Release
    filename: str
    url: str
    digests: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    at_most: int = 16 << 30
    check: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Inside:
    """What an artifact says of itself: as `Release.licence` and `Release.runs`."""

    licence: str | None = None
    runs: str = ""


class Shelf(Protocol):
    """The FILEs of one registry that are in the cache, by their paths as in `Wanted.path`."""

    def below(self, folder: str) -> Sequence[tuple[str, Release]]:
        """All whose path begins so."""

    def file(self, path: str) -> tuple[Release, Mapping[str, str]] | None:
        """One of them, and its digests by names of hashlib."""


class NothingThere(LookupError):
    """There is no such thing in the registry, or nothing is left of it: the answer is 404, with this sentence."""


class Refused(PermissionError):
    """Something that we do not serve, whatever the policy says: the answer is 403, with this sentence."""


class Malformed(ValueError):
    """A document of the upstream's that cannot be read: nothing of it is passed on."""


class Registry(Protocol):
    """One registry."""

    type: str
    """Its package-url type; also its folder on the mirror."""
    refused_in_listing: bool
    """Whether its clients print why a listing was refused. If not, it is shown, and its files are refused."""
    dated: bool
    """Whether the registry itself says when a release was published."""

    def route(self, path: str) -> Wanted | None:
        """Read a path of the mirror, below `/<type>`, still percent-encoded; None when it names nothing.

        The grammar is closed. There is never a query.
        """

    def canonical(self, host: str, path: str, upstream: Upstream) -> Wanted | None:
        """Read a URL as clients write it, `https://host/path`; None when it names nothing of this registry."""

    @property
    def shapes(self) -> tuple[str, ...]:
        """The forms that its listings have, the one that tells most first; ("",) where there is one only."""

    def listing_path(self, package: Coordinate) -> str:
        """Where the listing of a package is, as in `Wanted.path`. The version does not count."""

    def within(self, package: Coordinate) -> Sequence[Coordinate]:
        """The packages that may hold this one's content under their own name, so that clients probe for all of them."""

    def shape(self, accept: str) -> str:
        """Which of `shapes` an `Accept` header asks for."""

    async def listing(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs, shape: str) -> Listing:
        """Read what there is of a package. Raises UpstreamFailure, Malformed, NothingThere.

        For each file or version what the registry says of it; without a trustworthy date, `published` is None.
        """

    def render(self, wanted: Wanted, listing: Listing, shown: Sequence[Item], ask: Ask) -> Rendered:
        """The listing with the items that the client may have, in their order. Raises NothingThere."""

    async def promise(self, wanted: Wanted, upstream: Upstream, fetch: Fetch, needs: Needs) -> Promise:
        """What is known of a FILE. Raises UpstreamFailure, Malformed, NothingThere, Refused."""

    async def document(self, wanted: Wanted, upstream: Upstream, fetch: Fetch) -> tuple[Source, Release | None]:
        """Where a DOCUMENT is, and what release it belongs to, if any. Raises as `promise` does."""

    def is_sure(self, release: Release, needs: Needs) -> bool:
        """Whether what a policy needs to know of a release is known before its file was looked into."""

    def inside(self, path: str, filename: str) -> Inside:
        """What a whole artifact says of itself. Called in a thread, with hostile input. Raises nothing but OSError."""

    def file_headers(self, filename: str, digests: Mapping[str, str]) -> Sequence[tuple[str, str]]:
        """The content type of an artifact, and what else its clients want to read in headers, names in lower case."""

    def listed(self, wanted: Wanted, shelf: Shelf) -> Listing | None:
        """What there is of a package by its FILEs in the cache: offline, where a listing was never asked for.

        None for a registry whose files are never fetched without it.
        """

    def told(self, wanted: Wanted, shelf: Shelf) -> tuple[bytes, Release | None] | None:
        """A DOCUMENT that follows from FILEs in the cache, and the release it belongs to; None for any other."""

    def lacking(self, missed: Sequence[Wanted], found: Sequence[Wanted]) -> Sequence[Coordinate]:
        """What to fetch for a client that missed something offline: releases where URLs tell them, else packages.

        `found` is what it got besides. What clients ask for on the off-chance, and do without, is not lacking.
        """

    def refusal(self, status: int, code: str, reason: str) -> Rendered:
        """An answer that is not 2xx, in the words of this protocol, so that its clients print the reason."""
