"""An npm registry on loopback, which can be told to misbehave."""

from __future__ import annotations

import datetime
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote

from support.registry.artifact import Content
from support.registry.faults import Fault
from support.registry.reply import Reply, Request, file_reply
from support.registry.upstream import LONG_AGO, Upstream, Where
from support.tarballs import Tarball, make_tarball

FULL = "application/json"
SHORT = "application/vnd.npm.install-v1+json"
SHORT_KEYS = frozenset({
    "name", "version", "deprecated", "dependencies", "optionalDependencies", "devDependencies", "peerDependencies",
    "peerDependenciesMeta", "bundleDependencies", "bin", "directories", "engines", "os", "cpu", "_hasShrinkwrap",
    "funding", "dist",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """A version as the registry lists it, which may be untrue; `time` is None where its date is not told."""

    tarball: Tarball
    listed: Mapping[str, Any]
    time: str | None
    path: str


class _Server(Upstream):
    """The ports, the faults and the record of requests, with other answers."""

    def __init__(self, honest: Callable[[Request, bool], Reply], *, split_files: bool) -> None:
        super().__init__(split_files=split_files)
        self._honest = honest

    def answer(self, request: Request, *, files: bool) -> Reply:
        with self._guard:
            self.requests.append(request)
            fault = self._due(request)
        reply = self._honest(fault.on_request(request) if fault else request, files)
        return fault.on_reply(reply) if fault else reply


class NpmUpstream:
    """Serves what was added, from `with` to its end, on one port or, with `split_files`, tarballs on another.

    With `always_full`, `Accept` is ignored; without `etags`, documents have none. Every request that arrives is in
    `requests`. `modified` by name replaces what a packument says of its last change.
    """

    def __init__(self, *, split_files: bool = False, always_full: bool = False, etags: bool = True) -> None:
        self._server = _Server(self._answer, split_files=split_files)
        self._split, self._always_full, self._etags = split_files, always_full, etags
        self._packages: dict[str, dict[str, Published]] = {}
        self._guard = threading.Lock()
        self.tags: dict[str, dict[str, str]] = {}
        self.modified: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.__exit__(*problem)

    @property
    def url(self) -> str:
        """Address of the registry, with a slash at the end."""
        return f"http://127.0.0.1:{self._server.port}/"

    @property
    def files_host(self) -> str:
        """Host and port of the tarballs."""
        return f"127.0.0.1:{self._server.files_port}"

    @property
    def requests(self) -> list[Request]:
        """All requests so far."""
        return self._server.requests

    def add(
        self,
        name: str,
        version: str,
        files: Mapping[str, str | bytes] | None = None,
        *,
        dependencies: Mapping[str, str] | None = None,
        scripts: Mapping[str, str] | None = None,
        time: datetime.datetime | str | None = LONG_AGO,
        licence: object = "MIT",
        deprecated: str | None = None,
        tag: str = "latest",
        dist: Mapping[str, object] | None = None,
        **manifest: object,
    ) -> Published:
        """Publish a version under a tag; one of the same number is replaced.

        `time` None leaves the date out, a string is taken as it is. `dist` replaces members of what the packument
        says of the tarball; None takes one away.
        """
        given = {"dependencies": dependencies, "scripts": scripts, "license": licence, **manifest}
        tarball = make_tarball(
            name, version, files, **{key: value for key, value in given.items() if value is not None}
        )
        if isinstance(time, datetime.datetime):
            time = time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        path = f"/{name}/-/{tarball.filename}"
        assert self._server.port, "it has no address before it serves"
        claims: dict[str, object] = {"integrity": tarball.integrity, "shasum": tarball.shasum}
        claims |= {"tarball": f"http://{self.files_host}{path}", "fileCount": 2, "unpackedSize": 1000, **(dist or {})}
        listed = {**tarball.manifest, "_id": f"{name}@{version}"}
        listed["dist"] = {key: value for key, value in claims.items() if value is not None}
        if deprecated is not None:
            listed["deprecated"] = deprecated
        published = Published(tarball, listed, time, path)
        with self._guard:
            self._packages.setdefault(name, {})[version] = published
            self.tags.setdefault(name, {})[tag] = version
        return published

    def remove(self, name: str, version: str) -> None:
        """Unpublish a version. KeyError if it is not there."""
        with self._guard:
            del self._packages[name][version]
            self.tags[name] = {tag: number for tag, number in self.tags[name].items() if number != version}

    def fault(self, where: Where, fault: Fault, times: int | None = None) -> Fault:
        """Requests for that path, or which the predicate chooses, get the fault; the first `times` if given."""
        return self._server.fault(where, fault, times)

    def heal(self) -> None:
        """Ends all faults and releases what hangs."""
        self._server.heal()

    def count(self, where: Where) -> int:
        """How many requests came for that path, or satisfy the predicate."""
        return self._server.count(where)

    def packument(self, name: str, *, full: bool = True) -> dict[str, Any]:
        """The document of a package."""
        versions = self._packages[name]
        dates = {number: one.time for number, one in versions.items() if one.time is not None}
        modified = self.modified.get(name, max(dates.values(), default=""))
        document: dict[str, Any] = {"name": name, "dist-tags": dict(self.tags[name])}
        if full:
            document |= {"_id": name, "_rev": "1-abc", "readme": f"# {name}", "license": "MIT"}
            document["time"] = {"created": min(dates.values(), default=""), "modified": modified, **dates}
            document["versions"] = {number: dict(one.listed) for number, one in versions.items()}
        else:
            document |= {"modified": modified}
            document["versions"] = {number: _short(one.listed) for number, one in versions.items()}
        return document

    def _answer(self, request: Request, files: bool) -> Reply:
        path = request.path.replace("%2f", "/").replace("%2F", "/")
        with self._guard:
            tarballs = {one.path: one for package in self._packages.values() for one in package.values()}
            if path in tarballs and files == self._split:
                content = Content((tarballs[path].tarball.data,))
                return file_reply(request, content, content.sha256()[:32], "application/octet-stream")
            return _error("not found") if files else self._document(request, unquote(path[1:]))

    def _document(self, request: Request, path: str) -> Reply:
        if path.startswith("-/package/") and path.endswith("/dist-tags"):
            name = path.removeprefix("-/package/").removesuffix("/dist-tags")
            return self._json(request, self.tags[name], FULL) if name in self.tags else _error("not found")
        if path in self._packages:
            full = self._always_full or SHORT not in request.headers.get("accept", "")
            return self._json(request, self.packument(path, full=full), FULL if full else SHORT)
        name, _, wanted = path.rpartition("/")
        version = self.tags.get(name, {}).get(wanted, wanted)
        found = self._packages.get(name, {}).get(version)
        return self._json(request, found.listed, FULL) if found else _error("Not found")

    def _json(self, request: Request, document: object, kind: str) -> Reply:
        body = json.dumps(document).encode()
        headers = {"Content-Type": kind, "Vary": "accept-encoding, accept", "Cache-Control": "public, max-age=300"}
        if self._etags:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Reply(304, headers)
        return Reply(200, headers, [body], len(body))


def _short(listed: Mapping[str, Any]) -> dict[str, Any]:
    short = {key: value for key, value in listed.items() if key in SHORT_KEYS}
    if {"preinstall", "install", "postinstall"} & set(listed.get("scripts", {})):
        short["hasInstallScript"] = True
    return short


def _error(words: str) -> Reply:
    body = json.dumps({"error": words}).encode()
    return Reply(404, {"Content-Type": FULL}, [body], len(body))
