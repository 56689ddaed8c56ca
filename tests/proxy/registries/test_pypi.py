"""The grammar of PyPI's URLs is closed: what it does not name is None."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from jhansi_runner.proxy.coordinate import pypi
from jhansi_runner.proxy.registries.interface import Kind, Wanted
from jhansi_runner.proxy.registries.pypi import Pypi, projects_of
from jhansi_runner.proxy.registries.upstreams import Upstream

OWN = Upstream("pypi", "https://mirror.test/root/simple/", "index.test", frozenset(["files.mirror.test"]))
route, canonical = Pypi().route, Pypi().canonical
WHEEL = "ab/cd/demo-1.0-py3-none-any.whl"

names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True)
segments = st.from_regex(r"[A-Za-z0-9._+!=@~-]{1,20}", fullmatch=True).filter(lambda part: part not in (".", ".."))
suffixes = st.sampled_from([".whl", ".tar.gz", ".zip"])
paths = st.builds(
    lambda folders, name, suffix: "/".join([*folders, name + suffix]), st.lists(segments, max_size=8), names, suffixes
)


@given(names)
def test_every_project_has_an_index_under_every_spelling(name: str) -> None:
    project = canonicalize_name(name)
    expected = Wanted(Kind.LISTING, f"/simple/{project}/", pypi(project))
    assert route(f"/simple/{name}/") == route(f"/simple/{name}") == route(expected.path) == expected


@given(paths, st.booleans())
def test_every_distribution_makes_the_way_there_and_back(path: str, metadata: bool) -> None:
    url = quote(path) + (".metadata" if metadata else "")
    found = canonical("files.mirror.test", "/" + url, OWN)
    projects = projects_of(path.rsplit("/", 1)[-1])
    assert (found is None) == (projects == ())
    if found is not None:
        assert (found.kind, found.detail) == (Kind.FILE, path.rsplit("/", 1)[-1])
        assert found.package == (pypi(projects[0]) if len(projects) == 1 else None)
        assert route(found.path) == found
    for host in ("127.0.0.1:8080", "127.0.0.1%3A8080", "127.0.0.1%3a8080"):
        here = route(f"/files/{host}/{url}")
        assert (here is None) == (found is None)
        assert here is None or here.path.startswith("/files/127.0.0.1:8080/")


@given(st.text())
def test_nothing_else_is_anything(text: str) -> None:
    for path in (text, "/simple/" + text, "/files/files.mirror.test/" + text):
        found = route(path)
        assert found is None or route(found.path) == found
        public = canonical("index.test", path, OWN)
        assert public is None or route(public.path) == public


@given(st.text(max_size=30))
def test_no_file_name_belongs_to_a_project_outside_the_grammar(text: str) -> None:
    for name in (text, text + ".whl", text + ".tar.gz", text + "-1.0.zip"):
        assert all(route(f"/simple/{project}/") for project in projects_of(name))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "/",
        ".whl/",
        "../" + WHEEL,
        "x/../" + WHEEL,
        "./" + WHEEL,
        "%2e%2e/" + WHEEL,
        "x/%2E/" + WHEEL,
        "ab%2fcd/demo-1.0-py3-none-any.whl",
        "ab%2Fdemo.whl",
        "ab%5cdemo.whl",
        "ab//demo.whl",
        "demo%00.whl",
        "demo.whl%00",
        "demo%0d%0a.whl",
        "demo%ff.whl",
        "demo%252e.whl",
        "demo.whl?x=1",
        "demo.whl#x",
        "demo.whl;x",
        "demo\u00e9.whl",
        "d%C3%A9mo.whl",
        "demo.exe",
        "demo.whl.metadata.metadata",
        "demo.metadata",
        "demo .whl",
        "a/" * 12 + "demo.whl",
        "a" * 256 + ".whl",
    ],
)
def test_a_file_outside_the_grammar_names_nothing(raw: str) -> None:
    assert route("/files/files.mirror.test/" + raw) is None
    assert canonical("files.mirror.test", "/" + raw, OWN) is None


@pytest.mark.parametrize(
    "host", ["", ".", "-a", "a-", "A.test", "a b", "a@b", "a:", "a:123456", "a:b", "h\u00f4te.test", "a" * 254, "%61"]
)
def test_a_host_outside_the_grammar_names_nothing(host: str) -> None:
    assert route(f"/files/{host}/{WHEEL}") is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-a", "a-", "a/b", "a%2fb", "a%00", "a b", "d\u00e9mo", "a" * 101, "a//"]
)
def test_a_project_outside_the_grammar_names_nothing(name: str) -> None:
    assert route(f"/simple/{name}/") is None


def test_clients_write_the_public_host_and_the_operators_too() -> None:
    demo = Wanted(Kind.LISTING, "/simple/demo/", pypi("demo"))
    assert canonical("index.test", "/simple/Demo/", OWN) == demo
    assert canonical("mirror.test", "/root/simple/demo/", OWN) == demo
    assert canonical("mirror.test", "/simple/demo/", OWN) is None
    assert canonical("other.test", "/simple/demo/", OWN) is None
    assert canonical("other.test", "/" + WHEEL, OWN) is None
    assert canonical("index.test", "/pypi/demo/json", OWN) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil-index.test",
        "index.test.evil.test",
        "index.test.",
        "INDEX.test",
        "x.mirror.test",
        "files.mirror.testx",
        "mirror.test:8443",
        "index.test\0.evil.test",
        "index.test@evil.test",
        "",
        "127.0.0.1",
        "localhost",
        "h\u00f4te..test",
    ],
)
def test_look_alikes_are_not_known(host: str) -> None:
    assert not OWN.knows(host)


def test_known_hosts_are_known() -> None:
    assert all(OWN.knows(host) for host in ("index.test", "mirror.test", "files.mirror.test"))


@pytest.mark.parametrize(
    ("filename", "projects"),
    [
        ("Foo_Bar-1.0-py3-none-any.whl", ("foo-bar",)),
        ("foo-bar-1.0.tar.gz", ("foo-bar", "foo")),
        ("foo-1.0.zip", ("foo",)),
        ("foo.tar.gz", ()),
        (".whl", ()),
        ("=@-1.0-py3-none-any.whl", ()),
    ],
)
def test_a_file_name_tells_its_projects(filename: str, projects: tuple[str, ...]) -> None:
    assert projects_of(filename) == projects
