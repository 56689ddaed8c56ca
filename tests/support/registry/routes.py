"""Which answer a request gets from a set of listings: a pure function, before any fault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from support.registry import pages
from support.registry.artifact import Content
from support.registry.pages import Dialect, Listing, canonical
from support.registry.reply import Reply, Request, file_reply, text_reply

_BINARY = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Site:
    """What one server serves, and how its pages are written. `files_url` is where the pages say files lie."""

    pages: bool
    files: bool
    files_url: str
    dialect: Dialect


def route(request: Request, listings: Sequence[Listing], site: Site) -> Reply:
    """The honest answer."""
    if request.method not in {"GET", "HEAD"}:
        return text_reply(405, "only GET and HEAD", {"Allow": "GET, HEAD"})
    path = request.path.partition("?")[0]
    if site.files:
        for listing in listings:
            if path == listing.path:
                return file_reply(request, listing.file.content, listing.file.sha256[:32], _BINARY)
            if path == listing.metadata_path and listing.metadata_mark:
                metadata = Content((listing.file.metadata,))
                return file_reply(request, metadata, metadata.sha256()[:32], _BINARY)
    if site.pages and path.startswith("/simple/"):
        return _page(request, path, listings, site)
    return text_reply(404, "not found")


def _page(request: Request, path: str, listings: Sequence[Listing], site: Site) -> Reply:
    kind = pages.negotiate(request.headers.get("accept"))
    if kind is None:
        return text_reply(406, "JSON or HTML")
    json = kind == pages.JSON
    name = path.removeprefix("/simple/").removesuffix("/")
    if not name:
        names = sorted({canonical(listing.file.name) for listing in listings})
        return _page_reply(request, kind, pages.list_json(names) if json else pages.list_html(names))
    proper = f"/simple/{canonical(name)}/"
    if path != proper:
        return Reply(301, {"Location": proper})
    mine = [listing for listing in listings if canonical(listing.file.name) == canonical(name)]
    if not mine:
        return text_reply(404, "no such project")
    render = pages.project_json if json else pages.project_html
    prefix = "../.." if site.dialect.relative_urls else site.files_url
    return _page_reply(request, kind, render(name, mine, site.dialect, lambda one: prefix + one.path))


def _page_reply(request: Request, kind: str, body: bytes) -> Reply:
    etag = f'"{hashlib.sha256(kind.encode() + body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "max-age=600, public"}
    if request.headers.get("if-none-match") == etag:
        return Reply(304, headers)
    charset = "; charset=utf-8" if kind == pages.PLAIN_HTML else ""
    return Reply(200, {**headers, "Content-Type": kind + charset}, [body], len(body))
