"""An export shows that its bundle does what was warmed for, before there is a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.store import Store
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.runner.warm.kept import Kept, keep
from jhansi_runner.runner.warm.targets import Target
from support.homes import Home, home_in
from support.registry import Upstream
from support.registry.maven import MavenUpstream
from support.warmer import policy_text
from support.wheels import make_wheel

POM = """<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>project</artifactId>
<version>1</version></project>"""


@pytest.fixture
def up() -> Iterator[Upstream]:
    with Upstream() as up:
        for name in ("demo", "other"):
            up.add(make_wheel(name, "1.0"))
        yield up


@pytest.fixture
def home(up: Upstream, tmp_path: Path) -> Home:
    """A home with a key, in which a list of two releases was warmed."""
    home = home_in(tmp_path / "home", policy_text(up))
    assert home.run("keygen", str(home.folder / "k")).code == 0
    wanted = tmp_path / "wanted.txt"
    wanted.write_text("pkg:pypi/demo@1.0\npkg:pypi/other@1.0\n")
    done = home.run("warm", str(wanted))
    assert done.code == 0, done
    return home


def lose(home: Home, name: str) -> None:
    """Have a release go from the cache."""
    store = Store(str(home.folder / "cache"))
    for key, artifact in list(store.artifacts()):
        if Coordinate.parse(artifact.purl).name == name:
            store.forget_artifact(key)
    store.close()


def export(home: Home, *words: str) -> tuple[int, str, bool]:
    file = home.folder / "b.tar"
    done = home.run("export", str(file), "--key", str(home.folder / "k.key"), *words)
    return done.code, done.said, file.exists()


def test_what_was_warmed_is_asked_again(home: Home, up: Upstream) -> None:
    before = len(up.requests)
    code, said, written = export(home)
    assert (code, written) == (0, True), said
    assert "proving: wanted.txt, for Python 3." in said
    assert len(up.requests) == before, "the proof asks nobody"
    assert not list((home.folder / "cache/incoming").iterdir())


def test_without_a_release_that_was_warmed_nothing_is_written(home: Home) -> None:
    lose(home, "other")
    code, said, written = export(home)
    assert (code, written) == (125, False)
    assert "pkg:pypi/other@1.0" in said
    assert "wanted.txt:2" in said
    assert "nothing was written" in said
    assert f"{home.folder}/state/wants" in said


def test_only_what_is_meant_has_to_be_there(home: Home) -> None:
    lose(home, "other")
    assert export(home, "--only", "demo")[0] == 0


def test_what_the_policy_refuses_meanwhile_stays_and_stops_nothing(home: Home, up: Upstream) -> None:
    (home.folder / "policy.yaml").write_text(
        policy_text(up, rules="default: allow\nrules: [{deny: 'pkg:pypi/other', reason: no}]\n")
    )
    code, said, written = export(home)
    assert (code, written) == (0, True), said


def test_a_want_that_was_changed_is_not_believed(home: Home) -> None:
    (want,) = (home.folder / "state/wants").iterdir()
    want.write_bytes(want.read_bytes().replace(b"3.1", b"3.2"))
    code, said, written = export(home)
    assert (code, written) == (125, False)
    assert "delete it, and warm again" in said


@pytest.mark.skipif(shutil.which("mvn") is None, reason="mvn is not installed")
def test_a_project_whose_tools_were_run_is_built_again_with_the_bundle_alone(
    home: Home, up: Upstream, tmp_path: Path
) -> None:
    """Here with nothing that its build needs; `test_resolving_java.py` has one that succeeds."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pom.xml").write_text(POM)
    keep(f"{home.folder}/state", Kept({}, (Target("3.12", "x86_64"),), (str(project),)))
    with MavenUpstream() as maven:
        (home.folder / "policy.yaml").write_text(policy_text(up, maven))
        code, said, written = export(home, "--type", "pypi")
        assert (code, written) == (0, True), "of a part of the cache no build can be expected"
        (home.folder / "b.tar").unlink()
        code, said, written = export(home)
        assert maven.requests == []
    assert (code, written) == (125, False), said
    assert f"{project} is built again with the bundle alone" in said
    assert "the bundle would not do what was warmed for; nothing was written" in said


def test_a_project_that_is_gone_is_told(home: Home) -> None:
    keep(f"{home.folder}/state", Kept({}, (Target("3.12", "x86_64"),), ("/nowhere/project",)))
    code, said, written = export(home)
    assert (code, written) == (0, True)
    assert "not proven: /nowhere/project is not there any more" in said
