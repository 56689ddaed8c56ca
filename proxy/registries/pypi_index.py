"""PyPI's project index: read it as JSON or HTML, filter it, render it again.

Source: PEP 503, 592, 629, 658, 691, 700, 714.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote, urljoin, urlsplit

from packaging.utils import canonicalize_name

from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.pypi_html import anchors

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
_HEX = frozenset("0123456789abcdef")
_BEYOND = 1 << 63
"""Bytes that no file has: an index that says so says nothing."""


_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class IndexFile:
    """One file of a project, as its index promises it.

    `sha256` is "" when the index gives none; `size` is in bytes, or None; `metadata_sha256` is None when there is no
    separate metadata, "" when there is but its hash is not given. `yanked` is the mark: False, True or the reason.
    `host` is what serves the file, with the port where one is given, and `path` its place there, decoded and without
    the leading slash.
    """

    filename: str
    url: str
    version: str | None
    sha256: str
    size: int | None
    upload_time: str | None
    requires_python: str | None
    yanked: bool | str
    metadata_sha256: str | None
    host: str
    path: str

    @property
    def is_sdist(self) -> bool:
        """Whether installing it runs code of the package."""
        return not self.filename.endswith(".whl")

    @cached_property
    def rendered(self) -> dict[str, bytes]:
        """Its entries in indexes, by form: one of thousands of files is wanted again under each policy."""
        return {}


@dataclass(frozen=True)
class ProjectIndex:
    """All files of one project."""

    project: str
    files: tuple[IndexFile, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[IndexFile]]:
        named: dict[str, list[IndexFile]] = {}
        for file in self.files:
            named.setdefault(file.filename, []).append(file)
        return named

    def find(self, host: str, path: str) -> IndexFile | None:
        """The file at a place, or None."""
        candidates = self._by_name.get(path.rsplit("/", 1)[-1], ())
        return next((f for f in candidates if f.host == host and f.path == path), None)


def parse(body: bytes, content_type: str, url: str, project: str) -> ProjectIndex:
    """Read an index page. Raises Malformed when it is neither JSON nor HTML of an index.

    `url` is where it came from: file URLs may be relative to it.
    """
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind in (JSON_TYPE, "application/json"):
        entries: Iterable[Mapping[str, object]] = _json_entries(body)
    elif kind in (HTML_TYPE, "text/html"):
        entries = _html_entries(body)
    else:
        raise Malformed(f"the index of {project} came as {kind or 'no type'}, not as JSON or HTML")
    try:
        files = tuple(f for f in (_file(entry, url, project) for entry in entries) if f is not None)
    except (TypeError, ValueError) as error:
        raise Malformed(f"the index of {project} is malformed: {error}") from error
    return ProjectIndex(project, files)


def _json_entries(body: bytes) -> list[Mapping[str, object]]:
    try:
        document = json.loads(body)
        version, entries = document["meta"]["api-version"], document["files"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"not an index in JSON ({error!r})") from error
    if not str(version).startswith("1."):
        raise Malformed(f"index of API version {version}, which this release does not know")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Malformed("an index whose files are not a list")
    return entries


def _from_anchor(attributes: Mapping[str, str], text: str) -> Mapping[str, object]:
    href, _, fragment = attributes.get("href", "").partition("#")
    algorithm, _, digest = fragment.partition("=")
    metadata = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    entry: dict[str, object] = {
        "filename": text,
        "url": href,
        "hashes": {algorithm: digest} if digest else {},
        "requires-python": attributes.get("data-requires-python"),
        "yanked": attributes["data-yanked"] or True if "data-yanked" in attributes else False,
        "upload-time": attributes.get("data-upload-time"),
    }
    if metadata is not None and metadata != "false":
        name, _, value = metadata.partition("=")
        entry["core-metadata"] = {name: value} if value else True
    return entry


def _html_entries(body: bytes) -> list[Mapping[str, object]]:
    try:
        return [_from_anchor(attributes, text) for attributes, text in anchors(body.decode("utf-8", "replace"))]
    except ValueError as error:  # a character by a number of thousands of digits
        raise Malformed(f"not an index in HTML ({error})") from error


def _file(entry: Mapping[str, object], base: str, project: str) -> IndexFile | None:
    filename, href = entry.get("filename"), entry.get("url")
    if not isinstance(filename, str) or not isinstance(href, str):
        raise ValueError("a file without name or URL")
    url = href if href.startswith("https://") else urljoin(base, href)
    place = urlsplit(url)
    if not (filename.isascii() and url.isascii()) or "@" in place.netloc:
        return None  # no client could ask for it
    size, upload_time = entry.get("size"), entry.get("upload-time")
    requires, yanked = entry.get("requires-python"), entry.get("yanked", False)
    return IndexFile(
        filename=filename,
        url=url,
        version=version_of(filename, project),
        sha256=_sha256(entry.get("hashes")) or "",
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _BEYOND else None,
        upload_time=upload_time if isinstance(upload_time, str) else None,
        requires_python=requires if isinstance(requires, str) else None,
        yanked=yanked if isinstance(yanked, str | bool) else True,
        metadata_sha256=_metadata(entry.get("core-metadata", entry.get("dist-info-metadata"))),
        host=place.netloc,
        path=unquote(place.path).removeprefix("/"),
    )


def version_of(filename: str, project: str) -> str | None:
    """The version as the file name spells it; parsing it is left to whoever compares versions: pages have thousands."""
    if filename.endswith(".whl"):
        parts = filename.split("-")
        return parts[1] if len(parts) in (5, 6) and parts[1] else None
    suffix = next((suffix for suffix in SDIST_SUFFIXES if filename.endswith(suffix)), None)
    if suffix is None:
        return None
    stem = filename.removesuffix(suffix)
    cut = stem.find("-")
    while cut > 0:
        if canonicalize_name(stem[:cut]) == project:
            return stem[cut + 1 :] or None
        cut = stem.find("-", cut + 1)
    return None


def _sha256(hashes: object) -> str | None:
    value = hashes.get("sha256") if isinstance(hashes, dict) else None
    if not isinstance(value, str):
        return None
    value = value.lower()
    return value if len(value) == 64 and _HEX.issuperset(value) else None


def _metadata(mark: object) -> str | None:
    if isinstance(mark, dict):
        return _sha256(mark) or ""
    return "" if mark is True else None


def render_json(index: ProjectIndex, place: Callable[[IndexFile], str], remember: str = "") -> bytes:
    """The index as JSON; `place` gives the URL under which the client is to fetch a file.

    `remember` names this way of placing files: what is made for a file is used again under the same name.
    """
    files = b",".join(_rows(index, place, _json_file, remember and f"json {remember}"))
    versions = sorted({file.version for file in index.files if file.version})
    head = _ENCODE({"meta": {"api-version": "1.1"}, "name": index.project, "versions": versions})
    return b'%b,"files":[%b]}' % (head[:-1].encode(), files)


def _rows(
    index: ProjectIndex, place: Callable[[IndexFile], str], render: Callable[[IndexFile, str], bytes], form: str
) -> list[bytes]:
    if not form:
        return [render(file, place(file)) for file in index.files]
    found = []
    for file in index.files:
        row = file.rendered.get(form)
        if row is None:
            row = file.rendered[form] = render(file, place(file))
        found.append(row)
    return found


def _json_file(file: IndexFile, url: str) -> bytes:
    entry: dict[str, object] = {
        "filename": file.filename,
        "url": url,
        "hashes": {"sha256": file.sha256},
        "requires-python": file.requires_python,
        "yanked": file.yanked,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.upload_time is not None:
        entry["upload-time"] = file.upload_time
    if file.metadata_sha256 is not None:
        mark: object = {"sha256": file.metadata_sha256} if file.metadata_sha256 else True
        entry["core-metadata"] = entry["dist-info-metadata"] = mark
    return _ENCODE(entry).encode()


def render_html(index: ProjectIndex, place: Callable[[IndexFile], str], remember: str = "") -> bytes:
    """The index as HTML, for clients that ask for nothing better; the rest as in `render_json`."""
    rows = _rows(index, place, _anchor, remember and f"html {remember}")
    title = f"Links for {html.escape(index.project)}"
    head = f'<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.1"><title>{title}</title>'
    return b"\n".join([f"{head}</head><body><h1>{title}</h1>".encode(), *rows, b"</body></html>", b""])


def _anchor(file: IndexFile, url: str) -> bytes:
    attributes = {"href": f"{url}#sha256={file.sha256}"}
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not False:
        attributes["data-yanked"] = file.yanked if isinstance(file.yanked, str) else ""
    if file.metadata_sha256 is not None:
        mark = f"sha256={file.metadata_sha256}" if file.metadata_sha256 else "true"
        attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = mark
    pairs = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    row = f"<a {pairs}>{html.escape(file.filename)}</a><br>"
    return row.encode("utf-8", "replace")  # JSON can hold half of a character


def accepts_json(accept: str) -> bool:
    """Whether a client prefers JSON over HTML, by its `Accept` header ("" means anything).

    Source: PEP 691, version and format selection.
    """
    best = {"json": -1.0, "html": -1.0}
    for item in (accept or "*/*").split(","):
        kind, _, parameters = item.strip().partition(";")
        quality = 1.0
        for parameter in parameters.split(";"):
            name, _, value = parameter.strip().partition("=")
            if name == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        kind = kind.strip().lower()
        if kind in (JSON_TYPE, "application/vnd.pypi.simple.latest+json"):
            best["json"] = max(best["json"], quality)
        elif kind in (HTML_TYPE, "application/vnd.pypi.simple.latest+html", "text/html"):
            best["html"] = max(best["html"], quality)
        elif kind == "*/*":
            best = {"json": max(best["json"], quality * 0.009), "html": max(best["html"], quality * 0.01)}
    return best["json"] > 0 and best["json"] >= best["html"]
