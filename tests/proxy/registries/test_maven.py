"""What the registry makes of a repository's documents, without a network: a fetch that asks the test upstream."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import hashlib
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.release import Needs
from jhansi_runner.proxy.registries.interface import (
    Ask,
    Document,
    Item,
    Listing,
    Malformed,
    NothingThere,
    Promise,
    Rendered,
    Source,
    Wanted,
)
from jhansi_runner.proxy.registries.maven import Maven
from jhansi_runner.proxy.registries.maven_metadata import parse
from jhansi_runner.proxy.registries.maven_repository import ASKED_POMS, digest_in
from jhansi_runner.proxy.registries.upstreams import Upstream, UpstreamFailure
from support.registry import Fault, Request
from support.registry.maven import MavenUpstream
from support.registry.maven_site import MavenDialect

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
OLD = NOW - datetime.timedelta(days=900)
YOUNG = NOW - datetime.timedelta(hours=2)
HERE = Upstream("maven", "https://mirror.test/maven2/", "maven.test")
DATES, LICENCES, NOTHING = Needs(dates=True), Needs(licences=True), Needs()
TOOL = Coordinate("maven", "org.demo", "tool")


class Asked:
    """A `fetch` that asks a test upstream in this process, and a registry that uses it."""

    def __init__(self, dialect: MavenDialect | None = None) -> None:
        self.up, self.sources, self.maven = MavenUpstream(dialect), list[Source](), Maven()

    async def fetch(self, source: Source) -> Document:
        self.sources.append(source)
        reply = self.up.answer(Request("GET", urlsplit(source.url).path, {}))
        if reply.status != 200:
            absent = reply.status == 404
            raise UpstreamFailure(f"{reply.status} for {source.url}", 404 if absent else 502, absent=absent)
        modified = reply.headers.get("Last-Modified", "")
        document = Document(source.url, 200, "", "", NOW.timestamp(), b"".join(reply.body), modified)
        assert len(document.body) <= source.size
        source.check(document)
        return document

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order, below the repository."""
        return [request.path.removeprefix("/maven2/org/demo/") for request in self.up.requests]

    def wanted(self, path: str) -> Wanted:
        found = self.maven.route(path)
        assert found is not None
        return found

    def listing(self, path: str, needs: Needs = NOTHING) -> Listing:
        return asyncio.run(self.maven.listing(self.wanted(path), HERE, self.fetch, needs, ""))

    def render(self, path: str, listing: Listing, shown: Sequence[Item]) -> Rendered:
        return self.maven.render(self.wanted(path), listing, shown, Ask())

    def promise(self, path: str, needs: Needs = NOTHING) -> Promise:
        return asyncio.run(self.maven.promise(self.wanted(path), HERE, self.fetch, needs))

    def dates(self, needs: Needs = DATES) -> dict[str | None, float | None]:
        items = self.listing("/org/demo/tool/maven-metadata.xml", needs).items
        return {item.release.coordinate.version: item.release.published for item in items}


def test_a_listing_asks_for_one_document_and_shows_what_it_is_told_to() -> None:
    asked = Asked()
    for version in ("1.0", "1.1", "1.2", "1.3-SNAPSHOT", "[odd]"):
        asked.up.add(f"org.demo:tool:{version}")
    listing = asked.listing("/org/demo/tool/maven-metadata.xml")
    assert asked.paths == ["tool/maven-metadata.xml"]
    assert [item.release.coordinate for item in listing.items] == [TOOL.at("1.0"), TOOL.at("1.1"), TOOL.at("1.2")]
    assert listing.items[0].path == "/org/demo/tool/1.0/tool-1.0.pom"
    shown = asked.render("/org/demo/tool/maven-metadata.xml", listing, listing.items[:2])
    found = parse(shown.body)
    assert (found.versions, found.latest, found.release) == (("1.0", "1.1"), "1.1", "1.1")
    assert b"<groupId>org.demo</groupId>" in shown.body and b"<artifactId>tool</artifactId>" in shown.body
    assert shown.content_type == "text/xml"
    with pytest.raises(NothingThere):
        asked.render("/org/demo/tool/maven-metadata.xml", listing, ())


def test_sidecars_and_headers_of_metadata_match_the_bytes_that_are_sent() -> None:
    asked = Asked()
    for version in ("1.0", "1.1"):
        asked.up.add(f"org.demo:tool:{version}")
    path = "/org/demo/tool/maven-metadata.xml"
    listing = asked.listing(path)
    for shown in (listing.items, listing.items[:1]):
        body = asked.render(path, listing, shown)
        for name in ("sha1", "sha256", "sha512", "md5"):
            made = asked.render(f"{path}.{name}", asked.listing(f"{path}.{name}"), shown)
            assert made == Rendered("text/plain", hashlib.new(name, body.body).hexdigest().encode())
        sums = [(f"x-checksum-{name}", hashlib.new(name, body.body).hexdigest()) for name in ("sha1", "md5")]
        assert list(body.headers) == sums
    assert not [one for one in asked.paths if one.endswith(("sha1", "md5"))]  # never upstream's own


def test_a_group_lists_its_plugins_each_under_its_own_name() -> None:
    asked = Asked()
    for name in ("jar", "war", "odd/../name"):
        artifact = f"maven-{name}-plugin"
        asked.up.add(f"org.apache.maven.plugins:{artifact}:1", packaging="maven-plugin", prefix=name, modified=YOUNG)
    path = "/org/apache/maven/plugins/maven-metadata.xml"
    listing = asked.listing(path, DATES)
    group = Coordinate("maven", "org.apache.maven.plugins", "maven-jar-plugin")
    assert listing.package.namespace == group.namespace
    assert [item.release.coordinate for item in listing.items] == [
        group,
        dataclasses.replace(group, name="maven-war-plugin"),
    ]
    assert all(item.release.published for item in listing.items), "a prefix waits for no age"
    shown = asked.render(path, listing, listing.items[:1]).body
    assert [plugin.prefix for plugin in parse(shown).plugins] == ["jar"]
    assert b"versioning" not in shown and b"artifactId>maven-metadata" not in shown


def test_a_folder_can_be_a_package_and_a_group_of_plugins() -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:1.0")
    asked.up.add("org.demo.tool:tool-plugin:1.0", packaging="maven-plugin", prefix="tool")
    listing = asked.listing("/org/demo/tool/maven-metadata.xml")
    plugin = Coordinate("maven", "org.demo.tool", "tool-plugin")
    assert [item.release.coordinate for item in listing.items] == [TOOL.at("1.0"), plugin]
    found = parse(asked.render("/org/demo/tool/maven-metadata.xml", listing, listing.items).body)
    assert (found.versions, len(found.plugins)) == (("1.0",), 1)


@pytest.mark.parametrize(("days", "requests"), [(61, 1), (60, 4), (0, 4), (-1, 4)])
def test_a_quiet_package_is_dated_by_its_last_addition_alone(days: int, requests: int) -> None:
    asked = Asked()
    moments = [NOW - datetime.timedelta(days=ago) for ago in (900, 400, days)]
    for number, moment in enumerate(moments):
        asked.up.add(f"org.demo:tool:1.{number}", modified=moment)
    each = [moments[-1]] * 3 if requests == 1 else moments
    assert list(asked.dates().values()) == [moment.timestamp() for moment in each]
    assert len(asked.paths) == requests


@pytest.mark.parametrize(("age", "each"), [(30, 70), (69, 70), (70, 900), (90, 900)])
def test_a_longer_age_in_force_than_the_last_addition_has_each_version_dated(age: int, each: int) -> None:
    asked = Asked()
    for version, ago in (("1.0", 900), ("1.1", 70)):
        asked.up.add(f"org.demo:tool:{version}", modified=NOW - datetime.timedelta(days=ago))
    found = asked.dates(Needs(dates=True, age=age * 86_400.0))
    assert list(found.values()) == [(NOW - datetime.timedelta(days=ago)).timestamp() for ago in (each, 70)]


def test_the_newest_of_a_busy_package_are_dated_by_their_poms_and_the_others_by_the_last_addition() -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:100.0", modified=YOUNG)
    for number in range(ASKED_POMS + 6):
        asked.up.add(f"org.demo:tool:1.{number}", modified=OLD)
    dates = asked.dates()
    assert len(asked.paths) == 1 + ASKED_POMS
    assert dates["100.0"] == YOUNG.timestamp()
    old = [version for version, date in dates.items() if date == OLD.timestamp()]
    assert old == [f"1.{number}" for number in range(7, ASKED_POMS + 6)]
    assert all(dates[f"1.{number}"] == YOUNG.timestamp() for number in range(7)), "dated too young, never too old"


def test_an_upstream_that_dates_no_pom_is_asked_for_one() -> None:
    asked = Asked(MavenDialect(modified=False))
    for number in range(9):
        asked.up.add(f"org.demo:tool:1.{number}", modified=YOUNG if number == 8 else OLD)
    assert set(asked.dates().values()) == {YOUNG.timestamp()}
    assert asked.paths == ["tool/maven-metadata.xml", "tool/1.8/tool-1.8.pom"]


def test_without_any_date_there_is_none() -> None:
    asked = Asked(MavenDialect(modified=False, updated=False))
    asked.up.add("org.demo:tool:1.0")
    assert asked.dates() == {"1.0": None}
    assert asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES).release.published is None


def test_a_pom_that_does_not_come_makes_its_version_young_and_not_the_listing_fail() -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:1.0", modified=OLD)
    asked.up.add("org.demo:tool:1.1", modified=OLD)
    asked.up.add("org.demo:tool:1.2", modified=YOUNG)
    asked.up.fault("/maven2/org/demo/tool/1.1/tool-1.1.pom", Fault.status(503))
    assert asked.dates() == {"1.0": OLD.timestamp(), "1.1": YOUNG.timestamp(), "1.2": YOUNG.timestamp()}


def test_a_file_is_promised_by_the_checksum_beside_it() -> None:
    asked = Asked()
    added = asked.up.add("org.demo:tool:1.0", files={"-sources.jar": b"sources"})
    promise = asked.promise("/org/demo/tool/1.0/tool-1.0-sources.jar")
    sha1 = hashlib.sha1(b"sources").hexdigest()  # noqa: S324
    assert (promise.url, promise.digests) == ("https://mirror.test" + added.path("-sources.jar"), {"sha1": sha1})
    release = promise.release
    assert (release.coordinate, promise.filename) == (TOOL.at("1.0"), "tool-1.0-sources.jar")
    # Without a date of the POM all files of a version share the version's clock.
    assert (release.filename, release.identity) == ("", "")
    assert (release.published, release.licence, release.size) == (None, None, None)
    assert asked.paths == ["tool/1.0/tool-1.0-sources.jar.sha1"]
    assert asked.sources[0].immutable


@pytest.mark.parametrize(
    ("sidecars", "used", "requests"),
    [(("md5", "sha1"), "sha1", 1), (("md5", "sha256"), "sha256", 2), (("sha512",), "sha512", 3), (("md5",), "md5", 4)],
)
def test_the_first_checksum_that_there_is_counts(sidecars: tuple[str, ...], used: str, requests: int) -> None:
    asked = Asked(MavenDialect(sidecars=sidecars))
    asked.up.add("org.demo:tool:1.0")
    assert list(asked.promise("/org/demo/tool/1.0/tool-1.0.pom").digests) == [used]
    assert len(asked.paths) == requests


def test_a_file_without_any_checksum_is_not_there() -> None:
    asked = Asked(MavenDialect(sidecars=()))
    asked.up.add("org.demo:tool:1.0")
    for path in ("/org/demo/tool/1.0/tool-1.0.jar", "/org/demo/tool/1.0/tool-1.0.module"):
        with pytest.raises(NothingThere, match="by which to verify"):  # 403 would stop Gradle, which asks for much
            asked.promise(path)


def test_a_checksum_that_fails_is_not_passed_over_for_a_weaker_one() -> None:
    asked = Asked()
    added = asked.up.add("org.demo:tool:1.0")
    asked.up.fault(added.path(".jar.sha1"), Fault.status(503))
    with pytest.raises(UpstreamFailure, match="503"):
        asked.promise("/org/demo/tool/1.0/tool-1.0.jar")
    asked.up.fault(added.path(".jar.sha1"), Fault.swap(b"<html>login</html>"))
    with pytest.raises(Malformed):
        asked.promise("/org/demo/tool/1.0/tool-1.0.jar")


SHA1 = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "text",
    [
        SHA1,
        SHA1.upper() + "\n",
        f"\r\n {SHA1}\r\n",
        f"{SHA1}  tool-1.0.jar\n",
        f"{SHA1}\ttool-1.0.jar",
        f"{SHA1} */home/build/tool 1.0.jar",
        f"SHA1(tool-1.0.jar)= {SHA1}\n",
        f"SHA1 (tool) = {SHA1}",
        f"{SHA1}\n{'f' * 40}",
    ],
)
def test_a_checksum_is_read_as_the_resolver_reads_it(text: str) -> None:
    assert digest_in(text.encode(), "sha1") == SHA1


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", SHA1[:-1], SHA1 + "0", f"x{SHA1[1:]}", "<html>", f"tool.jar {SHA1}", "\u0661" * 40],
)
def test_what_is_no_checksum_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        digest_in(text.encode(), "sha1")


def test_a_page_is_no_pom_and_is_not_kept_as_one() -> None:
    asked = Asked()
    added = asked.up.add("org.demo:tool:1.0", files={".pom": "<project>\u00e9</project>".encode("utf-16")})
    asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES)
    asked.up.fault(added.path(".pom"), Fault.swap(b"<html>please log in</html>"))
    with pytest.raises(Malformed):
        asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES)


def test_a_release_is_dated_by_its_pom_and_else_by_the_last_addition_to_its_package() -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:1.0", modified=OLD)
    asked.up.add("org.demo:tool:1.1", modified=YOUNG)
    assert asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES).release.published == OLD.timestamp()
    assert asked.promise("/org/demo/tool/1.1/tool-1.1.jar", DATES).release.published == YOUNG.timestamp()
    assert not any("metadata" in path for path in asked.paths)
    asked.up.dialect = MavenDialect(modified=False)
    assert asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES).release.published == YOUNG.timestamp()


def test_metadata_dates_no_version_that_it_does_not_list() -> None:
    asked = Asked(MavenDialect(modified=False))
    asked.up.add("org.demo:tool:1.0", modified=OLD)
    asked.up.add("org.demo:tool:6.6.6", modified=YOUNG, listed=False)
    assert asked.promise("/org/demo/tool/6.6.6/tool-6.6.6.jar", DATES).release.published is None


def test_metadata_that_fails_is_a_failure_and_not_an_unknown_date() -> None:
    asked = Asked(MavenDialect(modified=False))
    asked.up.add("org.demo:tool:1.0", modified=OLD)
    asked.up.fault("/maven2/org/demo/tool/maven-metadata.xml", Fault.status(503))
    with pytest.raises(UpstreamFailure, match="503"):
        asked.promise("/org/demo/tool/1.0/tool-1.0.jar", DATES)


def test_licences_are_the_poms_own_or_the_nearest_parents() -> None:
    asked = Asked()
    asked.up.add("org.demo:top:1", packaging="pom", licences=[("Apache-2.0", "")])
    asked.up.add("org.demo:middle:1", packaging="pom", parent="org.demo:top:1")
    asked.up.add("org.demo:tool:1.0", parent="org.demo:middle:1")
    asked.up.add("org.demo:tool:1.1", parent="org.demo:middle:1", licences=[("MIT", ""), ("EPL-2.0", "")])
    assert asked.promise("/org/demo/tool/1.0/tool-1.0.jar", LICENCES).release.licence == "Apache-2.0"
    assert asked.promise("/org/demo/tool/1.1/tool-1.1.jar", LICENCES).release.licence == "MIT OR EPL-2.0"


@pytest.mark.parametrize("parent", ["org.demo:gone:1", "../..:evil:1", "org.demo:tool:1.0", "org.demo:top:${version}"])
def test_a_parent_that_cannot_be_read_leaves_nothing_declared(parent: str) -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:1.0", parent=parent)
    assert asked.promise("/org/demo/tool/1.0/tool-1.0.jar", LICENCES).release.licence == ""
    assert len(asked.paths) <= 10


def test_checksums_and_signatures_are_documents_of_their_release() -> None:
    asked = Asked(MavenDialect(signatures=True))
    asked.up.add("org.demo:tool:1.0", modified=OLD)
    for tail in ("jar.sha1", "jar.md5", "jar.asc", "pom.asc.sha1"):
        wanted = asked.wanted(f"/org/demo/tool/1.0/tool-1.0.{tail}")
        source, release = asyncio.run(asked.maven.document(wanted, HERE, asked.fetch))
        assert source.immutable and source.url == f"https://mirror.test/maven2/org/demo/tool/1.0/tool-1.0.{tail}"
        assert release is not None
        assert (release.coordinate, release.published) == (TOOL.at("1.0"), OLD.timestamp())
        asyncio.run(asked.fetch(source))
        asked.up.fault(urlsplit(source.url).path, Fault.swap(b"<html>"))
        with pytest.raises(Malformed):
            asyncio.run(asked.fetch(source))


def test_a_checksum_is_one_document_for_clients_and_for_us() -> None:
    asked = Asked()
    asked.up.add("org.demo:tool:1.0")
    asked.promise("/org/demo/tool/1.0/tool-1.0.jar")
    wanted = asked.wanted("/org/demo/tool/1.0/tool-1.0.jar.sha1")
    source, _ = asyncio.run(asked.maven.document(wanted, HERE, asked.fetch))
    assert (source.key, source.url, source.immutable) == (asked.sources[0].key, asked.sources[0].url, True)


def test_prefixes_belong_to_no_package_and_may_change() -> None:
    asked = Asked()
    source, release = asyncio.run(asked.maven.document(asked.wanted("/.meta/prefixes.txt"), HERE, asked.fetch))
    assert release is None and not source.immutable
    assert asyncio.run(asked.fetch(source)).body.startswith(b"## repository-prefixes/2.0\n")


def test_headers_save_clients_the_sidecars() -> None:
    maven, digests = Maven(), {"sha256": "aa", "sha1": "bb"}
    sums = [("x-checksum-sha1", "bb"), ("x-checksum-sha256", "aa")]
    for name, kind in [
        ("tool-1.0.jar", "application/java-archive"),
        ("tool-1.0.pom", "text/xml"),
        ("tool-1.0.module", "application/json"),
        ("tool-1.0.tar.gz", "application/gzip"),
        ("tool-1.0.exe", "application/octet-stream"),
        ("tool", "application/octet-stream"),
    ]:
        assert list(maven.file_headers(name, digests)) == [("content-type", kind), *sums]


def test_a_refusal_is_a_problem_document_whose_type_has_no_parameter() -> None:
    found = Maven().refusal(403, "JR-DENY-RULE", 'no "thing" \u00e4')
    assert found.content_type == "application/problem+json" and found.body.isascii()
    problem = json.loads(found.body)
    assert (problem["status"], problem["detail"], problem["code"]) == (403, 'no "thing" \u00e4', "JR-DENY-RULE")


def test_keys_tell_all_documents_apart() -> None:
    asked = Asked(MavenDialect(modified=False))
    for gav in ("org.demo:tool:1.0", "org.demo:tool:1.1", "org.demo.tool:x:1.0"):
        asked.up.add(gav)
    for path in (
        "/org/demo/tool/1.0/tool-1.0.jar",
        "/org/demo/tool/1.1/tool-1.1.pom",
        "/org/demo/tool/x/1.0/x-1.0.jar",
    ):
        asked.promise(path, Needs(dates=True, licences=True))
    urls = {source.key: source.url for source in asked.sources}
    assert len(set(urls.values())) == len(urls)
    assert all(key.startswith("maven /") for key in urls)
