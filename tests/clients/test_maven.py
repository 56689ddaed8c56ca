"""The real mvn, on the mirror and through the gate, in front of a repository on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jhansi_runner.proxy import paths
from support import jvm
from support.clients import TOKEN, Desk, Done, Serve, opened, program, url_of
from support.registry.maven import MavenUpstream
from support.team import Team


@pytest.fixture(scope="module")
def up() -> Iterator[MavenUpstream]:
    program("mvn")
    with MavenUpstream() as up:
        jvm.fill(up)
        yield up


@pytest.fixture(scope="module")
def team(up: MavenUpstream, serve: Serve) -> Team:
    return serve(jvm.policy(up))


@pytest.fixture
def at_mirror(team: Team, desk: Desk) -> Desk:
    desk.set_up("maven", url_of(team))
    return desk


@pytest.fixture
def at_gate(folders: paths.Paths, up: MavenUpstream, desk: Desk) -> Iterator[Desk]:
    with opened(folders, jvm.policy(up)) as gate:
        desk.env["MAVEN_OPTS"] = jvm.through(gate, desk)
        yield desk


@pytest.fixture(params=["mirror", "gate"])
def anywhere(request: pytest.FixtureRequest) -> Desk:
    found = request.getfixturevalue(f"at_{request.param}")
    assert isinstance(found, Desk)
    return found


def _build(desk: Desk, needed: str) -> Done:
    desk.write("pom.xml", jvm.pom(needed))
    return desk.run("mvn", "-B", "validate")


def _fetched(desk: Desk, name: str) -> bool:
    return (desk.home / f".m2/repository/org/test/{name}/1.0/{name}-1.0.jar").exists()


def test_an_artifact_is_fetched_with_what_it_needs(anywhere: Desk) -> None:
    done = _build(anywhere, "app")
    assert done.code == 0, done.said
    assert _fetched(anywhere, "app") and _fetched(anywhere, "helper")


def test_nobody_but_the_mirror_is_asked(at_mirror: Desk) -> None:
    done = _build(at_mirror, "app")
    asked = [line.partition(" from ")[2] for line in done.said.splitlines() if "Downloading from" in line]
    assert asked and all(line.startswith("jhansi-runner: http://127.0.0.1:") for line in asked), done.said


def test_a_denied_artifact_is_refused(anywhere: Desk) -> None:
    done = _build(anywhere, "needs-bad")
    assert done.code != 0
    assert "org.test:bad:pom:1.0" in done.said and "403 Forbidden" in done.said, done.said
    assert not _fetched(anywhere, "bad")


def test_the_reason_is_printed(anywhere: Desk) -> None:
    said = _build(anywhere, "needs-bad").words
    assert "it steals keys" in said and jvm.LINE in said, said


def test_its_jar_is_refused_where_its_pom_is_there_already(anywhere: Desk, up: MavenUpstream) -> None:
    bad = next(one for one in up._versions if one.artifact == "bad")
    text = bad.files["bad-1.0.pom"].decode()
    anywhere.write(anywhere.home / ".m2/repository/org/test/bad/1.0/bad-1.0.pom", text)
    done = _build(anywhere, "bad")
    assert done.code != 0
    assert "org.test:bad:jar:1.0" in done.said and "403 Forbidden" in done.said, done.said
    assert not _fetched(anywhere, "bad")


def test_a_token_is_taken_from_the_environment(desk: Desk, up: MavenUpstream, serve: Serve) -> None:
    team = serve(jvm.policy(up), token=True)
    desk.set_up("maven", url_of(team))
    refused = _build(desk, "app")
    assert refused.code != 0
    assert "401 Unauthorized" in refused.said
    desk.env["JHANSI_TOKEN"] = TOKEN
    desk.set_up("maven", url_of(team, token=True))
    done = desk.run("mvn", "-B", "-U", "validate")
    assert done.code == 0, done.said
    assert TOKEN not in done.said + (desk.home / ".m2/settings.xml").read_text()
