"""What is said of modules that do not exist, in place of the go command's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.golang.absent import MAX_LINES, explain
from jhansi_runner.resolvers.interface import Plan

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

MAIN = """\
package main

import (
\t"fmt"

\t"github.com/uber/zap/zapcore"
\t"github.com/labstack/echo/v9"
)

func main() { fmt.Println(zapcore.X, echo.New()) }
"""
ANSWER = "reading https://proxy.test/{}/@v/list: 404 Not Found: the upstream has no list"


@pytest.fixture
def plan(planned: MakePlan) -> Plan:
    return planned({"main.go": MAIN}, "main.go")


def test_an_invented_module_is_told_with_the_import_and_the_closest_known(plan: Plan) -> None:
    package = "github.com/uber/zap/zapcore"
    words = f"imports.go:3:8: cannot find module providing package {package}: module {package}: " + ANSWER.format("x")
    assert explain(f"go: finding module\n{words}\n\tserver response:\n{words}", plan) == (
        f"main.go:6: no module on the Go module proxy has a package {package}; "
        "the closest known module is go.uber.org/zap",
    )


def test_so_is_a_major_version_that_there_is_not(plan: Plan) -> None:
    package = "github.com/labstack/echo/v9"
    found = "imports.go:3:8: module github.com/labstack/echo@latest found (v3.3.10+incompatible), but does not contain "
    (line,) = explain(f"{found}package {package}", plan)
    assert line.startswith(f"main.go:7: no module on the Go module proxy has a package {package}; the closest")


def test_a_version_that_there_is_not_is_told_with_the_manifests_line(planned: MakePlan) -> None:
    files = {"go.mod": "module a\n\ngo 1.21\n\nrequire github.com/google/uuid v1.99.0\n", "main.go": "package main\n"}
    place = "https://proxy.test/github.com/google/uuid/@v/v1.99.0"
    told = "go.mod:5: github.com/google/uuid has no version v1.99.0 on the Go module proxy"
    for words in (
        f"imports.go:3:8: github.com/google/uuid@v1.99.0: reading {place}.zip: 404 Not Found: no",
        f"go: github.com/google/uuid@v1.99.0: reading {place}.mod: 404 Not Found",
    ):
        assert explain(words, planned(files, "main.go")) == (told,)


@pytest.mark.parametrize(
    "answer",
    ["dial tcp: connection refused", "403 Forbidden: denied", "502 Bad Gateway", "404 Not Found: offline, and x"],
)
def test_who_could_not_be_asked_has_said_nothing(plan: Plan, answer: str) -> None:
    package = "github.com/uber/zap/zapcore"
    words = f"cannot find module providing package {package}: module {package}: reading https://p.x: {answer}"
    assert explain(words, plan) == ()
    assert explain(f"go: github.com/uber/zap@v1.0.0: reading https://p.test/x: {answer}", plan) == ()


def test_a_long_story_is_cut(plan: Plan) -> None:
    words = "\n".join(f"cannot find module providing package x.test/{each}: x: 404 Not Found" for each in range(100))
    assert len(explain(words, plan)) == MAX_LINES
