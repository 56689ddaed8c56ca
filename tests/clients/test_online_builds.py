"""go, mvn and gradle with packages of the public registries: through an empty cache, and then offline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.clients import Desk, program, url_of
from support.projects import MAIN, POM
from support.team import Team

pytestmark = pytest.mark.online

_GIN = """\
package main

import "github.com/gin-gonic/gin"

func main() {
	gin.New()
}
"""
_GRADLE = """\
apply plugin: 'java'
repositories { mavenCentral() }
dependencies { compileOnly 'com.google.guava:guava:33.3.1-jre' }
"""
_GUAVA = "class Main { Object list = com.google.common.collect.ImmutableList.of(); }\n"


def _go(desk: Desk, url: str) -> None:
    desk.set_up("go", url)
    desk.write("go.mod", "module main.test/main\n\ngo 1.21\n")
    desk.write("main.go", _GIN)
    for words in (
        ["get", "github.com/gin-gonic/gin@v1.10.0"],
        ["mod", "tidy"],
        ["mod", "verify"],
        ["list", "-deps", "."],
    ):
        done = desk.run("go", *words)
        assert done.code == 0, done.said
    assert "github.com/gin-gonic/gin/render" in done.said.splitlines()
    assert "github.com/gin-gonic/gin v1.10.0 h1:" in (desk.work / "go.sum").read_text()


def _maven(desk: Desk, url: str) -> None:
    desk.set_up("maven", url)
    desk.write("pom.xml", POM)
    desk.write("src/main/java/demo/Main.java", MAIN)
    done = desk.run("mvn", "-B", "-ntp", "package", seconds=300)
    assert done.code == 0, done.said
    assert "it ran" in desk.run("java", "-jar", "target/demo-1.jar").said


def _gradle(desk: Desk, url: str) -> None:
    desk.set_up("gradle", url)
    desk.write("build.gradle", _GRADLE)
    desk.write("src/main/java/Main.java", _GUAVA)
    done = desk.run("gradle", "--no-daemon", "--console=plain", "assemble")
    assert done.code == 0, done.said
    assert (desk.work / "build/classes/java/main/Main.class").exists()


@pytest.mark.parametrize(
    ("name", "build"), [("go", _go), ("mvn", _maven), ("gradle", _gradle)], ids=["go", "mvn", "gradle"]
)
def test_a_build_fills_an_empty_cache_from_which_it_works_offline(
    tmp_path: Path, name: str, build: Callable[[Desk, str], None]
) -> None:
    program(name)
    cache = tmp_path / "cache"
    cache.mkdir()
    with Team(cache, "") as team:
        build(Desk.without_network(tmp_path / "first"), url_of(team))
    with Team(cache, "", "--offline") as team:
        build(Desk.without_network(tmp_path / "second"), url_of(team))
