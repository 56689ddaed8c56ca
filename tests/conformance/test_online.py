"""The true registries answer as the small servers of these tests do: a small package of each, with few requests."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from support.registry.pages import JSON
from support.team import Said, Team

pytestmark = pytest.mark.online


@dataclass(frozen=True, slots=True)
class Public:
    """A package that has been there for years. `is_it` checks a file by what the registry says of it."""

    type: str
    listing: str
    version: str
    file: Callable[[Said], str]
    is_it: Callable[[Team, Said, bytes], bool]
    absent: str
    unfetched: str
    """A file that exists, and that no test asks for but offline."""
    accept: str = "*/*"
    also: tuple[str, ...] = ()
    """What clients fetch with every file."""


def _wheel(listing: Said) -> dict[str, object]:
    found: dict[str, object] = next(
        file for file in json.loads(listing.body)["files"] if file["filename"] == "six-1.17.0-py2.py3-none-any.whl"
    )
    return found


def _pypi_file(listing: Said) -> str:
    return urlsplit(urljoin("http://m.test/pypi/simple/six/", str(_wheel(listing)["url"]))).path


def _is_wheel(_: Team, listing: Said, body: bytes) -> bool:
    return _wheel(listing)["hashes"] == {"sha256": hashlib.sha256(body).hexdigest()}


def _is_tarball(_: Team, listing: Said, body: bytes) -> bool:
    integrity = json.loads(listing.body)["versions"]["7.0.0"]["dist"]["integrity"]
    return bool(integrity == "sha512-" + base64.b64encode(hashlib.sha512(body).digest()).decode())


def _is_jar(team: Team, _: Said, body: bytes) -> bool:
    return team.get(f"{_JAR}.sha1").body.decode().split()[0] == hashlib.sha1(body, usedforsecurity=False).hexdigest()


def _is_module(_: Team, __: Said, body: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"\npackage errors\n" in archive.read("github.com/pkg/errors@v0.9.1/errors.go")


_JAR = "/maven/org/hamcrest/hamcrest-core/1.3/hamcrest-core-1.3.jar"
PUBLIC = (
    Public(
        "pypi",
        "/pypi/simple/six/",
        "1.17.0",
        _pypi_file,
        _is_wheel,
        "/pypi/simple/no-such-project-of-jhansi-runner/",
        "/pypi/simple/idna/",
        JSON,
    ),
    Public(
        "npm",
        "/npm/is-number",
        "7.0.0",
        lambda _: "/npm/is-number/-/is-number-7.0.0.tgz",
        _is_tarball,
        "/npm/@jhansi-runner-no-such-scope%2fdemo",
        "/npm/is-number/-/is-number-6.0.0.tgz",
    ),
    Public(
        "maven",
        "/maven/org/hamcrest/hamcrest-core/maven-metadata.xml",
        "1.3",
        lambda _: _JAR,
        _is_jar,
        "/maven/test/no/such/group/demo/maven-metadata.xml",
        "/maven/org/hamcrest/hamcrest-core/1.1/hamcrest-core-1.1.jar",
        also=(_JAR.replace(".jar", ".pom"),),
    ),
    Public(
        "golang",
        "/golang/github.com/pkg/errors/@v/list",
        "v0.9.1",
        lambda _: "/golang/github.com/pkg/errors/@v/v0.9.1.zip",
        _is_module,
        "/golang/github.com/pkg/no-such-module-of-jhansi-runner/@v/list",
        "/golang/github.com/pkg/errors/@v/v0.9.0.zip",
    ),
)


@pytest.fixture(scope="module", params=PUBLIC, ids=lambda one: one.type)
def one(request: pytest.FixtureRequest) -> Public:
    found: Public = request.param
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def team(home: Path) -> Iterator[Team]:
    """Under the policy that is shipped; the cache is empty at first."""
    with Team(home, "") as team:
        yield team


@pytest.fixture(scope="module")
def listing(team: Team, one: Public) -> Said:
    return team.get(one.listing, Accept=one.accept)


@pytest.fixture(scope="module")
def file(team: Team, one: Public, listing: Said) -> Said:
    assert [team.get(path).status for path in one.also] == [200] * len(one.also)
    return team.get(one.file(listing))


def test_a_listing_names_the_version(one: Public, listing: Said) -> None:
    assert listing.status == 200, listing.body
    assert one.version in listing.body.decode()


def test_a_file_is_what_its_registry_says_of_it(team: Team, one: Public, listing: Said, file: Said) -> None:
    assert file.status == 200, file.body
    assert one.is_it(team, listing, file.body)


def test_head_a_part_and_unchanged_are_told_of_the_same_file(
    team: Team, one: Public, listing: Said, file: Said
) -> None:
    path = one.file(listing)
    head = team.get(path, "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(len(file.body)))
    part = team.get(path, Range="bytes=10-29")
    assert (part.status, part.body) == (206, file.body[10:30])
    assert team.get(path, If_None_Match=file.headers["etag"]).status == 304


def test_what_the_registry_does_not_have_is_not_there(team: Team, one: Public) -> None:
    absent = team.get(one.absent, Accept=one.accept)
    assert absent.status == 404, absent.body
    assert absent.headers["x-jhansi-code"] in ("JR-UPSTREAM", "JR-NO-PACKAGE")


def test_offline_what_was_fetched_is_there_and_nothing_else(home: Path, listing: Said, file: Said, one: Public) -> None:
    with Team(home, "", "--offline") as offline:
        shown = offline.get(one.listing, Accept=one.accept)
        assert shown.status == 200, shown.body
        assert one.version in shown.body.decode()
        assert offline.get(one.file(listing)).body == file.body
        unfetched = offline.get(one.unfetched, Accept=one.accept)
        assert (unfetched.status, unfetched.headers["x-jhansi-code"]) == (404, "JR-NOT-CACHED")
