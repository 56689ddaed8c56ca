"""What is asked of an upstream, what is read of its answers, and what is never asked."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from jhansi_runner.proxy.policy.release import Needs, Release
from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries import golang_sums as sums
from jhansi_runner.proxy.registries.golang import Golang
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Listing,
    Malformed,
    NothingThere,
    Promise,
    Refused,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.upstreams import NotCached, Upstream, UpstreamFailure, upstream
from support.registry.faults import Fault
from support.registry.golang import GoUpstream

GO = Golang()
LIB, VERSION = "up.test/My/lib", "v1.2.3"
LIB_URL = "/up.test/!my/lib/@v/"
PUBLIC = upstream("golang")
DATABASE = sums.public_database(PUBLIC.public)
T = TypeVar("T")


class Cache:
    """What the mirror gives a registry for fetching: asks the test upstream, whatever host the URL names."""

    def __init__(self, up: GoUpstream, at: Upstream) -> None:
        self.up, self.at = up, at
        self.kept: dict[str, Document] = {}

    async def __call__(self, source: Source) -> Document:
        if source.key in self.kept and (source.immutable or source.kept_only):
            return self.kept[source.key]
        if source.kept_only:
            raise NotCached("not in the cache")
        assert source.url.startswith(self.at.index)
        request = urllib.request.Request(self.up.url + source.url.removeprefix(self.at.index))  # noqa: S310
        for name, value in source.headers:
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                document = Document(source.url, 200, answer.headers["Content-Type"], "", 0.0, answer.read())
        except urllib.error.HTTPError as error:
            error.close()
            absent = error.code in (404, 410)
            status = 404 if absent or error.code == 403 else 502
            raise UpstreamFailure(f"upstream answered {error.code}", status, absent=absent) from error
        try:
            source.check(document)
        except ValueError as error:
            raise UpstreamFailure(f"upstream's {error}") from error
        self.kept[source.key] = document
        return document


@pytest.fixture
def up() -> Iterator[GoUpstream]:
    with GoUpstream(database=DATABASE) as up:
        up.add(LIB, VERSION)
        up.add(LIB, "v1.3.0-rc.1")
        up.add(LIB, "v1.1.0")
        yield up


@pytest.fixture
def cache(up: GoUpstream) -> Cache:
    """As in front of the public registry."""
    return Cache(up, PUBLIC)


@pytest.fixture
def own(up: GoUpstream) -> Cache:
    """As in front of an operator's own upstream."""
    return Cache(up, Upstream("golang", up.url, PUBLIC.public))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def wanted(path: str) -> Wanted:
    found = GO.route(path)
    assert found is not None
    return found


def listing(cache: Cache, path: str) -> Listing:
    return run(GO.listing(wanted(path), cache.at, cache, Needs(), ""))


def versions(cache: Cache, path: str) -> list[str | None]:
    return [item.release.coordinate.version for item in listing(cache, path).items]


def promise(cache: Cache, path: str) -> Promise:
    return run(GO.promise(wanted(path), cache.at, cache, Needs()))


def document(cache: Cache, path: str) -> tuple[Source, Release | None]:
    return run(GO.document(wanted(path), cache.at, cache))


def asked(up: GoUpstream) -> list[str]:
    return [request.path for request in up.requests]


# Listings


def test_a_list_is_judged_version_by_version_and_says_no_date(cache: Cache) -> None:
    found = listing(cache, LIB_URL + "list")
    assert found.package == names.coordinate(LIB)
    assert [item.release for item in found.items] == [
        Release(names.coordinate(LIB, version)) for version in (VERSION, "v1.3.0-rc.1", "v1.1.0")
    ]
    assert found.items[0].path == LIB_URL + "v1.2.3.zip"
    assert GO.render(wanted(LIB_URL + "list"), found, found.items, Ask()).body == b"v1.2.3\nv1.3.0-rc.1\nv1.1.0\n"


def test_lines_that_go_would_pass_over_are_left_out(up: GoUpstream, cache: Cache) -> None:
    lines = b"v1.0.0 2020-01-01T00:00:00Z\nv1.0\n\nv2.0.0\n../../x\nv1.0.1 soon\nv1.0.0-\xc3\xa9\n  v1.0.2\r\nv1.0.2\n"
    up.fault(LIB_URL + "list", Fault.swap(lines))
    found = listing(cache, LIB_URL + "list")
    assert [item.detail for item in found.items] == ["v1.0.0 2020-01-01T00:00:00Z", "v1.0.1", "v1.0.2"]


@pytest.mark.parametrize("body", [b"<!DOCTYPE html>", b"\n <html>", b"v1.0.0\n\0", b"v1.0.0\n\xff"])
def test_a_page_is_not_read_as_a_module_without_versions(up: GoUpstream, cache: Cache, body: bytes) -> None:
    up.fault(LIB_URL + "list", Fault.swap(body))
    with pytest.raises(UpstreamFailure, match="list of versions is"):
        listing(cache, LIB_URL + "list")
    assert not cache.kept


def test_a_module_without_versions_has_an_empty_list(up: GoUpstream, cache: Cache) -> None:
    up.fault(LIB_URL + "list", Fault.empty())
    assert listing(cache, LIB_URL + "list").items == ()


def test_the_latest_comes_with_its_time_and_others_to_fall_back_on(up: GoUpstream, cache: Cache) -> None:
    up.branch(LIB, "latest", VERSION)
    path = "/up.test/!my/lib/@latest"
    found = listing(cache, path)
    assert [item.release.coordinate.version for item in found.items] == [VERSION, "v1.1.0", "v1.3.0-rc.1"]
    shown = json.loads(GO.render(wanted(path), found, found.items, Ask()).body)
    assert shown == {"Version": VERSION, "Time": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize("status", [404, 410, 403])
def test_without_a_latest_it_is_the_best_of_the_list(up: GoUpstream, cache: Cache, status: int) -> None:
    up.fault("/up.test/!my/lib/@latest", Fault.status(status))
    assert versions(cache, "/up.test/!my/lib/@latest") == [VERSION, "v1.1.0", "v1.3.0-rc.1"]


def test_a_latest_without_a_list_stands_alone(up: GoUpstream, cache: Cache) -> None:
    up.branch(LIB, "latest", VERSION)
    up.fault(LIB_URL + "list", Fault.status(500))
    assert versions(cache, "/up.test/!my/lib/@latest") == [VERSION]


def test_nothing_is_made_up_where_there_is_no_version(up: GoUpstream, cache: Cache) -> None:
    up.fault(LIB_URL + "list", Fault.empty())
    with pytest.raises(NothingThere, match=r"no newest version of up\.test/My/lib"):
        listing(cache, "/up.test/!my/lib/@latest")


def test_an_upstream_that_fails_is_not_one_without_a_latest(up: GoUpstream, cache: Cache) -> None:
    up.fault("/up.test/!my/lib/@latest", Fault.status(500))
    with pytest.raises(UpstreamFailure):
        listing(cache, "/up.test/!my/lib/@latest")


def test_a_branch_is_judged_as_the_version_that_it_stands_for(up: GoUpstream, cache: Cache) -> None:
    up.branch(LIB, "master", VERSION)
    path = LIB_URL + "master.info"
    found = listing(cache, path)
    assert found.package == names.coordinate(LIB)
    assert [item.release.coordinate for item in found.items] == [names.coordinate(LIB, VERSION)]
    assert b'"v1.2.3"' in GO.render(wanted(path), found, found.items, Ask()).body
    up.branch(LIB, "master", "v1.1.0")
    assert versions(cache, path) == ["v1.1.0"]


@pytest.mark.parametrize(
    "body",
    [b"", b"v1.2.3", b"[]", b"{}", b'{"Version": 1}', b'{"Version": "master"}', b'{"Version": "v2.0.0"}', b"[" * 99999],
)
def test_an_answer_that_names_no_version_is_not_kept(up: GoUpstream, cache: Cache, body: bytes) -> None:
    up.branch(LIB, "master", VERSION)
    up.fault(lambda request: request.path.endswith(".info"), Fault.swap(body))
    for path in (LIB_URL + "master.info", LIB_URL + "v1.2.3.info"):
        with pytest.raises(UpstreamFailure, match="answer"):
            listing(cache, path) if "master" in path else document(cache, path)
    assert not cache.kept


# Documents


def test_info_belongs_to_its_version_and_go_mod_to_its_module(up: GoUpstream, cache: Cache) -> None:
    for suffix, owner in (("info", Release(names.coordinate(LIB, VERSION))), ("mod", None)):
        source, release = document(cache, f"{LIB_URL}v1.2.3.{suffix}")
        assert source.immutable and source.url.endswith(f"{LIB_URL}v1.2.3.{suffix}")
        assert release == owner
        package = wanted(f"{LIB_URL}v1.2.3.{suffix}").package
        assert package == names.coordinate(LIB, VERSION if suffix == "info" else None)
        document(cache, f"{LIB_URL}v1.2.3.{suffix}")
        assert up.count(f"{LIB_URL}v1.2.3.{suffix}") == 1


def test_an_info_of_another_version_is_not_kept(up: GoUpstream, cache: Cache) -> None:
    up.fault(LIB_URL + "v1.2.3.info", Fault.swap(b'{"Version": "v1.1.0"}'))
    with pytest.raises(UpstreamFailure, match="names no version"):
        document(cache, LIB_URL + "v1.2.3.info")


def test_a_page_is_no_go_mod(up: GoUpstream, cache: Cache) -> None:
    up.fault(LIB_URL + "v1.2.3.mod", Fault.swap(b"<html>sign in</html>"))
    with pytest.raises(UpstreamFailure, match=r"go\.mod is none"):
        document(cache, LIB_URL + "v1.2.3.mod")


# A made-up module path carries nothing out


@pytest.mark.parametrize(
    "path",
    [
        "/secret.evil.test/x/@v/list",
        "/secret.evil.test/x/@latest",
        "/secret.evil.test/x/@v/master.info",
        "/secret.evil.test/x/@v/v1.0.0.info",
        "/secret.evil.test/x/@v/v1.0.0.mod",
        "/secret.evil.test/x/@v/v1.0.0.zip",
        f"/sumdb/{DATABASE}/lookup/secret.evil.test/x@v1.0.0",
    ],
)
def test_the_upstream_is_asked_to_fetch_nothing_from_a_host_that_a_path_names(
    up: GoUpstream, cache: Cache, path: str
) -> None:
    up.add("secret.evil.test/x", "v1.0.0", cached=False)
    up.branch("secret.evil.test/x", "latest", "v1.0.0")
    up.branch("secret.evil.test/x", "master", "v1.0.0")
    what = wanted(path)
    with pytest.raises(NothingThere, match="modules of your own may be, by `fetch` for golang"):
        if what.detail in ("list", "latest", "query"):
            listing(cache, path)
        elif what.detail == "zip":
            promise(cache, path)
        else:
            document(cache, path)
    assert up.requests
    assert all(request.headers.get("disable-module-fetch") == "true" for request in up.requests)
    assert not any("lookup" in request.path for request in up.requests)


def test_with_fetch_any_the_upstream_may_look_elsewhere(up: GoUpstream) -> None:
    up.add("far.test/x", "v1.0.0", cached=False)
    cache = Cache(up, Upstream("golang", PUBLIC.index, PUBLIC.public, cached_only=False))
    assert versions(cache, "/far.test/x/@v/list") == ["v1.0.0"]
    document(cache, "/far.test/x/@v/v1.0.0.info")
    assert promise(cache, "/far.test/x/@v/v1.0.0.zip").release.identity
    assert not any("disable-module-fetch" in request.headers for request in up.requests)
    with pytest.raises(NothingThere, match=r"^the upstream has no list of the versions of none\.test/x$"):
        listing(cache, "/none.test/x/@v/list")


def test_what_nobody_was_asked_for_is_not_said_to_be_absent(up: GoUpstream, cache: Cache) -> None:
    async def offline(source: Source) -> Document:
        raise NotCached(f"offline, and {source.url} was never fetched")

    for path in (LIB_URL + "list", "/up.test/!my/lib/@latest"):
        with pytest.raises(NotCached):
            run(GO.listing(wanted(path), cache.at, offline, Needs(), ""))
    with pytest.raises(NotCached):
        run(GO.document(wanted(LIB_URL + "v1.2.3.mod"), cache.at, offline))
    assert not up.requests


# The checksum database


def test_the_documents_of_the_database_are_passed_on(up: GoUpstream, cache: Cache) -> None:
    for rest, immutable in (("supported", False), ("latest", False), ("tile/8/0/000.p/3", True)):
        source, release = document(cache, f"/sumdb/{DATABASE}/{rest}")
        assert (source.immutable, release) == (immutable, None)
        run(cache(source))
    source, release = document(cache, f"/sumdb/{DATABASE}/lookup/up.test/!my/lib@v1.2.3")
    assert source.immutable and release is None
    assert b"\nup.test/My/lib v1.2.3 h1:" in run(cache(source)).body
    assert asked(up)[-2:] == [LIB_URL + "v1.2.3.mod", f"/sumdb/{DATABASE}/lookup/up.test/!my/lib@v1.2.3"]


def test_another_database_is_only_asked_for_at_an_upstream_of_ones_own(cache: Cache, own: Cache) -> None:
    for path in (
        "/sumdb/sums.test/supported",
        "/sumdb/secret.evil.test/latest",
        "/sumdb/sums.test/lookup/x.test@v1.0.0",
    ):
        with pytest.raises(NothingThere, match="not served here"):
            document(cache, path)
    source, _ = document(own, "/sumdb/sums.test/supported")
    assert source.url == own.at.index + "sumdb/sums.test/supported"
    assert not cache.up.requests


@pytest.mark.parametrize(
    ("rest", "fault"),
    [
        ("latest", Fault.garbage()),
        ("tile/8/0/000.p/3", Fault.long(1)),
        ("tile/8/0/000.p/3", Fault.empty()),
        ("lookup/up.test/!my/lib@v1.2.3", Fault.garbage()),
        ("lookup/up.test/!my/lib@v1.2.3", Fault.empty()),
    ],
)
def test_what_is_no_answer_of_a_database_is_not_kept(up: GoUpstream, cache: Cache, rest: str, fault: Fault) -> None:
    path = f"/sumdb/{DATABASE}/{rest}"
    up.fault(path, fault)
    source, _ = document(cache, path)
    with pytest.raises(UpstreamFailure, match="upstream's checksum database"):
        run(cache(source))
    assert source.key not in cache.kept


# Zips


def test_a_zip_is_what_the_database_says(up: GoUpstream, cache: Cache, tmp_path: Path) -> None:
    found = promise(cache, LIB_URL + "v1.2.3.zip")
    built = up.add(LIB, VERSION)
    assert found.release.coordinate == names.coordinate(LIB, VERSION)
    assert found.release.identity == built.sums.split()[2]
    assert found.release.published is None
    assert found.url == PUBLIC.index.rstrip("/") + LIB_URL + "v1.2.3.zip"
    assert found.at_most == sums.MAX_ZIP
    assert cache.at.serves_files("https", PUBLIC.public)
    file = tmp_path / "zip"
    file.write_bytes(built.zip)
    assert found.check is not None
    found.check(str(file))
    file.write_bytes(up.add(LIB, VERSION, {"trojan.go": "package lib\n"}).zip)
    with pytest.raises(ValueError, match="but the checksum database says"):
        found.check(str(file))


def test_a_zip_that_the_database_says_nothing_of_is_checked_for_soundness(
    up: GoUpstream, cache: Cache, tmp_path: Path
) -> None:
    up.fault(lambda request: "/lookup/" in request.path, Fault.status(500))
    found = promise(cache, LIB_URL + "v1.2.3.zip")
    assert found.release.identity == ""
    file = tmp_path / "zip"
    file.write_bytes(up.add(LIB, VERSION).zip)
    assert found.check is not None
    found.check(str(file))
    file.write_bytes(up.add(LIB, "v1.1.0").zip)
    with pytest.raises(ValueError, match=r"is not below up\.test/My/lib@v1\.2\.3/"):
        found.check(str(file))


def test_the_modules_of_an_operator_are_told_to_no_database(up: GoUpstream, own: Cache) -> None:
    assert promise(own, LIB_URL + "v1.2.3.zip").release.identity == ""
    assert asked(up) == [LIB_URL + "v1.2.3.mod"]
    run(own(document(own, f"/sumdb/{DATABASE}/lookup/up.test/!my/lib@v1.2.3")[0]))  # a client does
    assert promise(own, LIB_URL + "v1.2.3.zip").release.identity.startswith("h1:")


def test_a_go_distribution_needs_its_checksum(up: GoUpstream, cache: Cache, own: Cache) -> None:
    built = up.add("go.test/toolchain", "v0.0.1-go1.99.0.linux-amd64")
    path = "/go.test/toolchain/@v/v0.0.1-go1.99.0.linux-amd64.zip"
    assert promise(own, path).release.identity == built.sums.split()[2]
    up.fault(lambda request: "/lookup/" in request.path, Fault.status(500))
    with pytest.raises(Refused, match="set GOTOOLCHAIN=local"):
        promise(cache, path)


def test_an_answer_can_be_read_again_only_as_what_it_is(cache: Cache) -> None:
    with pytest.raises(Malformed, match="names no version"):
        check = document(cache, LIB_URL + "v1.2.3.info")[0].check
        check(Document("https://up.test/", 200, "", "", 0.0, b'{"Version": "v1.1.0"}'))
