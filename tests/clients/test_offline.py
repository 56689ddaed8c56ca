"""Real clients on a mirror that is offline: older versions are taken, and `cache missing` lists what nobody got."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.runner.warm.lists import read
from support.clients import Desk, program, url_of
from support.mirror import policy_text
from support.registry import Upstream
from support.registry.maven import MavenUpstream
from support.registry.npm import NpmUpstream
from support.team import Team
from support.wheels import make_wheel


def listed(team: Team, command: str) -> list[str]:
    """What the command says of that mirror's ledger and cache, without the comments."""
    env = {**os.environ, "JHANSI_HOME": str(team.home)}
    argv = [command, "cache", "missing"]
    printed = subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout
    read("-", printed)
    told: dict[str, Any] = json.loads(
        subprocess.run([*argv, "--json"], env=env, capture_output=True, check=True).stdout
    )
    lines = [line.partition("  #")[0] for line in printed.splitlines() if not line.startswith("#")]
    assert lines == [one["line"] for one in told["missing"]]
    return lines


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Team]:
    """A mirror that has app 1.0 and 2.0, and dep 1.0, which the first of them needs."""
    home = tmp_path / "team"
    home.mkdir()
    with Upstream() as up:
        for app, dep in (("1.0", "1.0"), ("2.0", "2.0")):
            up.add(make_wheel("app", app, requires=[f"dep=={dep}"]))
            up.add(make_wheel("dep", dep))
        policy = policy_text(up)
        with Team(home, policy) as team:
            desk = Desk(tmp_path / "first")
            desk.set_up("pip", url_of(team))
            assert desk.run("pip", "install", "--target", "x", "app==1.0").code == 0
            assert desk.run("pip", "download", "--no-deps", "app==2.0").code == 0
    with Team(home, policy, "--offline") as team:
        yield team


@pytest.mark.parametrize("client", ["pip", "uv"])
def test_python_clients(python: Team, tmp_path: Path, command: str, client: str) -> None:
    desk = Desk(tmp_path / "second")
    desk.set_up(client, url_of(python))
    install = ("pip", "install") if client == "pip" else ("uv", "pip", "install")
    done = desk.run(*install, "--target", "y", "app")
    assert done.code == 0, done.said
    assert (desk.work / "y/app-1.0.dist-info").is_dir()
    assert listed(python, command) == []
    assert desk.run(*install, "--target", "z", "app==2.0", "other").code != 0
    assert "pkg:pypi/other" in listed(python, command)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Team]:
    """A mirror that npm has filled: app 1.0.0, and a package with parts for this system and another."""
    program("npm")
    home = tmp_path / "team"
    home.mkdir()
    with NpmUpstream() as up:
        up.add("app", "1.0.0", dependencies={"dep": "^1.0.0"})
        up.add("app", "2.0.0", dependencies={"dep": "^2.0.0"})
        up.add("dep", "1.0.0")
        up.add("dep", "2.0.0")
        up.add("parts", "1.0.0", optionalDependencies={"parts-win32": "1.0.0", "parts-here": "1.0.0"})
        up.add("parts-win32", "1.0.0", os=["win32"])
        up.add("parts-here", "1.0.0")
        policy = f'version: 1\nregistries:\n  npm: {{enabled: true, upstream: "{up.url}"}}\ndefault: allow\n'
        with Team(home, policy) as team:
            desk = Desk(tmp_path / "first")
            desk.set_up("npm", url_of(team))
            done = desk.run("npm", "install", "app@1.0.0", "parts")
            assert done.code == 0, done.said
    with Team(home, policy, "--offline") as team:
        yield team


def test_npm(node: Team, tmp_path: Path, command: str) -> None:
    desk = Desk(tmp_path / "second")
    desk.set_up("npm", url_of(node))
    done = desk.run("npm", "install", "app", "parts")
    assert done.code == 0, done.said
    assert (desk.work / "node_modules/parts-here").is_dir()
    assert json.loads((desk.work / "node_modules/app/package.json").read_text())["version"] == "1.0.0"
    assert listed(node, command) == []
    assert desk.run("npm", "install", "dep@2", "unknown").code != 0
    assert "pkg:npm/unknown" in listed(node, command)


GRADLE = """\
apply plugin: 'java'
repositories { maven { url 'https://repo.test/x' } }
configurations { mine }
dependencies { mine '%s' }
task show { doLast { configurations.mine.each { println it.name } } }
"""


def test_gradle_has_what_was_fetched_by_exact_versions(tmp_path: Path, command: str) -> None:
    program("gradle")
    home = tmp_path / "team"
    home.mkdir()
    with MavenUpstream() as up:
        policy = f'version: 1\nregistries:\n  maven: {{enabled: true, upstream: "{up.url}"}}\ndefault: allow\n'
        for version in ("1.0", "1.5", "2.0"):
            up.add(f"org.test:one:{version}")
        with Team(home, policy) as team:
            for version in ("1.0", "1.5"):
                for end in ("pom", "jar"):
                    assert team.get(f"/maven/org/test/one/{version}/one-{version}.{end}").status == 200
    desk = Desk(tmp_path / "desk")
    with Team(home, policy, "--offline") as team:
        desk.set_up("gradle", url_of(team))
        for asked, code, said in (("1.+", 0, "one-1.5.jar"), ("2.0", 1, "Could not find org.test:one:2.0")):
            desk.write("build.gradle", GRADLE % f"org.test:one:{asked}")
            done = desk.run("gradle", "--no-daemon", "-q", "show", seconds=300)
            assert (done.code, said in done.said) == (code, True), done.said
        assert listed(team, command) == ["pkg:maven/org.test/one@2.0"]


def test_a_mirror_of_a_host_that_is_always_offline_asks_no_upstream(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("JHANSI_OFFLINE", "1")
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0"))
        with Team(tmp_path, policy_text(up)) as team:
            assert team.get("/pypi/simple/demo/").status == 404
        assert up.requests == []
