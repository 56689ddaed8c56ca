"""What a client missed, by the ledger: what to fetch for it, and not all that it tried."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.ledger import ALLOW, DENY, FAULT, NOT_CACHED, Entry
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.golang_sums import public_database
from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.proxy.shortage import Shortage, shortage

DATABASE = public_database(public_host("golang"))


def missed(url: str) -> Entry:
    return Entry("mirror", FAULT, "GET", url, status=404, code=NOT_CACHED)


def found(url: str, *, partly: bool = False) -> Entry:
    return Entry("mirror", ALLOW, "GET", url, status=200, code=NOT_CACHED if partly else "")


def read(*entries: Entry) -> Shortage:
    return shortage(entries, registries())


def purls(*entries: Entry) -> list[str]:
    return sorted(one.purl for one in read(*entries).coordinates)


@pytest.mark.parametrize(
    ("url", "purl"),
    [
        ("/pypi/simple/demo/", "pkg:pypi/demo"),
        ("/pypi/files/f.test/a/demo-1.0-py3-none-any.whl", "pkg:pypi/demo@1.0"),
        ("/pypi/files/f.test/a/demo-1.0-py3-none-any.whl.metadata", "pkg:pypi/demo@1.0"),
        ("/pypi/files/f.test/a/some_thing-1.0.tar.gz", "pkg:pypi/some-thing@1.0"),
        ("/pypi/files/f.test/a/some-thing-1.0.tar.gz", "pkg:pypi/some-thing@1.0"),
        ("/npm/demo", "pkg:npm/demo"),
        ("/npm/@acme%2fdemo", "pkg:npm/%40acme/demo"),
        ("/npm/demo/1.2.3", "pkg:npm/demo@1.2.3"),
        ("/npm/demo/latest", "pkg:npm/demo"),
        ("/npm/-/package/demo/dist-tags", "pkg:npm/demo"),
        ("/npm/@acme/demo/-/demo-1.2.3-rc.1.tgz", "pkg:npm/%40acme/demo@1.2.3-rc.1"),
        ("/maven/a/b/demo/maven-metadata.xml", "pkg:maven/a.b/demo"),
        ("/maven/a/b/demo/1.0/demo-1.0.pom", "pkg:maven/a.b/demo@1.0"),
        ("/maven/a/b/demo/1.0/demo-1.0-linux.jar", "pkg:maven/a.b/demo@1.0"),
        ("/golang/x.test/!my/demo/@v/list", "pkg:golang/x.test/My/demo"),
        ("/golang/x.test/demo/@latest", "pkg:golang/x.test/demo"),
        ("/golang/x.test/demo/@v/v1.0.0.mod", "pkg:golang/x.test/demo@v1.0.0"),
        ("/golang/x.test/demo/@v/v1.0.0.info", "pkg:golang/x.test/demo@v1.0.0"),
        ("/golang/x.test/demo/v2/@v/v2.0.0.zip", "pkg:golang/x.test/demo/v2@v2.0.0"),
        ("/golang/x.test/toolchain/@v/v0.0.1-go1.99.0.linux-amd64.zip",
         "pkg:golang/x.test/toolchain@v0.0.1-go1.99.0.linux-amd64"),
        (f"/golang/sumdb/{DATABASE}/lookup/x.test/demo@v1.0.0", "pkg:golang/x.test/demo@v1.0.0"),
    ],
)  # fmt: skip
def test_what_a_request_lacks(url: str, purl: str) -> None:
    assert purls(missed(url)) == [purl]


@pytest.mark.parametrize(
    "url",
    [
        "/maven/org/apache/maven/plugins/maven-metadata.xml",
        "/maven/.meta/prefixes.txt",
        "/maven/a/b/demo/1.0/demo-1.0.pom.sha1",
        "/maven/a/b/demo/1.0/demo-1.0.jar.asc",
        "/pypi/nothing",
        "/elsewhere/demo",
    ],
)
def test_what_clients_do_without_is_not_lacking(url: str) -> None:
    assert purls(missed(url)) == []


def test_what_came_in_the_end_was_not_missing() -> None:
    url = "/npm/demo/-/demo-1.0.0.tgz"
    assert purls(missed(url), found(url)) == []
    assert purls(found(url), missed(url)) == ["pkg:npm/demo@1.0.0"]


def test_what_the_policy_refused_or_the_gate_told_is_not_missing() -> None:
    refused = Entry("mirror", DENY, "GET", "/npm/demo", status=403, code="JR-DENY-RULE")
    gate = Entry("gate", DENY, "CONNECT", "/npm/demo", status=403, code=NOT_CACHED)
    assert purls(refused, gate) == []


def test_a_release_stands_for_its_package() -> None:
    assert purls(missed("/npm/demo"), missed("/npm/demo/-/demo-1.0.0.tgz")) == ["pkg:npm/demo@1.0.0"]


def test_of_a_package_that_some_versions_were_shown_of_it_is_told_if_none_was_fetched() -> None:
    listing, file = found("/npm/demo", partly=True), found("/npm/demo/-/demo-1.0.0.tgz")
    assert [one.purl for one in read(listing).partly] == ["pkg:npm/demo"]
    assert read(listing, file).partly == []
    assert read(found("/npm/demo")).partly == []


def test_a_pom_that_is_there_has_no_need_of_what_few_releases_have() -> None:
    pom, folder = "/maven/a/demo/1.0/demo-1.0.pom", "/maven/a/demo/1.0/demo-1.0"
    beside = [missed(f"{folder}{end}") for end in (".module", "-sources.jar", "-javadoc.jar")]
    assert purls(found(pom), *beside) == []
    assert purls(found(pom), missed(f"{folder}.jar")) == ["pkg:maven/a/demo@1.0"]


def go(path: str) -> str:
    return f"/golang/{path}/@v/list"


def test_of_the_modules_that_may_hold_a_package_the_longest_is_named() -> None:
    tried = [missed(go(path)) for path in ("x.test", "x.test/a", "x.test/a/b", "x.test/other")]
    assert purls(*tried) == ["pkg:golang/x.test/a/b", "pkg:golang/x.test/other"]


def test_where_one_module_was_found_the_others_were_only_tried() -> None:
    tried = [missed(go(path)) for path in ("x.test", "x.test/a", "x.test/a/b/c")]
    assert purls(*tried, found(go("x.test/a/b"))) == []
    assert purls(*tried, missed("/golang/x.test/a/b/@v/v1.0.0.zip")) == ["pkg:golang/x.test/a/b@v1.0.0"]


def test_a_proof_that_is_missing_belongs_to_what_was_looked_up() -> None:
    looked_up = found(f"/golang/sumdb/{DATABASE}/lookup/x.test/demo@v1.0.0")
    proof = missed(f"/golang/sumdb/{DATABASE}/tile/8/0/000.p/3")
    assert purls(looked_up, proof) == ["pkg:golang/x.test/demo@v1.0.0"]
    assert purls(looked_up) == []
