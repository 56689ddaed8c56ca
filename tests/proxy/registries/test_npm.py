"""The npm registry behind its seam: which documents it reads, what it makes of them, what it promises."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import SCRIPT, Needs
from jhansi_runner.proxy.registries import npm, npm_packument
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Listing,
    Malformed,
    NothingThere,
    Promise,
    Refused,
    Registry,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.npm import Npm
from jhansi_runner.proxy.registries.npm_packument import Packument
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure
from support.registry.npm import FULL, SHORT
from support.tarballs import Tarball, make_tarball

OWN = Upstream("npm", "https://mirror.test/npm/", "registry.test", frozenset(["files.mirror.test"]))
PUBLIC = Upstream("npm", "https://registry.test/", "registry.test")
NOW = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY = 86400.0
DATES = Needs(dates=True)
CORGI = f"{SHORT}; q=1.0, {FULL}; q=0.8, */*"


class Shelf:
    """Upstream's documents of one package; `asked` has the form of each that was fetched."""

    def __init__(self, name: str = "demo", *, always_full: bool = False, has_full: bool = True) -> None:
        self.name, self.always_full, self.has_full = name, always_full, has_full
        self.asked: list[str] = []
        self.sources: list[Source] = []
        self.tarballs: dict[str, Tarball] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.days: dict[str, float] = {}
        self.tags: dict[str, str] = {}

    def add(self, version: str, days: float = 1000, *, place: str = "https://mirror.test/npm", **more: Any) -> None:
        made = make_tarball(self.name, version, **more)
        dist = {"integrity": made.integrity, "shasum": made.shasum, "tarball": f"{place}/{self.name}/-/{made.filename}"}
        self.versions[version] = {**made.manifest, "dist": dist}
        self.days[version] = days
        self.tags["latest"] = version

    def date(self, days: float) -> str:
        return datetime.fromtimestamp(NOW - days * DAY, UTC).isoformat().replace("+00:00", "Z")

    def body(self, *, full: bool) -> bytes:
        document: dict[str, Any] = {"name": self.name, "versions": self.versions, "dist-tags": self.tags}
        modified = self.date(min(self.days.values(), default=1))
        if full:
            document["time"] = {"modified": modified, **{one: self.date(days) for one, days in self.days.items()}}
        else:
            document["modified"] = modified
            keep = ("name", "version", "dist", "dependencies")
            document["versions"] = {
                number: {key: value for key, value in one.items() if key in keep}
                | ({"hasInstallScript": True} if "scripts" in one else {})
                for number, one in self.versions.items()
            }
        return json.dumps(document).encode()

    async def fetch(self, source: Source) -> Document:
        assert source.url == f"{OWN.index}{self.name.replace('/', '%2f')}" or source.url.startswith(PUBLIC.index)
        self.sources.append(source)
        full = SHORT not in source.accept
        if source.kept_only and ("full" if full else "short") not in self.asked:
            raise UpstreamFailure("it is not in the cache", 404)
        if source.kept_only:
            return Document(source.url, 200, FULL, "", NOW, self.body(full=True))
        self.asked.append(("full" if full else "short") + (" fresh" if source.fresh else ""))
        if full and not self.has_full:
            raise UpstreamFailure("there is none", 404)
        document = Document(source.url, 200, FULL, "", NOW, self.body(full=full or self.always_full))
        source.check(document)
        return document


def _wanted(path: str) -> Wanted:
    found = Npm().route(path)
    assert found is not None
    return found


def _now(work: Awaitable[Any]) -> Any:
    async def run() -> Any:
        return await work

    return asyncio.run(run())


def _listed(
    shelf: Shelf, needs: Needs = DATES, path: str = "", accept: str = CORGI, upstream: Upstream = OWN
) -> Listing:
    wanted = _wanted(path or f"/{shelf.name}")
    found = _now(Npm().listing(wanted, upstream, shelf.fetch, needs, Npm().shape(accept)))
    assert isinstance(found, Listing)
    return found


def _promised(shelf: Shelf, filename: str, needs: Needs = DATES, upstream: Upstream = OWN) -> Promise:
    found = _now(Npm().promise(_wanted(f"/{shelf.name}/-/{filename}"), upstream, shelf.fetch, needs))
    assert isinstance(found, Promise)
    return found


def _shelf(*versions: str, days: float = 1000, place: str = "https://mirror.test/npm", **options: Any) -> Shelf:
    shelf = Shelf(**options)
    for version in versions:
        shelf.add(version, days, place=place)
    return shelf


def test_it_is_a_registry() -> None:
    registry: Registry = Npm()
    assert (registry.type, registry.refused_in_listing, registry.dated) == ("npm", True, True)


def test_a_listing_says_what_is_known_of_each_version() -> None:
    shelf = _shelf("1.0.0", name="@a/demo")
    shelf.add("1.1.0", scripts={"install": "x"})
    listing = _listed(shelf, Needs())
    assert listing.package == Coordinate("npm", "@a", "demo")
    one, two = listing.items
    integrity = "sha512:" + hashlib.sha512(make_tarball("@a/demo", "1.0.0").data).hexdigest()
    assert one.path == "/@a/demo/-/demo-1.0.0.tgz"
    assert one.release.coordinate == Coordinate("npm", "@a", "demo", "1.0.0")
    assert (one.release.identity, one.release.filename, one.release.runs) == (integrity, "demo-1.0.0.tgz", "")
    assert (one.release.size, one.release.licence, two.release.runs) == (None, None, SCRIPT)
    assert shelf.sources[0].url == "https://mirror.test/npm/@a%2fdemo"


def test_the_abbreviated_form_is_enough_where_nobody_asks_for_dates() -> None:
    shelf = _shelf("1.0.0", days=1)
    assert [item.release.published for item in _listed(shelf, Needs()).items] == [None]
    assert shelf.asked == ["short"]


def test_a_package_that_did_not_change_for_long_has_no_young_version() -> None:
    shelf = _shelf("1.0.0", "1.1.0", days=181)
    assert [item.release.published for item in _listed(shelf).items] == [NOW - 181 * DAY] * 2
    assert shelf.asked == ["short"]


@pytest.mark.parametrize(("age", "each"), [(100, 200), (199.9, 200), (200, 1000), (365, 1000)])
def test_a_longer_age_in_force_than_the_last_change_has_each_version_dated(age: float, each: float) -> None:
    shelf = _shelf("1.0.0", days=1000)
    shelf.add("1.1.0", 200)
    needs = Needs(dates=True, age=age * DAY)
    assert [item.release.published for item in _listed(shelf, needs).items] == [NOW - each * DAY, NOW - 200 * DAY]
    assert _promised(shelf, "demo-1.0.0.tgz", needs).release.published == NOW - each * DAY


@pytest.mark.parametrize("days", [179.9, 1, -1])
def test_a_package_that_changed_lately_is_dated_version_by_version(days: float) -> None:
    shelf = _shelf("1.0.0", days=1000)
    shelf.add("1.1.0", days)
    assert [item.release.published for item in _listed(shelf).items] == [NOW - 1000 * DAY, NOW - days * DAY]
    assert shelf.asked == ["short", "full"]


def test_an_upstream_that_always_answers_in_full_is_asked_once() -> None:
    shelf = _shelf("1.0.0", days=1, always_full=True)
    assert [item.release.published for item in _listed(shelf).items] == [NOW - DAY]
    assert shelf.asked == ["short"]


def test_where_there_is_no_full_form_versions_have_no_dates() -> None:
    shelf = _shelf("1.0.0", days=1, has_full=False)
    assert [item.release.published for item in _listed(shelf).items] == [None]
    assert shelf.asked == ["short", "full"]


def test_a_full_form_that_fails_is_a_failure() -> None:
    shelf = _shelf("1.0.0", days=1)

    async def fetch(source: Source) -> Document:
        if SHORT not in source.accept:
            raise UpstreamFailure("it is down", 502)
        return await shelf.fetch(source)

    with pytest.raises(UpstreamFailure, match="down"):
        _now(Npm().listing(_wanted("/demo"), OWN, fetch, DATES, npm.FULL))


def test_a_version_without_a_date_of_its_own_has_none() -> None:
    shelf = _shelf("1.0.0", "1.1.0", days=1, always_full=True)
    del shelf.days["1.0.0"]
    assert [item.release.published for item in _listed(shelf).items] == [None, NOW - DAY]


def test_licences_are_in_the_full_form_only() -> None:
    shelf = Shelf()
    shelf.add("1.0.0", license="MIT")
    shelf.add("1.1.0")
    listing = _listed(shelf, Needs(licences=True))
    assert [item.release.licence for item in listing.items] == ["MIT", ""]
    assert shelf.asked == ["full"]


def test_who_asks_for_the_full_form_gets_it() -> None:
    shelf = _shelf("1.0.0")
    listing = _listed(shelf, Needs(), accept="*/*")
    assert shelf.asked == ["full"]
    wanted = _wanted("/demo")
    found = Npm().render(wanted, listing, listing.items, Ask(npm.FULL))
    assert found.content_type == FULL and json.loads(found.body)["time"]["1.0.0"]
    short = Npm().render(wanted, listing, listing.items, Ask(npm.SHORT))
    assert short.content_type == SHORT and "time" not in json.loads(short.body)
    assert found.headers == short.headers == (("vary", "accept"),)


@pytest.mark.parametrize("name", ["demo", "@a/demo"])
def test_tarballs_are_where_the_client_came_from(name: str) -> None:
    shelf = _shelf("1.0.0", name=name)
    listing = _listed(shelf)
    for base, place in (("", "https://registry.test"), ("http://127.0.0.1:8080/npm", "http://127.0.0.1:8080/npm")):
        body = json.loads(Npm().render(_wanted(f"/{name}"), listing, listing.items, Ask(npm.SHORT, base)).body)
        assert body["versions"]["1.0.0"]["dist"]["tarball"] == f"{place}/{name}/-/demo-1.0.0.tgz"


def _rendered(shelf: Shelf, path: str, *withheld: str) -> Any:
    listing = _listed(shelf, path=path)
    shown = [item for item in listing.items if item.release.coordinate.version not in withheld]
    return json.loads(Npm().render(_wanted(path), listing, shown, Ask(npm.SHORT)).body)


def test_a_manifest_is_of_a_version_or_of_what_a_tag_leads_to() -> None:
    shelf = _shelf("1.0.0", "2.0.0-rc.1", "2.0.0")
    shelf.tags["next"] = "2.0.0-rc.1"
    assert _rendered(shelf, "/demo/1.0.0")["version"] == "1.0.0"
    assert _rendered(shelf, "/demo/next")["version"] == "2.0.0-rc.1"
    assert _rendered(shelf, "/demo/latest")["version"] == "2.0.0"
    assert _rendered(shelf, "/demo/latest", "2.0.0")["version"] == "1.0.0"
    assert _rendered(shelf, "/-/package/demo/dist-tags", "2.0.0-rc.1") == {"latest": "2.0.0"}


def test_only_what_a_manifest_is_of_is_judged() -> None:
    shelf = _shelf("1.0.0", "2.0.0")
    shelf.tags["old"] = "1.0.0"
    for path, count in (("/demo/1.0.0", 1), ("/demo/old", 1), ("/demo/latest", 2), ("/-/package/demo/dist-tags", 2)):
        assert len(_listed(shelf, path=path).items) == count


def test_a_tag_that_looks_like_a_version_does_not_hide_it() -> None:
    shelf = _shelf("1.0.0", "2.0.0")
    shelf.tags["1.0.0"] = "2.0.0"
    assert _rendered(shelf, "/demo/1.0.0")["version"] == "1.0.0"


@pytest.mark.parametrize(("path", "withheld"), [("/demo/3.0.0", ""), ("/demo/beta", ""), ("/demo/1.0.0", "1.0.0")])
def test_there_is_no_manifest_of_what_is_not_there(path: str, withheld: str) -> None:
    with pytest.raises(NothingThere):
        _rendered(_shelf("1.0.0"), path, withheld)


def test_a_version_at_a_host_that_is_not_let_out_is_left_out() -> None:
    shelf = Shelf()
    shelf.add("1.0.0", place="https://evil.test")
    shelf.add("1.1.0", place="https://files.mirror.test/x")
    assert [item.release.coordinate.version for item in _listed(shelf).items] == ["1.1.0"]
    with pytest.raises(Refused, match=r"evil\.test"):
        _promised(shelf, "demo-1.0.0.tgz")


@pytest.mark.parametrize(
    ("place", "upstream", "url"),
    [
        ("https://mirror.test/npm", OWN, "https://mirror.test/npm/demo/-/demo-1.0.0.tgz"),
        ("https://files.mirror.test/x", OWN, "https://files.mirror.test/x/demo/-/demo-1.0.0.tgz"),
        ("http://mirror.test/npm", OWN, "https://mirror.test/npm/demo/-/demo-1.0.0.tgz"),
        ("https://registry.test", OWN, "https://mirror.test/npm/demo/-/demo-1.0.0.tgz"),
        ("http://registry.test", OWN, "https://mirror.test/npm/demo/-/demo-1.0.0.tgz"),
        ("http://registry.test", PUBLIC, "https://registry.test/demo/-/demo-1.0.0.tgz"),
        ("https://me@mirror.test", OWN, None),
        ("https://mirror.test:8443", OWN, None),
        ("https://mirror.test.evil.test", OWN, None),
        ("https://mirror.test\\@evil.test", OWN, None),
        ("http://127.0.0.1:80", PUBLIC, None),
    ],
)
def test_where_a_tarball_is_fetched(place: str, upstream: Upstream, url: str | None) -> None:
    shelf = Shelf()
    shelf.add("1.0.0", place=place)
    if url is None:
        with pytest.raises(Refused):
            _promised(shelf, "demo-1.0.0.tgz", upstream=upstream)
        return
    promise = _promised(shelf, "demo-1.0.0.tgz", upstream=upstream)
    assert promise.url == url
    scheme, _, rest = promise.url.partition("://")
    assert upstream.serves_files(scheme, rest.partition("/")[0])


def test_a_promise_is_what_the_listing_says() -> None:
    shelf = Shelf(name="@a/demo")
    shelf.add("1.0.0", 1, license="MIT", scripts={"postinstall": "x"})
    for needs in (Needs(), DATES, Needs(dates=True, licences=True)):
        promise = _promised(shelf, "demo-1.0.0.tgz", needs)
        (item,) = _listed(shelf, needs).items
        assert promise.release == item.release
        assert promise.filename == "demo-1.0.0.tgz" and promise.check is None
        assert promise.digests == {"sha512": item.release.identity.removeprefix("sha512:")}
    assert promise.release.licence == "MIT"


def test_the_full_form_vouches_for_a_tarball_where_it_is_kept_anyway() -> None:
    shelf = _shelf("1.0.0", days=1)
    _listed(shelf, accept="application/json")
    assert _promised(shelf, "demo-1.0.0.tgz").release.published == NOW - DAY
    assert shelf.asked == ["full"]
    with pytest.raises(NothingThere):  # what it does not know may be new
        _promised(shelf, "demo-2.0.0.tgz")
    assert shelf.asked == ["full", "short", "full", "short fresh", "full fresh"]


def test_what_is_kept_of_another_upstream_vouches_for_nothing() -> None:
    shelf = _shelf("1.0.0", place="https://old.test")

    async def fetch(source: Source) -> Document:
        if source.kept_only:
            return Document("https://old.test/demo", 200, FULL, "", NOW, shelf.body(full=True))
        return await shelf.fetch(source)

    with pytest.raises(Refused):
        _now(Npm().promise(_wanted("/demo/-/demo-1.0.0.tgz"), OWN, fetch, DATES))
    assert shelf.asked == ["short"]


def test_who_does_not_say_what_is_wanted_gets_all() -> None:
    shelf = _shelf("1.0.0")
    _now(Npm().listing(_wanted("/demo"), OWN, shelf.fetch, DATES, npm.FULL))
    assert shelf.asked == ["full"]


def test_an_old_version_promises_its_sha1() -> None:
    shelf = _shelf("1.0.0")
    del shelf.versions["1.0.0"]["dist"]["integrity"]
    sha1 = shelf.versions["1.0.0"]["dist"]["shasum"]
    promise = _promised(shelf, "demo-1.0.0.tgz")
    assert (promise.digests, promise.release.identity) == ({"sha1": sha1}, f"sha1:{sha1}")


def test_a_tarball_that_is_not_listed_is_looked_for_once_more() -> None:
    shelf = _shelf("1.0.0")
    with pytest.raises(NothingThere, match=r"demo-2\.0\.0\.tgz"):
        _promised(shelf, "demo-2.0.0.tgz")
    assert shelf.asked == ["short", "short fresh"]


def test_without_any_digest_there_is_nothing_to_promise() -> None:
    shelf = _shelf("1.0.0")
    for key in ("integrity", "shasum"):
        del shelf.versions["1.0.0"]["dist"][key]
    assert _listed(shelf).items == ()
    with pytest.raises(NothingThere):
        _promised(shelf, "demo-1.0.0.tgz")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name":"other","versions":{}}', b'{"name":"demo","versions":[]}'])
def test_what_is_no_packument_is_neither_kept_nor_read(body: bytes) -> None:
    seen = []

    async def fetch(source: Source) -> Document:
        if source.kept_only:
            raise UpstreamFailure("it is not in the cache", 404)
        document = Document(source.url, 200, FULL, "", NOW, body)
        with pytest.raises(ValueError, match="packument of demo"):
            source.check(document)
        seen.append(source)
        return document

    with pytest.raises(Malformed):
        _now(Npm().listing(_wanted("/demo"), OWN, fetch, DATES, npm.FULL))
    with pytest.raises(Malformed):
        _now(Npm().promise(_wanted("/demo/-/demo-1.0.0.tgz"), OWN, fetch, DATES))
    assert len(seen) == 2


def test_each_form_of_each_package_is_kept_by_itself() -> None:
    keys = set()
    for name in ("demo", "@a/demo", "demo-a"):
        shelf = _shelf("1.0.0", days=1, name=name)
        _listed(shelf)
        keys |= {source.key for source in shelf.sources}
    assert len(keys) == 6 and all(key.startswith("npm ") for key in keys)


def test_a_document_that_did_not_change_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def parse(body: bytes, name: str) -> Packument:
        parsed.append(name)
        return npm_packument.parse(body, name)

    monkeypatch.setattr(npm, "parse", parse)
    kept = Document(f"{OWN.index}@a%2fdemo", 200, FULL, "", NOW, _shelf("1.0.0", name="@a/demo").body(full=False))

    async def fetch(source: Source) -> Document:
        return replace(kept, url=source.url, fetched=NOW + 1)

    registry = Npm()
    for _ in range(3):
        _now(registry.listing(_wanted("/@a/demo"), OWN, fetch, DATES, npm.FULL))
    assert parsed == ["@a/demo"]


def test_there_is_no_document() -> None:
    with pytest.raises(NothingThere):
        _now(Npm().document(_wanted("/demo"), OWN, Shelf().fetch))


def test_a_refusal_is_what_npm_and_yarn_print() -> None:
    found = Npm().refusal(403, "JR-DENY-RULE", 'no "demo"')
    assert found.content_type == FULL
    assert json.loads(found.body) == {"error": 'no "demo"', "code": "JR-DENY-RULE"}


def test_tarballs_are_octets() -> None:
    assert Npm().file_headers("demo-1.0.0.tgz", {}) == (("content-type", "application/octet-stream"),)


def test_a_kept_tarball_tells_its_licence(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(make_tarball("demo", "1.0.0", license="MIT").data)
    assert Npm().inside(str(tmp_path / "x"), "demo-1.0.0.tgz").licence == "MIT"
