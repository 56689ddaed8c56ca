"""The pages of a Python package index, as pure functions. Source: PEP 503, 592, 658, 691, 700, 714."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from support.registry.artifact import BuiltFile

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PLAIN_HTML = "text/html"
_LATEST = {
    "application/vnd.pypi.simple.latest+json": JSON,
    "application/vnd.pypi.simple.latest+html": HTML,
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What indexes differ in.

    `relative_urls`: file URLs relative to the page. `json_dates`, `html_dates`: `upload-time` per file, and
    `data-upload-time` on anchors, which some mirrors add. `metadata_key`: the name of the metadata mark,
    in HTML with `data-` in front; `dist-info-metadata` is the older one.
    """

    relative_urls: bool = False
    json_dates: bool = True
    html_dates: bool = False
    metadata_key: str = "core-metadata"


@dataclass(frozen=True, slots=True)
class Listing:
    """A file with what the index says about it, which may be untrue.

    `yanked` is the reason, "" without one, None where not yanked. `metadata_mark` is None where the index
    promises no `.metadata`, True for a promise without hashes, else the hashes.
    """

    file: BuiltFile
    hashes: Mapping[str, str]
    upload_time: str | None
    yanked: str | None
    metadata_mark: Mapping[str, str] | bool | None

    @property
    def path(self) -> str:
        """Path of the file on its server. The digest in it is not the file's sha256, as on PyPI."""
        place = hashlib.blake2b(f"{self.file.filename} {self.file.sha256}".encode(), digest_size=32).hexdigest()
        return f"/files/{place[:2]}/{place[2:4]}/{place[4:]}/{self.file.filename}"

    @property
    def metadata_path(self) -> str:
        """Path of the `.metadata` next to the file."""
        return self.path + ".metadata"


def canonical(name: str) -> str:
    """A project's name in the form of URLs. Source: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def negotiate(accept: str | None) -> str | None:
    """The content type to answer with, None where the client takes none of ours (406)."""
    best: tuple[float, int, str] | None = None
    offered = [HTML, PLAIN_HTML, JSON]  # a client that does not care gets HTML, as from PyPI
    for part in (accept or "*/*").split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        kind = _LATEST.get(kind, kind)
        quality = next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        kind = PLAIN_HTML if kind in {"*/*", "text/*"} else kind
        if kind in offered and quality > 0:
            rank = (quality, offered.index(kind), kind)
            best = rank if best is None else max(best, rank)
    return best[2] if best else None


def project_json(name: str, listings: Iterable[Listing], dialect: Dialect, url_of: Callable[[Listing], str]) -> bytes:
    """The page of one project as JSON."""
    files = []
    listings = list(listings)
    for listing in listings:
        entry: dict[str, object] = {
            "filename": listing.file.filename,
            "url": url_of(listing),
            "hashes": dict(listing.hashes),
            "size": listing.file.size,
            "requires-python": listing.file.requires_python,
            "yanked": False if listing.yanked is None else listing.yanked or True,
        }
        mark = listing.metadata_mark
        entry[dialect.metadata_key] = dict(mark) if isinstance(mark, Mapping) else bool(mark)
        if dialect.json_dates and listing.upload_time is not None:
            entry["upload-time"] = listing.upload_time
        files.append(entry)
    versions = list(dict.fromkeys(listing.file.version for listing in listings))
    page = {"meta": {"api-version": "1.1"}, "name": canonical(name), "versions": versions, "files": files}
    return json.dumps(page).encode()


def project_html(name: str, listings: Iterable[Listing], dialect: Dialect, url_of: Callable[[Listing], str]) -> bytes:
    """The page of one project as HTML."""
    return _html(f"Links for {name}", (_anchor(listing, dialect, url_of(listing)) for listing in listings))


def _anchor(listing: Listing, dialect: Dialect, url: str) -> str:
    attributes = {}
    if "sha256" in listing.hashes:
        url += f"#sha256={listing.hashes['sha256']}"
    if listing.file.requires_python:
        attributes["data-requires-python"] = listing.file.requires_python
    if listing.yanked is not None:
        attributes["data-yanked"] = listing.yanked
    mark = listing.metadata_mark
    if mark:
        value = f"sha256={mark['sha256']}" if isinstance(mark, Mapping) else "true"
        attributes[f"data-{dialect.metadata_key}"] = value
    if dialect.html_dates and listing.upload_time is not None:
        attributes["data-upload-time"] = listing.upload_time
    written = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f'<a href="{html.escape(url)}"{written}>{html.escape(listing.file.filename)}</a><br/>'


def list_json(names: Iterable[str]) -> bytes:
    """The list of projects as JSON."""
    return json.dumps({"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in names]}).encode()


def list_html(names: Iterable[str]) -> bytes:
    """The list of projects as HTML."""
    return _html("Simple index", (f'<a href="/simple/{canonical(name)}/">{name}</a><br/>' for name in names))


def _html(title: str, lines: Iterable[str]) -> bytes:
    head = f'<meta name="pypi:repository-version" content="1.1"><title>{title}</title>'
    body = "\n".join(lines)
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{body}\n</body></html>\n".encode()
