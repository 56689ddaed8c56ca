"""Documents of the Go module proxy: how they are asked for, and what must be in one for it to be kept.

Source: the Go modules reference, "GOPROXY protocol".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial

from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries import golang_sums as sums
from jhansi_runner.proxy.registries.interface import Document, Fetch, Malformed, NothingThere, Source
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream, UpstreamFailure

_CACHED_ONLY = (("Disable-Module-Fetch", "true"),)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,18}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_SMALL = 1 << 20
_LARGE = 16 << 20


def url(path: str, upstream: Upstream) -> str:
    """Where a path of the mirror is at the upstream."""
    return upstream.index + path.removeprefix("/")


def path_of(module: str, last: str) -> str:
    """The path of something of a module on the mirror, such as `@v/v1.0.0.zip`, where the version is escaped."""
    return f"/{names.escape(module)}/{last}"


def version_path(module: str, version: str, suffix: str) -> str:
    """The path of something of a canonical version on the mirror; `suffix` is `info`, `mod` or `zip`."""
    return path_of(module, f"@v/{names.escape(version)}.{suffix}")


def list_of(module: str, upstream: Upstream) -> Source:
    """The list of the versions of a module."""
    return _source(path_of(module, "@v/list"), upstream, partial(versions, module), size=_LARGE)


def info_at(path: str, module: str, upstream: Upstream, version: str | None = None) -> Source:
    """A `.info` or `@latest`. It never changes, and tells exactly that version, where it is of a canonical one."""
    return _source(path, upstream, partial(info, module, exactly=version), immutable=version is not None)


def go_mod_of(module: str, version: str, upstream: Upstream) -> Source:
    """The go.mod of a canonical version."""
    path = version_path(module, version, "mod")
    return _source(path, upstream, partial(_text, "go.mod"), immutable=True, size=_LARGE)


def checksums_at(path: str, asked: sums.Asked, upstream: Upstream, *, kept_only: bool = False) -> Source:
    """A document of a checksum database. A lookup's record and a tile's hashes never change."""
    key, check = f"{names.TYPE} {path}", partial(_answers, asked)
    immutable = asked.what in ("lookup", "tile")
    return Source(key, url(path, upstream), immutable=immutable, kept_only=kept_only, check=check, size=_LARGE)


def _source(
    path: str, upstream: Upstream, check: Callable[[Document], object], *, immutable: bool = False, size: int = _SMALL
) -> Source:
    # The key does not tell whether the upstream was asked for what it has only: a cache that was filled with
    # `fetch: any` is good without, and what an upstream does not have is forgotten within a minute.
    key = f"{names.TYPE} {path}"
    return Source(key, url(path, upstream), headers=headers(upstream), immutable=immutable, check=check, size=size)


def headers(upstream: Upstream) -> tuple[tuple[str, str], ...]:
    """What keeps an upstream from fetching a module from wherever its path leads."""
    return _CACHED_ONLY if upstream.cached_only else ()


async def document(source: Source, what: str, upstream: Upstream, fetch: Fetch) -> Document:
    """Fetch a document of a module. Raises UpstreamFailure, and NothingThere where the upstream has it not."""
    try:
        return await fetch(source)
    except UpstreamFailure as failure:
        if failure.status != 404 or isinstance(failure, NotCached):
            raise
        raise absent(what, upstream) from failure


def absent(what: str, upstream: Upstream) -> NothingThere:
    """What is said when the upstream has no `what`."""
    if not upstream.cached_only:
        return NothingThere(f"the upstream has no {what}")
    return NothingThere(
        f"the upstream has no {what}, and is not asked to look elsewhere; "
        f"one that serves modules of your own may be, by `fetch` for {names.TYPE} in the policy"
    )


def versions(module: str, document: Document) -> dict[str, str]:
    """The lines of a list by version, as the upstream orders them; a line may end in the version's time.

    What the go command would pass over is left out. Raises Malformed.
    """
    lines: dict[str, str] = {}
    for line in _text("list of versions", document).splitlines():
        version, *more = line.split() or [""]
        if names.is_release(module, version):
            lines[version] = f"{version} {more[0]}" if more and _TIME.fullmatch(more[0]) else version
    return lines


def named(version: str) -> bytes:
    """A `.info` of a version without its time, which is optional."""
    return json.dumps({"Version": version}).encode()


def info(module: str, document: Document, exactly: str | None = None) -> str:
    """The version that a `.info` or `@latest` tells. Raises Malformed, also when it is not `exactly` that one."""
    try:
        told = json.loads(document.body.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(f"answer is no JSON: {document.url}") from error
    # The go command takes a key in any case: it must not read another version than we do.
    if isinstance(told, dict) and [key for key in told if key.casefold() == "version"] != ["Version"]:
        raise Malformed(f"answer names no version, or several: {document.url}")
    version = told.get("Version") if isinstance(told, dict) else None
    if not isinstance(version, str) or not names.is_release(module, version) or exactly not in (None, version):
        raise Malformed(f"answer names no version of {module} that was asked for: {document.url}")
    return version


def _text(what: str, document: Document) -> str:
    """Refuses a page of HTML too, which would read as a module without versions or requirements."""
    try:
        text = document.body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is no text: {document.url}") from error
    if "\0" in text or text.lstrip().startswith("<"):
        raise Malformed(f"{what} is none: {document.url}")
    return text


def _answers(asked: sums.Asked, document: Document) -> None:
    if asked.what == "lookup":
        sums.recorded(document.body, asked.module, asked.version)
    elif asked.what == "latest" and not document.body.startswith(b"go.sum database tree\n"):
        raise Malformed(f"checksum database's tree is none: {document.url}")
    elif asked.size is not None and len(document.body) != asked.size:
        raise Malformed(f"checksum database's tile has {len(document.body)} bytes: {document.url}")
