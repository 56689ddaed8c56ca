"""The real gradle, on the mirror and through the gate, in front of a repository on loopback."""

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
    program("gradle")
    with MavenUpstream() as up:
        jvm.fill(up)
        yield up


@pytest.fixture(scope="module")
def team(up: MavenUpstream, serve: Serve) -> Team:
    return serve(jvm.policy(up))


@pytest.fixture
def at_mirror(team: Team, desk: Desk) -> Desk:
    desk.set_up("gradle", url_of(team))
    return desk


@pytest.fixture
def at_gate(folders: paths.Paths, up: MavenUpstream, desk: Desk) -> Iterator[Desk]:
    with opened(folders, jvm.policy(up)) as gate:
        desk.env["GRADLE_OPTS"] = jvm.through(gate, desk)
        yield desk


@pytest.fixture(params=["mirror", "gate"])
def anywhere(request: pytest.FixtureRequest) -> Desk:
    found = request.getfixturevalue(f"at_{request.param}")
    assert isinstance(found, Desk)
    return found


def _gradle(desk: Desk, *tasks: str) -> Done:
    return desk.run("gradle", "--no-daemon", "--console=plain", "--continue", *tasks)


def test_what_is_allowed_is_fetched_and_what_is_denied_is_refused_with_its_status(anywhere: Desk) -> None:
    anywhere.write("build.gradle", jvm.build_gradle(good="app", wrong="needs-bad"))
    done = _gradle(anywhere, "goodFiles", "wrongFiles")
    assert done.code != 0
    assert "FILE app-1.0.jar" in done.said and "FILE helper-1.0.jar" in done.said, done.said
    assert "FILE bad" not in done.said
    assert "Could not resolve org.test:bad:1.0" in done.said
    assert "Received status code 403 from server: Forbidden" in done.said


def test_through_the_gate_the_reason_is_printed(at_gate: Desk) -> None:
    at_gate.write("build.gradle", jvm.build_gradle(wrong="bad"))
    said = _gradle(at_gate, "wrongFiles").words
    assert "it steals keys" in said and jvm.LINE in said, said


def test_repositories_that_a_build_declares_become_the_mirror(at_mirror: Desk) -> None:
    at_mirror.write("settings.gradle", "pluginManagement { repositories { maven { url 'http://plugins.test/' } } }\n")
    declared = (
        "ivy { url 'http://ivy.test/' } ; maven { url 'http://maven.test/' } ; mavenLocal() ; flatDir { dirs 'x' }"
    )
    at_mirror.write(
        "build.gradle",
        "buildscript { repositories { maven { url 'http://scripts.test/' } }\n"
        "              dependencies { classpath 'org.test:app:1.0' } }\n"
        f"repositories {{ {declared} }}\n"
        "repositories.each { println \"AT ${it.name} ${it.hasProperty('url') ? it.url : ''}\" }\n"
        + jvm.build_gradle(good="app"),
    )
    done = _gradle(at_mirror, "goodFiles")
    assert done.code == 0, done.said
    assert "FILE helper-1.0.jar" in done.said
    places = [line.split(" ")[1:] for line in done.said.splitlines() if line.startswith("AT ")]
    assert {name for name, _ in places} == {"maven", "MavenLocal", "flatDir"}, places
    assert not any(".test" in place for _, place in places)


def test_the_wrapper_says_that_its_distribution_is_on_no_registry(at_gate: Desk) -> None:
    at_gate.write("build.gradle", "")
    assert _gradle(at_gate, "wrapper").code == 0
    done = at_gate.run("sh", "./gradlew", "tasks")
    assert done.code != 0
    assert "403 jhansi-runner: " in done.said
    assert "is not a registry that the policy lets out" in done.said


def test_a_token_is_taken_from_the_environment(desk: Desk, up: MavenUpstream, serve: Serve) -> None:
    team = serve(jvm.policy(up), token=True)
    desk.write("build.gradle", jvm.build_gradle(good="app"))
    desk.set_up("gradle", url_of(team))
    refused = _gradle(desk, "goodFiles")
    assert refused.code != 0
    assert "status code 401" in refused.said, refused.said
    desk.env["JHANSI_TOKEN"] = TOKEN
    desk.set_up("gradle", url_of(team, token=True))
    done = _gradle(desk, "goodFiles")
    assert done.code == 0, done.said
    assert TOKEN not in done.said
