"""Claims about the npm test upstream and the tarballs that it serves."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import tarfile
from base64 import b64encode

import pytest

from support.registry import Fault
from support.registry.npm import FULL, SHORT, NpmUpstream
from support.tarballs import make_tarball

Answer = tuple[int, http.client.HTTPMessage, bytes]


def _ask(host: str, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _host(up: NpmUpstream) -> str:
    return up.url.removeprefix("http://").removesuffix("/")


def test_a_tarball_is_the_same_each_time_and_holds_its_package_json() -> None:
    made = make_tarball("@a/demo", "1.0.0", {"lib/x.js": "1"}, license="MIT")
    assert made == make_tarball("@a/demo", "1.0.0", {"lib/x.js": "1"}, license="MIT")
    assert made.filename == "demo-1.0.0.tgz"
    assert made.shasum == hashlib.sha1(made.data, usedforsecurity=False).hexdigest()
    assert made.integrity == "sha512-" + b64encode(hashlib.sha512(made.data).digest()).decode()
    with tarfile.open(fileobj=io.BytesIO(made.data)) as archive:
        assert archive.getnames() == ["package/package.json", "package/lib/x.js"]
        manifest = archive.extractfile("package/package.json")
        assert manifest and json.load(manifest) == {"name": "@a/demo", "version": "1.0.0", "license": "MIT"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [(f"{SHORT}; q=1.0, {FULL}; q=0.8, */*", SHORT), (SHORT, SHORT), (FULL, FULL), ("*/*", FULL)],
)
@pytest.mark.parametrize("path", ["/@a/demo", "/@a%2fdemo", "/@a%2Fdemo", "/%40a%2fdemo"])
def test_a_packument_comes_in_the_form_that_is_asked_for(accept: str, kind: str, path: str) -> None:
    with NpmUpstream() as up:
        up.add("@a/demo", "1.0.0", scripts={"install": "x"}, dependencies={"b": "1"}, deprecated="old")
        status, headers, body = _ask(_host(up), path, Accept=accept)
        assert (status, headers["Content-Type"]) == (200, kind)
        unchanged = _ask(_host(up), path, Accept=accept, If_None_Match=headers["ETag"])
    document = json.loads(body)
    version = document["versions"]["1.0.0"]
    assert version["dependencies"] == {"b": "1"} and version["deprecated"] == "old"
    if kind == FULL:
        assert document["time"]["1.0.0"] == "2020-01-01T00:00:00.000Z" and version["scripts"] == {"install": "x"}
    else:
        assert document["modified"] == "2020-01-01T00:00:00.000Z" and version["hasInstallScript"] is True
        assert "time" not in document and "scripts" not in version
    assert (unchanged[0], unchanged[2]) == (304, b"")


def test_it_can_be_one_that_knows_one_form_and_no_tags() -> None:
    with NpmUpstream(always_full=True, etags=False) as up:
        up.add("demo", "1.0.0")
        status, headers, body = _ask(_host(up), "/demo", Accept=SHORT)
    assert (status, headers["Content-Type"], headers["ETag"]) == (200, FULL, None)
    assert "time" in json.loads(body)


@pytest.mark.parametrize("split", [False, True])
def test_tarballs_are_where_the_packument_says(split: bool) -> None:
    with NpmUpstream(split_files=split) as up:
        one = up.add("@a/demo", "1.0.0")
        url = up.packument("@a/demo")["versions"]["1.0.0"]["dist"]["tarball"]
        assert url == f"http://{up.files_host}/@a/demo/-/demo-1.0.0.tgz"
        assert _ask(up.files_host, one.path)[2] == one.tarball.data
        assert _ask(up.files_host, "/@a%2fdemo/-/demo-1.0.0.tgz")[0] == 200
        if split:
            assert _ask(_host(up), one.path)[0] == _ask(up.files_host, "/@a/demo")[0] == 404
        assert up.count(one.path) == (2 if split else 1) and len(up.requests) == (4 if split else 2)


def test_versions_and_tags_have_addresses_too() -> None:
    with NpmUpstream() as up:
        up.add("demo", "1.0.0")
        up.add("demo", "2.0.0-a", tag="next")
        for path, version in (("/demo/1.0.0", "1.0.0"), ("/demo/latest", "1.0.0"), ("/demo/next", "2.0.0-a")):
            assert json.loads(_ask(_host(up), path)[2])["version"] == version
        assert json.loads(_ask(_host(up), "/-/package/demo/dist-tags")[2]) == {"latest": "1.0.0", "next": "2.0.0-a"}
        assert _ask(_host(up), "/demo/3.0.0")[0] == _ask(_host(up), "/other")[0] == 404
        up.remove("demo", "2.0.0-a")
        assert _ask(_host(up), "/demo/next")[0] == _ask(_host(up), "/demo/2.0.0-a")[0] == 404


def test_what_it_says_can_be_untrue_or_missing() -> None:
    with NpmUpstream() as up:
        up.add("demo", "1.0.0", time=None, dist={"integrity": None, "shasum": "0" * 40, "tarball": "https://x.test/a"})
        up.modified["demo"] = "never"
        document = up.packument("demo")
        assert document["versions"]["1.0.0"]["dist"].keys() == {"shasum", "tarball", "fileCount", "unpackedSize"}
        assert document["time"] == {"created": "", "modified": "never"}


def test_faults_come_and_go() -> None:
    with NpmUpstream() as up:
        up.add("demo", "1.0.0")
        up.fault("/demo", Fault.status(500), times=1)
        up.fault(lambda request: request.path.endswith(".tgz"), Fault.empty())
        assert [_ask(_host(up), "/demo")[0] for _ in range(2)] == [500, 200]
        assert _ask(_host(up), "/demo/-/demo-1.0.0.tgz")[2] == b""
        up.heal()
        assert _ask(_host(up), "/demo/-/demo-1.0.0.tgz")[2] != b""
