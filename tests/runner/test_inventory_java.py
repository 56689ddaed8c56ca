"""A repository of Maven's is what the lock and the mirror say, to the last file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import maven
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.inventories import inventory

GSON, PLAIN = "org/test/gson/2.11.0/gson-2.11.0", "org/test/plain/1/plain-1"
FILES = {
    f"{GSON}.jar": b"the jar",
    f"{GSON}-linux.jar": b"for one system",
    f"{GSON}.pom": b"<project/>",
    f"{PLAIN}.jar": b"another jar",
    f"{PLAIN}.pom": b"<project>2</project>",
    "org/test/parent/3/parent-3.pom": b"<project>3</project>",
}
NOTES = ("_remote.repositories", "gson-2.11.0.jar.sha1", "gson-2.11.0.jar.lastUpdated", "maven-metadata-central.xml")


@dataclass(frozen=True, slots=True)
class Installed:
    """What Maven left, what was locked, and the mirror's cache."""

    site: Path
    cache: Path
    locked: list[Locked]

    def problems(self) -> list[str]:
        return inventory("java", str(self.site), self.locked, str(self.cache), built=True)

    @property
    def repository(self) -> Path:
        return self.site / "repository"


def locked(group: str, name: str, version: str, *files: bytes) -> Locked:
    hashes = tuple(f"sha256:{hashlib.sha256(data).hexdigest()}" for data in files)
    return Locked(f"{group}:{name}", version, maven(group, name, version).purl, hashes)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    site, cache = tmp_path / "site", tmp_path / "cache"
    cache.mkdir()
    store = Store(str(cache))
    for path, data in FILES.items():
        *group, name, version, file = path.split("/")
        purl = maven(".".join(group), name, version).purl
        store.keep_artifact(
            f"maven@0123456789abcdef /{path}", Artifact(purl, file, hashlib.sha256(data).hexdigest(), len(data), 0.0)
        )
        target = site / "repository" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    store.close()
    for name in NOTES:
        (site / "repository" / GSON).with_name(name).write_text("a note")
    (site / "classpath").write_text(f"compile {GSON}.jar\nruntime {GSON}-linux.jar\ntest {PLAIN}.jar\n")
    gson = locked("org.test", "gson", "2.11.0", FILES[f"{GSON}.jar"], FILES[f"{GSON}-linux.jar"])
    return Installed(site, cache, [gson, locked("org.test", "plain", "1", FILES[f"{PLAIN}.jar"])])


def test_what_was_installed_is_what_was_locked(installed: Installed) -> None:
    assert installed.problems() == []


def test_a_changed_jar_shows_though_the_lock_has_its_hash(installed: Installed) -> None:
    (installed.repository / f"{GSON}.jar").write_bytes(b"a trojan")
    installed.locked[0] = locked("org.test", "gson", "2.11.0", b"a trojan", FILES[f"{GSON}-linux.jar"])
    assert installed.problems() == [f"repository/{GSON}.jar is not what the mirror has"]


def test_a_jar_of_another_artifact_is_not_taken_for_this_one(installed: Installed) -> None:
    (installed.repository / f"{GSON}.jar").write_bytes(FILES[f"{PLAIN}.jar"])
    assert f"repository/{GSON}.jar is not what the mirror has" in installed.problems()


@pytest.mark.parametrize("path", [f"{GSON}-evil.jar", "org/test/evil/1/evil-1.jar", "org/test/evil/1/evil-1.pom"])
def test_what_the_mirror_has_not_shows(installed: Installed, path: str) -> None:
    target = installed.repository / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"evil")
    assert installed.problems() == [f"repository/{path} is no file that the mirror verified"]


def test_nothing_lies_beside_the_repository(installed: Installed) -> None:
    (installed.site / "evil.jar").write_bytes(b"evil")
    assert installed.problems() == ["evil.jar is no file that the mirror verified"]


def test_nothing_else_is_on_the_class_path(installed: Installed) -> None:
    with (installed.site / "classpath").open("a") as file:
        file.write("compile org/test/parent/3/parent-3.pom\ncompile ../../sandbox/evil.jar\n")
    assert installed.problems() == [
        "org/test/parent/3/parent-3.pom is on the class path, and not in the lock",
        "../../sandbox/evil.jar is on the class path, and not in the lock",
    ]


def test_what_was_locked_is_on_the_class_path(installed: Installed) -> None:
    (installed.site / "classpath").write_text(f"compile {GSON}.jar\ncompile {GSON}-linux.jar\n")
    assert installed.problems() == ["org.test:plain 1 is not as it was locked"]


def link(path: Path) -> None:
    copy = path.with_name("other")
    path.rename(copy.with_name(NOTES[0]))
    path.symlink_to(NOTES[0])


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("spoil", [link, pipe, Path.unlink])
def test_what_is_no_file_is_no_jar(installed: Installed, spoil: Callable[[Path], None]) -> None:
    spoil(installed.repository / f"{GSON}.jar")
    assert "org.test:gson 2.11.0 is not as it was locked" in installed.problems()


def test_a_file_without_end_that_a_plugin_left_is_not_read(installed: Installed) -> None:
    path = installed.repository / f"{GSON}.jar"
    os.truncate(path, 1 << 42)
    assert any(f"{GSON}.jar is not what the mirror has" in problem for problem in installed.problems())
