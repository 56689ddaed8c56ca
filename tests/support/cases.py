"""The four registries behind one face, for the claims that hold for each of them."""

from __future__ import annotations

import builtins
import datetime
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from support.registry import Fault, Upstream
from support.registry.artifact import noise
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.registry.maven_site import PREFIX
from support.registry.npm import NpmUpstream
from support.registry.pages import JSON
from support.registry.reply import Request
from support.wheels import make_wheel

LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Server(Protocol):
    """What the loopback registries have in common."""

    @property
    def requests(self) -> list[Request]:
        """All requests so far."""

    @property
    def url(self) -> str:
        """Where it is."""

    def fault(self, where: str | Callable[[Request], bool], fault: Fault, times: int | None = None) -> Fault:
        """Misbehave."""

    def heal(self) -> None:
        """Behave."""

    def count(self, where: str | Callable[[Request], bool]) -> int:
        """How many requests came for a path."""


class Case:
    """A registry with one package, `demo`. Paths of the mirror begin with the registry's type."""

    type: str = ""
    package = ""
    """The package-url, without a version."""
    versions: tuple[str, ...] = ("1.0.0", "1.1.0", "2.0.0")
    accept = "*/*"
    listing = ""
    upstream_listing = ""
    dated = True
    hashed = True
    """Whether the registry promises a hash of a file before it is fetched."""
    refused_in_listing = True
    server: Server

    def __enter__(self) -> Self:
        self.server.__enter__()  # type: ignore[attr-defined]
        return self

    def __exit__(
        self, kind: builtins.type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.__exit__(kind, error, trace)  # type: ignore[attr-defined]

    def add(self, version: str, published: datetime.datetime | str | None = LONG_AGO) -> bytes:
        """Publish a version; the bytes of its file."""
        raise NotImplementedError

    def add_large(self, version: str, size: int) -> bytes:
        """Publish a version whose file is larger than `size`; the bytes of its file."""
        raise NotImplementedError

    def file(self, version: str) -> str:
        """The path of a version's file on the mirror."""
        raise NotImplementedError

    def upstream_file(self, version: str) -> str:
        """The path of a version's file on the upstream."""
        raise NotImplementedError

    def needed(self, version: str) -> list[str]:
        """The paths on the mirror of all that an offline client needs of a version."""
        return [self.file(version)]

    def listed(self, body: bytes) -> list[str]:
        """The versions that a listing names."""
        raise NotImplementedError

    def reason(self, body: bytes) -> str:
        """What a client reads of a refusal."""
        raise NotImplementedError

    @property
    def netloc(self) -> str:
        """Host and port of the upstream."""
        return self.server.url.split("/")[2]

    def policy(self, rules: str) -> str:
        """A policy whose registry is the test's; `rules` begin in line 5."""
        return f'version: 1\nregistries:\n  {self.type}: {{enabled: true, upstream: "{self.server.url}"}}\n\n{rules}'


class PypiCase(Case):
    """PyPI: dated and hashed file by file in one index page."""

    type, package, accept = "pypi", "pkg:pypi/demo", JSON
    listing, upstream_listing = "/pypi/simple/demo/", "/simple/demo/"
    refused_in_listing = False

    def __init__(self) -> None:
        self._up = Upstream()
        self.server = self._up
        self._paths: dict[str, str] = {}

    def add(self, version: str, published: datetime.datetime | str | None = LONG_AGO) -> bytes:
        wheel = make_wheel("demo", version)
        self._paths[version] = self._up.add(wheel, upload_time=published).path
        return wheel.data

    def add_large(self, version: str, size: int) -> bytes:
        wheel = self._up.add_virtual(f"demo-{version}-py3-none-any.whl", size + 1)
        self._paths[version] = wheel.path
        return wheel.file.data

    def upstream_file(self, version: str) -> str:
        return self._paths[version]

    def file(self, version: str) -> str:
        return f"/pypi/files/{self.netloc}{self._paths[version]}"

    def listed(self, body: bytes) -> list[str]:
        return list(json.loads(body)["versions"])

    def reason(self, body: bytes) -> str:
        return str(json.loads(body)["detail"])


class NpmCase(Case):
    """npm: dates in the full packument, hashes in either."""

    type, package = "npm", "pkg:npm/demo"
    accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"
    listing, upstream_listing = "/npm/demo", "/demo"

    def __init__(self) -> None:
        self._up = NpmUpstream()
        self.server = self._up

    def add(self, version: str, published: datetime.datetime | str | None = LONG_AGO) -> bytes:
        return self._up.add("demo", version, time=published).tarball.data

    def add_large(self, version: str, size: int) -> bytes:
        return self._up.add("demo", version, {"large.bin": _noise(size)}).tarball.data

    def publish(self, version: str, dist: Mapping[str, object]) -> None:
        """Publish a version that declares MIT and no scripts, with these claims of its tarball."""
        self._up.add("demo", version, dist=dist)

    def upstream_file(self, version: str) -> str:
        return f"/demo/-/demo-{version}.tgz"

    def file(self, version: str) -> str:
        return f"/npm{self.upstream_file(version)}"

    def listed(self, body: bytes) -> list[str]:
        return list(json.loads(body)["versions"])

    def reason(self, body: bytes) -> str:
        return str(json.loads(body)["error"])


class MavenCase(Case):
    """Maven: dated by the POM's Last-Modified, hashed by sidecars."""

    type, package = "maven", "pkg:maven/org.test/demo"
    listing, upstream_listing = "/maven/org/test/demo/maven-metadata.xml", f"{PREFIX}/org/test/demo/maven-metadata.xml"

    def __init__(self) -> None:
        self._up = MavenUpstream()
        self.server = self._up

    def add(self, version: str, published: datetime.datetime | str | None = LONG_AGO) -> bytes:
        assert isinstance(published, datetime.datetime), "a POM always has a date here"
        return self._up.add(f"org.test:demo:{version}", modified=published).files[f"demo-{version}.jar"]

    def add_large(self, version: str, size: int) -> bytes:
        self._up.add(f"org.test:demo:{version}", files={".jar": (jar := _noise(size + 1))})
        return jar

    def upstream_file(self, version: str) -> str:
        return f"{PREFIX}/org/test/demo/{version}/demo-{version}.jar"

    def file(self, version: str) -> str:
        return f"/maven/org/test/demo/{version}/demo-{version}.jar"

    def needed(self, version: str) -> list[str]:
        return [self.file(version), self.file(version).replace(".jar", ".pom")]

    def listed(self, body: bytes) -> list[str]:
        return re.findall(r"<version>([^<]*)</version>", body.decode())

    def reason(self, body: bytes) -> str:
        return body.decode()


class GolangCase(Case):
    """Go: no date that can be trusted, no hash of a zip's bytes."""

    type, package = "golang", "pkg:golang/example.test/demo"
    versions = ("v1.0.0", "v1.1.0", "v1.2.0")
    listing, upstream_listing = "/golang/example.test/demo/@v/list", "/example.test/demo/@v/list"
    dated, hashed = False, False

    def __init__(self) -> None:
        self._up = GoUpstream()
        self.server = self._up

    def add(self, version: str, published: datetime.datetime | str | None = LONG_AGO) -> bytes:
        del published
        return self._up.add("example.test/demo", version).zip

    def add_large(self, version: str, size: int) -> bytes:
        return self._up.add("example.test/demo", version, {"large.bin": _noise(size)}).zip

    def upstream_file(self, version: str) -> str:
        return f"/example.test/demo/@v/{version}.zip"

    def file(self, version: str) -> str:
        return f"/golang/example.test/demo/@v/{version}.zip"

    def listed(self, body: bytes) -> list[str]:
        return body.decode().split()

    def reason(self, body: bytes) -> str:
        return body.decode()


CASES: tuple[type[Case], ...] = (PypiCase, NpmCase, MavenCase, GolangCase)


def _noise(size: int) -> bytes:
    return b"".join(noise(size).chunks)


def sha256(data: bytes) -> str:
    """The name of a content in the cache."""
    return hashlib.sha256(data).hexdigest()
