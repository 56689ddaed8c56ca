"""What npm left is compared with the tarballs that the mirror verified."""

from __future__ import annotations

import io
import os
import tarfile
from hashlib import sha256, sha512
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import npm
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.inventory_node import differences
from support.tarballs import make_tarball

FILES: dict[str, str | bytes] = {
    "index.js": "1",
    "lib/a.js": "2",
    "lib/.gitignore": "x",
    "cli.js": "#!/usr/bin/env node\r\n1",
}


class Installed:
    """A cache that holds tarballs, and a folder of packages that they were unpacked into."""

    def __init__(self, folder: Path) -> None:
        self.site, self.cache = folder / "site", folder / "cache"
        self.locked: list[Locked] = []
        self.site.mkdir()
        (self.site / ".package-lock.json").write_text("{}")

    def keep(self, name: str, version: str, data: bytes) -> None:
        """Into the cache and the lock."""
        digest, purl = sha256(data).hexdigest(), npm(name, version).purl
        store, files = Store(str(self.cache)), ArtifactFiles(str(self.cache))
        descriptor, path = files.incoming()
        Path(path).write_bytes(data)
        files.commit(descriptor, path, digest)
        store.keep_artifact(purl, Artifact(purl, f"{version}.tgz", digest, len(data), 0.0))
        store.close()
        self.locked.append(Locked(name, version, purl, (f"sha512:{sha512(data).hexdigest()}",)))

    def add(
        self, name: str, version: str = "1.0.0", *, at: str = "", files: dict[str, str | bytes] | None = None
    ) -> None:
        """Keep a package, and unpack it as npm does."""
        data = make_tarball(name, version, FILES if files is None else files).data
        self.keep(name, version, data)
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                place = self.site / (at or name) / member.name.partition("/")[2].replace(".gitignore", ".npmignore")
                place.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None
                place.write_bytes(content.read().replace(b"node\r\n", b"node\n"))

    def problems(self) -> list[str]:
        return differences(str(self.site), self.locked, str(self.cache))


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    made = Installed(tmp_path)
    made.add("first")
    made.add("@s/second", "2.0.0")
    made.add("first", "0.9.0", at="@s/second/node_modules/first")
    made.add("real", at="alias")
    (made.site / ".bin").mkdir()
    (made.site / ".bin/first").symlink_to("../first/cli.js")
    return made


def test_what_was_unpacked_from_verified_tarballs_is_right(installed: Installed) -> None:
    assert installed.problems() == []


@pytest.mark.parametrize(
    "path",
    [
        "x.js",
        "first/extra.js",
        "first/lib/extra.js",
        "@s/x.js",
        "@s/second/node_modules/x.js",
        ".hidden",
        ".bin/run",
        "first/.package-lock.json",
    ],
)
def test_a_file_that_no_tarball_holds_is_named(installed: Installed, path: str) -> None:
    (installed.site / path).write_text("TROJAN")
    (problem,) = installed.problems()
    assert problem.startswith(path)


@pytest.mark.parametrize("place", ["extra", "@s/extra", "first/node_modules/extra", "first/node_modules/@x/y", ".deps"])
def test_a_folder_that_is_no_package_of_the_lock_is_named(installed: Installed, place: str) -> None:
    (installed.site / place).mkdir(parents=True)
    (installed.site / place / "package.json").write_text("{}")
    assert installed.problems() == [f"{place} is of no tarball of the lock"]


@pytest.mark.parametrize("path", ["first/lib/a.js", "@s/second/node_modules/first/index.js", "alias/cli.js"])
def test_a_changed_file_is_named(installed: Installed, path: str) -> None:
    (installed.site / path).write_text("TROJAN")
    assert installed.problems() == [f"{path} is not what its tarball holds"]


def test_a_missing_file_and_a_missing_package_are_named(installed: Installed) -> None:
    (installed.site / "first/index.js").unlink()
    (installed.site / "alias").rename(installed.site.parent / "elsewhere")
    assert installed.problems() == ["pkg:npm/real@1.0.0 was locked and is not there", "first/index.js is not there"]


def test_a_changed_package_json_makes_it_another_package(installed: Installed) -> None:
    (installed.site / "first/package.json").write_text('{"main": "lib/a.js"}')
    assert installed.problems() == [
        "pkg:npm/first@1.0.0 was locked and is not there",
        "first is of no tarball of the lock",
    ]


def test_neither_links_nor_pipes_pass_for_files_or_folders(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "copy.js").write_text("1")
    (installed.site / "first/index.js").unlink()
    (installed.site / "first/index.js").symlink_to(tmp_path / "copy.js")
    (installed.site / "first/lib/a.js").unlink()
    os.mkfifo(installed.site / "first/lib/a.js")
    (installed.site / "alias/lib").rename(tmp_path / "lib")
    (installed.site / "alias/lib").symlink_to(tmp_path / "lib")
    (installed.site / "@t").symlink_to(tmp_path)
    assert sorted(installed.problems()) == [
        f"@t leads to {tmp_path}",
        "alias/lib is in no tarball",
        "alias/lib/.npmignore is not there",
        "alias/lib/a.js is not there",
        "first/index.js is not what its tarball holds",
        "first/lib/a.js is not what its tarball holds",
    ]


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "../../../sandbox/x"])
def test_a_command_that_leads_out_of_the_packages_is_named(installed: Installed, target: str) -> None:
    (installed.site / ".bin/x").symlink_to(target)
    assert installed.problems() == [".bin/x is no link to a program of a package"]


def test_a_link_leads_to_the_workspace_and_nowhere_else(installed: Installed) -> None:
    (installed.site / "member").symlink_to("/sandbox/packages/member")
    (installed.site / "@s/member").symlink_to("/sandbox")
    assert installed.problems() == []
    (installed.site / "bad").symlink_to("/sandbox/../etc")
    (installed.site / "worse").symlink_to("first")
    assert installed.problems() == ["bad leads to /sandbox/../etc", "worse leads to first"]


def test_what_a_tarball_bundles_belongs_to_it(installed: Installed) -> None:
    files = {"index.js": "1", "node_modules/in/package.json": "{}", "node_modules/@i/in/x.js": "1"}
    installed.add("bundles", files={**files})
    installed.add("beside", at="bundles/node_modules/beside")
    (installed.site / "bundles/node_modules/in/node_modules/.bin").mkdir(parents=True)
    (installed.site / "bundles/node_modules/in/node_modules/.bin/x").symlink_to("../../../beside/cli.js")
    assert installed.problems() == []
    (installed.site / "bundles/node_modules/in/extra.js").write_text("TROJAN")
    assert installed.problems() == ["bundles/node_modules/in/extra.js is in no tarball"]


def test_a_tarball_that_the_lock_does_not_name_proves_nothing(installed: Installed) -> None:
    first = installed.locked[0]
    installed.locked[0] = Locked(first.name, first.version, first.purl, ("sha512:" + "0" * 128,))
    assert installed.problems() == [
        "no tarball of pkg:npm/first@1.0.0 that the mirror verified",
        "first is of no tarball of the lock",
    ]


def test_a_tarball_of_another_package_proves_nothing(installed: Installed) -> None:
    installed.locked[0] = Locked("other", "1.0.0", "pkg:npm/other@1.0.0", installed.locked[0].hashes)
    assert installed.problems()[0] == "no tarball of pkg:npm/other@1.0.0 that the mirror verified"


def test_what_is_wrong_without_end_has_an_end(installed: Installed) -> None:
    for number in range(300):
        (installed.site / f"first/{number}.js").write_text("TROJAN")
    assert len(installed.problems()) <= 110


@pytest.mark.parametrize("data", [b"", b"no tarball", make_tarball("odd", "1.0.0").data[:-20]])
def test_a_tarball_that_cannot_be_read_is_a_difference(installed: Installed, data: bytes) -> None:
    installed.keep("odd", "1.0.0", data)
    assert installed.problems() == ["no tarball of pkg:npm/odd@1.0.0 that the mirror verified"]


def test_what_npm_does_not_unpack_is_not_expected(installed: Installed) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, kind in (
            ("package/package.json", tarfile.REGTYPE),
            ("package/../../x", tarfile.REGTYPE),
            ("package/l", tarfile.SYMTYPE),
            ("top", tarfile.REGTYPE),
        ):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO())
    installed.keep("odd", "1.0.0", packed.getvalue())
    (installed.site / "odd").mkdir()
    (installed.site / "odd/package.json").write_text("")
    assert installed.problems() == []
