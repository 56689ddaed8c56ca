"""The grammar of the Go module proxy's URLs is closed, and what is rendered is what the go command reads."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.policy.release import Release
from jhansi_runner.proxy.registries import golang_names as names
from jhansi_runner.proxy.registries.golang import Golang
from jhansi_runner.proxy.registries.interface import Ask, Item, Kind, Listing, NothingThere, Wanted
from jhansi_runner.proxy.registries.upstreams import Upstream
from support.modules import escaped

GO = Golang()
OWN = Upstream("golang", "https://mirror.test/root/go/", "proxy.test")
LOOKUP = "/sumdb/sums.test/lookup/"

elements = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._~-]{0,8}[A-Za-z0-9_-]", fullmatch=True)
modules = st.builds(
    lambda host, rest: "/".join([host, *rest]),
    st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}\.[a-z]{1,4}", fullmatch=True),
    st.lists(elements, max_size=5),
).filter(names.is_module)
numbers = st.integers(0, 99)
versions = st.builds(
    lambda major, minor, patch, rest: f"v{major}.{minor}.{patch}{rest}",
    st.integers(0, 3),
    numbers,
    numbers,
    st.sampled_from(["", "-rc.1", "-RC.1", "-0.20200101000000-abcdefabcdef", "+incompatible"]),
)
revisions = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+~-]{0,20}[A-Za-z0-9_]", fullmatch=True)


def _every_way(path: str) -> list[str]:
    return [path, path.replace("!", "%21"), quote(path, safe="/@!+~")]


@given(modules, versions)
def test_every_release_makes_the_way_there_and_back(module: str, version: str) -> None:
    canonical = names.is_release(module, version)
    for suffix, kind in (("info", Kind.DOCUMENT), ("mod", Kind.DOCUMENT), ("zip", Kind.FILE)):
        path = f"/{escaped(module)}/@v/{escaped(version)}.{suffix}"
        for way in _every_way(path):
            found = GO.route(way)
            if canonical:
                package = names.coordinate(module, None if suffix == "mod" else version)
                assert found == Wanted(kind, path, package, suffix)
                assert GO.canonical("proxy.test", way, OWN) == found
                assert GO.canonical("mirror.test", "/root/go" + way, OWN) == found
            elif suffix == "info":
                assert found == Wanted(Kind.LISTING, path, names.coordinate(module), "query")
            else:
                assert found is None
    found = GO.route(f"{LOOKUP}{escaped(module)}@{escaped(version)}")
    assert (found is not None) == canonical
    if found is not None:
        assert found.package == names.coordinate(module)
        assert GO.route(found.path) == found


@given(modules, revisions)
def test_every_module_has_its_listings(module: str, revision: str) -> None:
    package = names.coordinate(module)
    for last, detail in (("@v/list", "list"), ("@latest", "latest")):
        path = f"/{escaped(module)}/{last}"
        assert {GO.route(way) for way in _every_way(path)} == {Wanted(Kind.LISTING, path, package, detail)}
    found = GO.route(f"/{escaped(module)}/@v/{escaped(revision)}.info")
    assert found is not None and GO.route(found.path) == found
    assert found.package == package or names.is_release(module, revision)


@given(st.text(), st.sampled_from(["", "/", "/x.test/@v/", "/sumdb/", "/sumdb/sums.test/tile/", LOOKUP]))
def test_nothing_else_is_anything(text: str, before: str) -> None:
    found = GO.route(before + text)
    assert found is None or GO.route(found.path) == found
    assert GO.canonical("proxy.test", before + text, OWN) in (None, found)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/@v/list",
        "/@latest",
        "/x.test",
        "/x.test/",
        "/x.test/@v",
        "/x.test/@v/",
        "/x.test/@v/list/",
        "/x.test//@v/list",
        "/x.test/@v//list",
        "/x.test/@v/v1.0.0",
        "/x.test/@v/v1.0.0.exe",
        "/x.test/@v/v1.0.0.zip/x",
        "/x.test/@v/v1.0.0.ziphash",
        "/x.test/@v/master.zip",
        "/x.test/@v/master.mod",
        "/x.test/@v/v1.zip",
        "/x.test/@v/v2.0.0.zip",
        "/x.test/@v/.info",
        "/x.test/@v/...info",
        "/x.test/@v/a%2fb.info",
        "/x.test/@v/a/b.info",
        "/x.test/@v/V1.0.0.info",
        "/x.test/@v/list?x=1",
        "/x.test/@v/list#x",
        "/x.test/@v/list%3fx",
        "/x.test/@v/list%00",
        "/x.test/@v/list%0d%0a",
        "/x.test%2f@v/list",
        "/x.test/%40v/list%2e%2e",
        "/x.test/%2e%2e/@v/list",
        "/x.test/../@v/list",
        "/x.test/./@v/list",
        "/x.test/%252e/@v/list",
        "/X.test/@v/list",
        "/x.test/Y/@v/list",
        "/x.test/!/@v/list",
        "/x.test/!Y/@v/list",
        "/x.test/\u00e9/@v/list",
        "/x.test/%ff/@v/list",
        "/x.test/y/@v/list/@v/list",
        "/nodot/@v/list",
        "/cached-only/x.test/@v/list",
        "/x.test/v1/@v/list",
        "/" + "x.test/" * 64 + "@v/list",
        "/x.test/" + "a" * 256 + "/@v/list",
        "/sumdb",
        "/sumdb/",
        "/sumdb/sums.test",
        "/sumdb/sums.test/",
        "/sumdb/sums.test/key",
        "/sumdb/SUMS.test/latest",
        "/sumdb/-sums.test/latest",
        "/sumdb/sums.test:80/latest",
        "/sumdb/a@sums.test/latest",
        "/sumdb//latest",
        "/sumdb/../latest",
        "/sumdb/sums.test/latest/x",
        "/sumdb/sums.test/lookup/x.test",
        "/sumdb/sums.test/lookup/x.test@",
        "/sumdb/sums.test/lookup/@v1.0.0",
        "/sumdb/sums.test/lookup/x.test@v1",
        "/sumdb/sums.test/lookup/x.test@master",
        "/sumdb/sums.test/lookup/x.test@v2.0.0",
        "/sumdb/sums.test/lookup/x.test@v1.0.0/go.mod",
        "/sumdb/sums.test/lookup/x.test/Y@v1.0.0",
        "/sumdb/sums.test/lookup/x.test@v1.0.0@v1.0.0",
        "/sumdb/sums.test/tile/8/0/1",
        "/sumdb/sums.test/tile/0/0/000",
        "/sumdb/sums.test/tile/31/0/000",
        "/sumdb/sums.test/tile/08/0/000",
        "/sumdb/sums.test/tile/8/64/000",
        "/sumdb/sums.test/tile/8/-1/000",
        "/sumdb/sums.test/tile/8/0/000.p/0",
        "/sumdb/sums.test/tile/8/0/000.p/256",
        "/sumdb/sums.test/tile/8/0/000.p/01",
        "/sumdb/sums.test/tile/8/0/x000",
        "/sumdb/sums.test/tile/8/0/000/000",
        "/sumdb/sums.test/tile/8/0/x001/000.p",
    ],
)
def test_a_path_outside_the_grammar_names_nothing(path: str) -> None:
    assert GO.route(path) is None
    assert GO.canonical("proxy.test", path, OWN) is None
    assert GO.canonical("mirror.test", "/root/go" + path, OWN) is None


@pytest.mark.parametrize(
    "rest",
    [
        "supported",
        "latest",
        "tile/8/0/000",
        "tile/8/0/x001/x234/067",
        "tile/8/1/000.p/1",
        "tile/8/3/017.p/255",
        "tile/8/data/x012/345",
        "tile/30/63/999",
    ],
)
def test_the_checksum_database_has_documents_of_no_module(rest: str) -> None:
    path = f"/sumdb/sums.test/{rest}"
    assert GO.route(path) == Wanted(Kind.DOCUMENT, path, None, "sumdb")


def test_a_lookup_belongs_to_its_module() -> None:
    found = GO.route("/sumdb/sums.test/lookup/x.test/!y/v2@v2.0.0-!r!c.1")
    assert found is not None and found.kind is Kind.DOCUMENT
    assert found.package == names.coordinate("x.test/Y/v2")


def test_clients_write_the_public_host_and_the_operators_too() -> None:
    wanted = GO.route("/x.test/@v/list")
    assert GO.canonical("proxy.test", "/x.test/@v/list", OWN) == wanted
    assert GO.canonical("mirror.test", "/root/go/x.test/@v/list", OWN) == wanted
    assert GO.canonical("mirror.test", "/x.test/@v/list", OWN) is None
    assert GO.canonical("other.test", "/x.test/@v/list", OWN) is None
    assert GO.canonical("x.test", "/x.test/@v/list", OWN) is None


def _listing(path: str, *lines: tuple[str, object]) -> tuple[Wanted, Listing]:
    wanted = GO.route(path)
    assert wanted is not None and wanted.package is not None
    items = tuple(Item(Release(names.coordinate("x.test", version)), "", detail) for version, detail in lines)
    return wanted, Listing(wanted.package, items)


def test_a_list_has_the_lines_that_are_shown_in_their_order() -> None:
    wanted, listing = _listing("/x.test/@v/list", ("v1.1.0", "v1.1.0"), ("v1.0.0", "v1.0.0 2020-01-01T00:00:00Z"))
    shown = GO.render(wanted, listing, listing.items, Ask())
    assert shown.content_type.startswith("text/plain")
    assert shown.body == b"v1.1.0\nv1.0.0 2020-01-01T00:00:00Z\n"
    assert GO.render(wanted, listing, listing.items[1:], Ask()).body == b"v1.0.0 2020-01-01T00:00:00Z\n"
    assert GO.render(wanted, listing, (), Ask()).body == b""  # a module without versions is none to go either


def test_the_newest_version_that_is_shown_is_the_latest() -> None:
    told = b'{"Version": "v1.1.0", "Time": "2020-01-01T00:00:00Z"}'
    wanted, listing = _listing("/x.test/@latest", ("v1.1.0", told), ("v1.0.0", "v1.0.0"))
    assert GO.render(wanted, listing, listing.items, Ask()).body == told
    other = GO.render(wanted, listing, listing.items[1:], Ask())
    assert other.content_type == "application/json"
    assert json.loads(other.body) == {"Version": "v1.0.0"}
    with pytest.raises(NothingThere, match=r"newest version of x\.test"):
        GO.render(wanted, listing, (), Ask())


@given(st.text(max_size=3000), st.sampled_from([403, 404, 502]))
def test_a_refusal_is_text_that_go_prints_whole(reason: str, status: int) -> None:
    shown = GO.refusal(status, "JR-X", reason)
    lines = shown.body.decode().splitlines()
    assert shown.content_type == "text/plain; charset=utf-8"
    assert 1 <= len(lines) <= 8
    assert all(line.strip() and line.isprintable() for line in lines)
    assert sum(map(len, lines)) < 648


def test_a_refusal_has_its_code_once() -> None:
    assert GO.refusal(403, "JR-X", "denied").body == b"denied [JR-X]\n"
    assert GO.refusal(403, "JR-X", "denied [JR-X]. Next: ask").body == b"denied [JR-X]. Next: ask\n"
    assert b"x.test/a-b" in GO.refusal(403, "JR-X", "word " * 29 + "pkg:golang/x.test/a-b").body
