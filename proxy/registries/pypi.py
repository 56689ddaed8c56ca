"""PyPI: which URLs there are, and what each names.

    GET /simple/<project>/          the files of a project, as JSON or HTML    (PEP 503, 691, 700)
    GET /files/<host>/<path>        a distribution                             (wheel, sdist)
    GET /files/<host>/<path>.metadata                                          (PEP 658, 714)

Everything else names nothing and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote, urlsplit

from packaging.utils import canonicalize_name

from jhansi_runner.proxy.registries.pypi_index import SDIST_SUFFIXES
from jhansi_runner.proxy.registries.upstreams import Upstream

TYPE = "pypi"
METADATA = ".metadata"

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?")
_SEGMENT = re.compile(r"[A-Za-z0-9._+!=@~-]{1,255}")
_SUFFIXES = (".whl", *SDIST_SUFFIXES)
_MAX_SEGMENTS = 12


class Kind(Enum):
    """What a URL of PyPI names."""

    INDEX = "index"
    FILE = "file"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Route:
    """What one request asks for.

    `project` is set for an index and `host`, `path` for files; `path` names the distribution even when its metadata
    is asked for.
    """

    kind: Kind
    project: str = ""
    host: str = ""
    path: str = ""

    @property
    def filename(self) -> str:
        """The distribution's file name."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def mirror_path(self) -> str:
        """The path on the mirror, below `/pypi`."""
        if self.kind is Kind.INDEX:
            return f"/simple/{self.project}/"
        suffix = METADATA if self.kind is Kind.METADATA else ""
        return f"/files/{self.host}/{quote(self.path, safe='/+!=@~')}{suffix}"


def route(path: str) -> Route | None:
    """Read a path of the mirror (below `/pypi`); None when it names no package.

    The grammar is closed: no query, no empty, dot or overlong segments, and every file is a distribution.
    """
    head, _, rest = path.removeprefix("/").partition("/")
    if head == "simple":
        name = rest.removesuffix("/")
        return Route(Kind.INDEX, project=canonicalize_name(name)) if _NAME.fullmatch(name) else None
    if head == "files":
        host, _, file_path = rest.partition("/")
        return _file(re.sub("%3a", ":", host, flags=re.IGNORECASE), file_path)  # pip writes a port's colon so
    return None


def canonical(host: str, path: str, upstream: Upstream) -> Route | None:
    """Read a URL as clients write it, `https://host/path`; None when it names no package of this registry.

    Clients ask the public index by name whatever the upstream is; an operator's mirror may be named too.
    """
    prefix = urlsplit(upstream.index).path
    if host == upstream.host and path.startswith(prefix):
        found = route("/simple/" + path.removeprefix(prefix))
        if found is not None:
            return found
    if host == upstream.public:
        return route(path)
    if upstream.serves_files("https", host):
        return _file(host, path.removeprefix("/"))
    return None


def is_known_host(host: str, upstream: Upstream) -> bool:
    """Whether a tunnel to this host can be for this registry at all."""
    return host in (upstream.public, upstream.host) or upstream.serves_files("https", host)


def _file(host: str, raw: str) -> Route | None:
    if not _HOST.fullmatch(host):
        return None
    # Each segment is decoded by itself, so that %2f makes no new one.
    segments = [unquote(part, errors="replace") for part in raw.split("/")]
    if len(segments) > _MAX_SEGMENTS:
        return None
    if any(not _SEGMENT.fullmatch(part) or part in (".", "..") for part in segments):
        return None
    path = "/".join(segments)
    distribution = path.removesuffix(METADATA)
    if not distribution.endswith(_SUFFIXES):
        return None
    kind = Kind.FILE if distribution == path else Kind.METADATA
    return Route(kind, host=host, path=distribution)


def projects_of(filename: str) -> tuple[str, ...]:
    """The projects that a file of this name can belong to, most likely first.

    A wheel names its project; an old sdist's name is ambiguous (`a-b-1.tar.gz` is `a-b` or `a`), so the caller
    looks for the file in each project's index.
    """
    if filename.endswith(".whl"):
        name = filename.split("-", 1)[0]
        return (canonicalize_name(name),) if _NAME.fullmatch(name) else ()
    stem = filename
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    parts = stem.split("-")
    names = ["-".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    return tuple(dict.fromkeys(canonicalize_name(n) for n in names if _NAME.fullmatch(n)))[:6]
