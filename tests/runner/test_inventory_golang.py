"""A cache of modules is what the lock and the mirror say, to the last file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.coordinate import golang
from jhansi_runner.proxy.registries.interface import Document
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.inventory_golang import differences
from support.modules import BuiltModule, escaped, h1, make_module

MODULE = make_module("example.test/Helper", "v1.2.0", {"helper.go": "package helper\n", "sub/x.go": "package sub\n"})
GRAPH = make_module("example.test/graph", "v1.0.0")


@dataclass(frozen=True, slots=True)
class Installed:
    """What the go command left, what was locked, and the mirror's cache."""

    site: Path
    cache: Path
    locked: list[Locked]

    def problems(self) -> list[str]:
        return differences(str(self.site), self.locked, str(self.cache))

    @property
    def module(self) -> Path:
        return self.site / f"mod/{escaped(MODULE.module)}@v1.2.0"

    @property
    def downloads(self) -> Path:
        return self.site / f"mod/cache/download/{escaped(MODULE.module)}/@v"


def keep(cache: Path, built: BuiltModule, data: bytes) -> str:
    """Put a zip and its go.mod where the mirror has them."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = Path(ArtifactFiles(str(cache)).path(sha256))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    key = f"/{escaped(built.module)}/@v/{built.version}"
    store = Store(str(cache))
    purl = golang(built.module, built.version).purl
    store.keep_artifact(f"golang {key}.zip", Artifact(purl, f"{built.version}.zip", sha256, len(data), 0.0))
    document = Document(f"http://127.0.0.1{key}.mod", 200, "text/plain", "", 0.0, built.go_mod)
    store.keep_document(f"golang@0123456789abcdef {key}.mod", document)
    store.close()
    return sha256


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    site, cache = tmp_path / "site", tmp_path / "cache"
    cache.mkdir()
    sha256 = keep(cache, MODULE, MODULE.zip)
    keep(cache, GRAPH, GRAPH.zip)
    purl = golang(MODULE.module, MODULE.version).purl
    found = Installed(
        site, cache, [Locked(MODULE.module, MODULE.version, purl, (h1(MODULE.files), f"sha256:{sha256}"))]
    )
    for name, data in MODULE.files.items():
        path = found.module / name.partition("@v1.2.0/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    found.downloads.mkdir(parents=True)
    (found.downloads / "v1.2.0.mod").write_bytes(MODULE.go_mod)
    (found.downloads / "v1.2.0.ziphash").write_text(h1(MODULE.files))
    graph = site / "mod/cache/download/example.test/graph/@v/v1.0.0.mod"
    graph.parent.mkdir(parents=True)
    graph.write_bytes(GRAPH.go_mod)
    for ours in ("overlay.json", "work/go.mod", "work/a/go.sum"):
        (site / ours).parent.mkdir(parents=True, exist_ok=True)
        (site / ours).write_text("x")
    return found


def test_what_was_installed_is_what_was_locked(installed: Installed) -> None:
    assert installed.problems() == []


def change(found: Installed) -> None:
    (found.module / "helper.go").write_text("package helper // a trojan\n")


def add(found: Installed) -> None:
    (found.module / "more.go").write_text("package helper\n")


def remove(found: Installed) -> None:
    (found.module / "sub/x.go").unlink()


def link(found: Installed) -> None:
    (found.module / "helper.go").unlink()
    (found.module / "helper.go").symlink_to(found.cache)


def pipe(found: Installed) -> None:
    (found.module / "helper.go").unlink()
    os.mkfifo(found.module / "helper.go")


@pytest.mark.parametrize("spoil", [change, add, remove, link, pipe])
def test_a_changed_module_shows(installed: Installed, spoil: Callable[[Installed], None]) -> None:
    spoil(installed)
    assert installed.problems() == ["example.test/Helper v1.2.0 is not what its hash says"]


@pytest.mark.parametrize(
    "path", ["mod/example.test/other@v1.0.0/x.go", "sitecustomize.go", "mod/cache/lock", "work/main.go", "mod/x/go.mod"]
)
def test_what_belongs_to_no_module_shows(installed: Installed, path: str) -> None:
    (installed.site / path).parent.mkdir(parents=True, exist_ok=True)
    (installed.site / path).write_text("x")
    assert installed.problems() == [f"{path} is of no module"]


def test_a_missing_module_shows(installed: Installed) -> None:
    for path in sorted(installed.module.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    assert installed.problems() == ["example.test/Helper v1.2.0 is missing"]


def test_another_hash_in_the_record_of_the_download_shows(installed: Installed) -> None:
    (installed.downloads / "v1.2.0.ziphash").write_text("h1:other")
    (problem,) = installed.problems()
    assert problem.endswith("v1.2.0.ziphash does not have the hash of the lock")


def test_a_manifest_that_the_mirror_does_not_know_shows(installed: Installed) -> None:
    path = "mod/cache/download/example.test/graph/@v/v1.0.0.mod"
    (installed.site / path).write_text("module example.test/graph\n\nrequire example.test/trojan v1.0.0\n")
    assert installed.problems() == [f"{path} is not what the mirror has"]
    (installed.site / path).unlink()
    (installed.site / path).symlink_to("/dev/zero")
    assert installed.problems() == [f"{path} is of no module"]


def test_a_module_that_the_mirror_has_not_verified_shows(installed: Installed) -> None:
    other = [Locked(one.name, one.version, one.purl, (one.hashes[0], "sha256:" + "0" * 64)) for one in installed.locked]
    (problem,) = differences(str(installed.site), other, str(installed.cache))
    assert problem.startswith("no zip of example.test/Helper v1.2.0 that the mirror verified")


def test_a_zip_that_somebody_changed_in_the_cache_shows(installed: Installed) -> None:
    sha256 = installed.locked[0].hashes[1].removeprefix("sha256:")
    Path(ArtifactFiles(str(installed.cache)).path(sha256)).write_bytes(GRAPH.zip)
    assert any("zip of example.test/Helper@v1.2.0" in problem for problem in installed.problems())
