"""Claims about the honest answers of the Maven repository of the tests."""

from __future__ import annotations

import datetime
import hashlib
import io
import urllib.error
import urllib.request
import zipfile
from email.message import Message

import pytest

from support.registry import Fault
from support.registry.maven import MavenUpstream
from support.registry.maven_site import MavenDialect


def _ask(up: MavenUpstream, path: str, method: str = "GET") -> tuple[int, Message, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{up.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_a_version_has_its_files_with_sidecars_and_dates() -> None:
    when = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    with MavenUpstream(MavenDialect(sidecars=("sha1", "sha512"), headers=True, signatures=True)) as up:
        one = up.add("org.demo:tool:1.0", modified=when, files={"-sources.jar": b"text"})
        assert one.path(".jar") == "/maven2/org/demo/tool/1.0/tool-1.0.jar"
        status, headers, body = _ask(up, one.path("-sources.jar"))
        assert (status, body, headers["Last-Modified"]) == (200, b"text", "Tue, 02 Jan 2024 03:04:05 GMT")
        assert headers["x-checksum-md5"] == hashlib.md5(b"text").hexdigest()  # noqa: S324
        for name in ("sha1", "sha512"):
            assert _ask(up, one.path(f"-sources.jar.{name}"))[2].decode() == hashlib.new(name, b"text").hexdigest()
        assert _ask(up, one.path("-sources.jar.md5"))[0] == _ask(up, one.path("-javadoc.jar"))[0] == 404
        assert b"BEGIN PGP SIGNATURE" in _ask(up, one.path(".pom.asc"))[2]
        assert len(_ask(up, one.path(".pom.asc.sha1"))[2]) == 40
        assert zipfile.ZipFile(io.BytesIO(_ask(up, one.path(".jar"))[2])).read("name.txt") == b"org.demo:tool:1.0"
        assert _ask(up, one.path(".jar"), "HEAD")[2] == b""
        assert _ask(up, one.path(".jar"), "PUT")[0] == 405
        assert up.count(one.path(".jar")) == 3


def test_metadata_lists_versions_plugins_and_prefixes() -> None:
    with MavenUpstream() as up:
        up.add("org.demo:tool:1.0")
        up.add("org.demo:tool:1.1", listed=False)
        plugin = up.add("org.demo:tool-plugin:1.0", packaging="maven-plugin", prefix="tool")
        versions = _ask(up, "/maven2/org/demo/tool/maven-metadata.xml")[2]
        assert b"<version>1.0</version>" in versions and b"1.1" not in versions
        assert b"<lastUpdated>20200101000000</lastUpdated>" in versions
        group = _ask(up, "/maven2/org/demo/maven-metadata.xml")[2]
        assert b"<prefix>tool</prefix><artifactId>tool-plugin</artifactId>" in group and b"versioning" not in group
        assert b"\n/org/demo\n" in _ask(up, "/maven2/.meta/prefixes.txt")[2]
        up.remove(plugin)
        assert _ask(up, "/maven2/org/demo/maven-metadata.xml")[0] == 404


def test_a_mirror_can_say_less_and_misbehave() -> None:
    with MavenUpstream(MavenDialect(sidecars=(), modified=False, updated=False, prefixes=False)) as up:
        one = up.add("org.demo:tool:1.0", dependencies=["org.demo:other:2"], licences=[("MIT", "")], parent="g:p:1")
        _, headers, body = _ask(up, one.path(".pom"))
        assert "Last-Modified" not in headers and b"<artifactId>other</artifactId>" in body and b"MIT" in body
        assert _ask(up, one.path(".pom.sha1"))[0] == _ask(up, "/maven2/.meta/prefixes.txt")[0] == 404
        assert b"lastUpdated" not in _ask(up, "/maven2/org/demo/tool/maven-metadata.xml")[2]
        up.fault(one.path(".pom"), Fault.status(503), times=1)
        assert [_ask(up, one.path(".pom"))[0] for _ in range(2)] == [503, 200]


def test_stop_and_start_keep_the_port() -> None:
    with MavenUpstream() as up:
        url = up.url
        up.stop()
        with pytest.raises(urllib.error.URLError):
            _ask(up, "/maven2/x")
        up.start()
        assert up.url == url and _ask(up, "/maven2/x")[0] == 404
