"""What is read of a packument, and what is not."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.registries.interface import Malformed
from jhansi_runner.proxy.registries.npm_packument import FILENAME, Packument, parse, timestamp

SHA512 = "sha512-" + base64.b64encode(bytes(64)).decode()
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


def _version(number: str, name: str = "demo", **more: Any) -> dict[str, Any]:
    file = f"{name.rpartition('/')[2]}-{number}.tgz"
    dist = {"integrity": SHA512, "tarball": f"https://registry.test/{name}/-/{file}"}
    return {"name": name, "version": number, "dist": dist, **more}


def _packument(*versions: dict[str, Any], name: str = "demo", tags: object = None, **more: Any) -> Packument:
    document = {"name": name, "versions": {one["version"]: one for one in versions}, "dist-tags": tags, **more}
    return parse(json.dumps(document).encode(), name)


def test_all_is_read() -> None:
    found = _packument(
        _version("1.0.0"),
        _version("1.1.0", deprecated="old", license="MIT", scripts={"postinstall": "x"}),
        time={"created": "2020-01-01T00:00:00Z", "modified": "2021-01-01T00:00:00Z", "1.0.0": "2020-01-01T00:00:00Z"},
        readme="# demo",
        tags={"latest": "1.1.0", "odd": 7},
    )
    assert list(found.versions) == ["1.0.0", "1.1.0"]
    assert found.tags == {"latest": "1.1.0"} and found.modified == "2021-01-01T00:00:00Z"
    assert found.members == (b'"readme":"# demo"',)
    one, two = found.versions.values()
    assert (one.licence, one.runs_scripts, one.deprecated) == (None, False, False)
    assert (two.licence, two.runs_scripts, two.deprecated) == ("MIT", True, True)
    assert (one.algorithm, one.digest, one.filename) == ("sha512", "00" * 64, "demo-1.0.0.tgz")
    assert found.files == {"demo-1.0.0.tgz": one, "demo-1.1.0.tgz": two}


def test_the_abbreviated_form_tells_when_the_package_changed() -> None:
    found = _packument(_version("1.0.0"), modified="2021-01-01T00:00:00Z")
    assert (found.modified, found.times) == ("2021-01-01T00:00:00Z", {})


def test_a_package_whose_versions_were_all_taken_away_has_none() -> None:
    assert parse(b'{"name":"demo","time":{"unpublished":{"versions":["1.0.0"]}}}', "demo").versions == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"versions":{}}',
        b'{"name":"other","versions":{}}',
        b'{"name":["demo"],"versions":{}}',
        b'{"error":"not_found"}',
        b'{"name":"demo","versions":[]}',
        b'{"name":"demo","versions":null}',
        b'{"name":"demo","versions":{"1.0.0":}}',
        b'{"name":"demo","versions":{"1.0.0":NaN}}',
        b'{"name":"demo","versions":{}}{}',
        b'{"name":"demo","versions":{}',
        b'{"name":"demo","x":1e999}',
        b'{"name":"demo","x":"\xff"}',
        b'{"name":"demo","x":' + b"[" * 100_000,
        b'{"name":"demo","versions":{"1.0.0":' + b'{"a":' * 100_000,
    ],
)
def test_what_is_no_packument_of_the_package_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="packument of demo"):
        parse(body, "demo")


def _with_dist(**dist: object) -> dict[str, Any]:
    version = _version("1.0.0")
    version["dist"] = {key: value for key, value in {**version["dist"], **dist}.items() if value is not None}
    return version


@pytest.mark.parametrize(
    "version",
    [
        _version("1.0.0", dist=None),
        _version("1.0.0", dist=[]),
        _version("1.0.0", dist={}),
        {**_version("1.0.0"), "name": "other"},
        {**_version("1.0.0"), "name": None},
        _with_dist(tarball=None),
        _with_dist(tarball=7),
        _with_dist(tarball="demo-1.0.0.tgz"),
        _with_dist(tarball="file:///etc/passwd"),
        _with_dist(tarball="ftp://registry.test/demo-1.0.0.tgz"),
        _with_dist(tarball="HTTPS://registry.test/demo-1.0.0.tgz"),
        _with_dist(tarball="https://registry.test/demo 1.0.0.tgz"),
        _with_dist(tarball="https://registry.test/demo-1.0.0.tgz\r\nX: y"),
        _with_dist(tarball="https://registry.test/demo-1.0.0.tgz#x"),
        _with_dist(tarball="https://registry.test/d\u00e9mo-1.0.0.tgz"),
        _with_dist(tarball="https://registry.test/" + "a" * 2001),
        _with_dist(integrity=None),
        _with_dist(integrity=None, shasum="ab"),
        _with_dist(integrity=None, shasum="g" * 40),
        _with_dist(integrity=None, shasum=7),
        _with_dist(integrity="md5-" + base64.b64encode(bytes(16)).decode()),
        _with_dist(integrity="sha512-" + base64.b64encode(bytes(63)).decode()),
        _with_dist(integrity="sha512-????"),
        _with_dist(integrity=["sha512"]),
    ],
)
def test_a_version_that_cannot_be_verified_or_fetched_is_left_out(version: dict[str, Any]) -> None:
    found = _packument(version, _version("2.0.0"))
    assert list(found.versions) == ["2.0.0"] and list(found.files) == ["demo-2.0.0.tgz"]


@pytest.mark.parametrize("number", ["", ".", "-1", "1/2", "1%2f2", "1 2", "1\n", "\u0661.0.0", "1" * 257, '1"'])
def test_a_number_that_no_url_can_carry_is_left_out(number: str) -> None:
    assert _packument(_version(number), _version("2.0.0")).versions.keys() == {"2.0.0"}


@pytest.mark.parametrize("value", [None, 1, "x", [], True])
def test_a_version_that_is_no_object_is_left_out(value: object) -> None:
    body = json.dumps({"name": "demo", "versions": {"1.0.0": value, "2.0.0": _version("2.0.0")}}).encode()
    assert list(parse(body, "demo").versions) == ["2.0.0"]


def test_a_version_under_the_number_of_another_is_left_out() -> None:
    body = json.dumps({"name": "demo", "versions": {"1.0.0": _version("2.0.0")}}).encode()
    assert parse(body, "demo").versions == {}


def test_of_two_members_with_one_name_the_last_counts_as_for_clients() -> None:
    good, bad = json.dumps(_version("1.0.0")), json.dumps(_with_dist(integrity=None))
    body = f'{{"name":"demo","versions":{{"9.0.0":1}},"versions":{{"1.0.0":{good},"1.0.0":{bad}}}}}'
    assert parse(body.encode(), "demo").versions == {}


@pytest.mark.parametrize(
    ("integrity", "shasum", "algorithm"),
    [
        ("{sha512}", "{sha1}", "sha512"),
        ("{sha256} {sha512} {sha384}", None, "sha512"),
        ("{sha384} {sha256}", None, "sha384"),
        ("{sha256}?opt=1", None, "sha256"),
        ("\t{sha1}\n", None, "sha1"),
        ("md5-AAAA {sha1}", None, "sha1"),
        (None, "{sha1}", "sha1"),
        ("nonsense", "{sha1}", "sha1"),
    ],
)
def test_the_strongest_digest_counts(integrity: str | None, shasum: str | None, algorithm: str) -> None:
    digests = {name: hashlib.new(name, b"x", usedforsecurity=False).digest() for name in hashlib.algorithms_guaranteed
               if name in ("sha1", "sha256", "sha384", "sha512")}  # fmt: skip
    written = {name: f"{name}-{base64.b64encode(digest).decode()}" for name, digest in digests.items()}
    version = _with_dist(
        integrity=integrity and integrity.format(**written), shasum=shasum and digests["sha1"].hex().upper()
    )
    (found,) = _packument(version).versions.values()
    assert (found.algorithm, found.digest) == (algorithm, digests[algorithm].hex())


@pytest.mark.parametrize(
    ("more", "runs"),
    [
        ({"hasInstallScript": True}, True),
        ({"hasInstallScript": False}, False),
        ({"gypfile": True}, True),
        ({"gypfile": False}, False),
        ({"scripts": {"preinstall": "x"}}, True),
        ({"scripts": {"install": "x"}}, True),
        ({"scripts": {"postinstall": "x"}, "hasInstallScript": False}, True),
        ({"scripts": {"test": "x", "prepare": "x", "postinstall": ""}}, False),
        ({"scripts": ["postinstall"]}, False),
        ({"scripts": None}, False),
    ],
)
def test_what_runs_when_it_is_installed(more: dict[str, Any], runs: bool) -> None:
    (found,) = _packument(_version("1.0.0", **more)).versions.values()
    assert found.runs_scripts is runs


def _at(number: str, filename: str) -> dict[str, Any]:
    return {**_version(number), "dist": {"shasum": "a" * 40, "tarball": f"https://registry.test/x/{filename}"}}


@pytest.mark.parametrize(
    ("versions", "files"),
    [
        ({"1.0.0": "demo-1.0.0.tgz"}, {"1.0.0": "demo-1.0.0.tgz"}),
        ({"1.0.0": "old_name.tgz"}, {"1.0.0": "old_name.tgz"}),
        ({"1.0.0": "demo-1.0.0.tgz?token=a/b.tgz"}, {"1.0.0": "demo-1.0.0.tgz"}),
        ({"1.0.0": "download"}, {"1.0.0": "demo-1.0.0.tgz"}),
        ({"1.0.0": "%2e%2e.tgz"}, {"1.0.0": "demo-1.0.0.tgz"}),
        ({"1.0.0": ""}, {"1.0.0": "demo-1.0.0.tgz"}),
        ({"1.0.0": "a.tgz", "2.0.0": "a.tgz"}, {"1.0.0": "a.tgz", "2.0.0": "demo-2.0.0.tgz"}),
        ({"1.0.0": "demo-2.0.0.tgz", "2.0.0": "a.tgz"}, {"1.0.0": "demo-1.0.0.tgz", "2.0.0": "a.tgz"}),
        (
            {"1.0.0": "demo-2.0.0.tgz", "2.0.0": "demo-2.0.0.tgz"},
            {"1.0.0": "demo-1.0.0.tgz", "2.0.0": "demo-2.0.0.tgz"},
        ),
        ({"1" * 255: "demo-1.0.0.tgz", "1.0.0": "a.tgz"}, {"1.0.0": "a.tgz"}),  # npm's own way makes it too long
    ],
)
def test_every_tarball_has_a_name_of_its_own(versions: dict[str, str], files: dict[str, str]) -> None:
    found = _packument(*[_at(number, filename) for number, filename in versions.items()])
    assert {number: version.filename for number, version in found.versions.items()} == files
    assert {name: version.number for name, version in found.files.items()} == {v: k for k, v in files.items()}


@given(st.dictionaries(st.sampled_from(["1.0.0", "1.0.1", "2.0.0", "2.0.0-a"]), st.sampled_from(
    ["a.tgz", "demo-1.0.0.tgz", "demo-2.0.0.tgz", "demo-2.0.0-a.tgz", "?", "demo-3.tgz"]
)))  # fmt: skip
def test_no_version_takes_a_name_that_says_another(claims: dict[str, str]) -> None:
    found = _packument(*[_at(number, filename) for number, filename in claims.items()])
    assert len(found.files) == len(found.versions) == len(claims)
    for number, version in found.versions.items():
        assert FILENAME.fullmatch(version.filename)
        assert not any(version.filename == f"demo-{other}.tgz" for other in claims if other != number)


def test_a_scope_is_not_part_of_a_tarballs_name() -> None:
    (found,) = _packument(_at("1.0.0", "") | {"name": "@a/demo"}, name="@a/demo").versions.values()
    assert found.filename == "demo-1.0.0.tgz"


@given(ANY, ANY, ANY, st.dictionaries(st.text(max_size=5), ANY, max_size=3))
def test_no_packument_raises_anything_else(dist: object, tags: object, time: object, more: dict[str, Any]) -> None:
    version = {**more, "version": "1.0.0", "name": "demo", "dist": dist}
    good = {
        **_version("2.0.0"),
        **{key: value for key, value in more.items() if key not in ("name", "version", "dist")},
    }
    document = {"versions": {"1.0.0": version, "2.0.0": good}, "dist-tags": tags, "time": time, "modified": dist}
    found = parse(json.dumps({**document, "name": "demo"}).encode(), "demo")
    assert "2.0.0" in found.versions


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02T00:00:00.500Z", 86400.5),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01", None),
        ("0001-01-01T00:00:00+23:00", -62135679600.0),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_have_a_zone_or_are_none(text: str, seconds: float | None) -> None:
    assert timestamp(text) == seconds
