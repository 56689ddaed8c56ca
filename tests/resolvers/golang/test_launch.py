"""How programs are started."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jhansi_runner.resolvers.golang.launch import KEEP, SIGNS, launch
from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.resolver import Tools

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

MAIN = "package main\n\nfunc main() {}\n"
MOD = "module example.test/app\n\ngo 1.21\n\nrequire example.test/b v1.0.0\n"


def test_a_program_is_built_in_its_module_and_run_as_itself(planned: MakePlan, tools: Tools) -> None:
    plan = planned({"app/go.mod": MOD, "app/cmd/x/main.go": MAIN}, "app/cmd/x/main.go")
    found = launch(plan, "app/cmd/x/main.go", tools, installed=True)
    (binary,) = found.argv
    assert binary.startswith(f"{KEEP}/bin/") and binary.endswith("/x")
    assert found.build[:2] == ("/bin/sh", "-c")
    assert found.build[4:] == ("/sandbox/app", binary, "./cmd/x")
    assert found.env["GOMODCACHE"] == "/deps/mod"
    assert found.env["GOFLAGS"] == "-buildvcs=false -modcacherw -overlay=/deps/overlay.json"
    assert (found.env["GOPROXY"], found.env["GOTOOLCHAIN"]) == ("off", "local")
    assert (found.keeps, found.signs) == ((KEEP,), SIGNS)


def test_tests_are_built_with_what_they_test_and_run_in_their_folder(planned: MakePlan, tools: Tools) -> None:
    files = {"go.mod": MOD, "x/x.go": "package x\n", "x/x_test.go": 'package x_test\n\nimport "testing"\n'}
    plan = planned(files, "x/x_test.go")
    assert plan.target == "x"
    assert {"testing", "testing/internal/testdeps"} < set(plan.system)
    found = launch(plan, "x/x_test.go", tools, installed=True)
    assert " test -C " in found.build[2]
    assert found.argv[3:] == (found.build[5], "/sandbox/x")
    assert launch(planned({"x/x.go": MAIN}, "x/x.go"), "x/x.go", tools, installed=True).argv[0] != found.argv[3]


def test_what_go_says_of_a_build_is_on_stderr_and_its_exit_code_is_that_of_the_build(tmp_path: Path) -> None:
    plan = Plan("go", "none", files=(("recipe.json", _recipe()),), target="main.go")
    found = launch(plan, "main.go", Tools({}, {"go": "1.26.8"}, ""), installed=True)
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    go.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(found.build, env=env, capture_output=True, text=True, check=False)
    said = f"build -C /sandbox -o {found.argv[0]} ./main.go\n"
    assert (done.returncode, done.stdout, done.stderr) == (7, "", said)


def _recipe() -> str:
    return '{"mode": "scanned", "folders": [""], "members": [], "made": "", "tests": false}'


def test_code_without_a_manifest_or_packages_gets_one_where_it_is_started(planned: MakePlan, tools: Tools) -> None:
    found = launch(planned({"x/main.go": MAIN}, "x/main.go"), "x/main.go", tools, installed=False)
    assert found.build[4] == "module program\n\ngo 1.26\n"
    assert '"/sandbox/x/go.mod": "/tmp/go/go.mod"' in found.build[5]
    assert found.build[6] == "/sandbox/x"
    assert "-overlay=/tmp/go/overlay.json" in found.env["GOFLAGS"]


def test_a_command_may_ask_the_registry_where_nothing_is_installed(planned: MakePlan, tools: Tools) -> None:
    plan = planned({"go.mod": MOD}, None)
    assert launch(plan, None, tools, installed=False).env["GOPROXY"].startswith("https://")
    assert launch(plan, None, tools, installed=True).env["GOPROXY"] == "off"


@pytest.mark.parametrize("language", ["1.99", "1.26.9", "2.0"])
def test_a_newer_go_than_the_hosts_is_told_with_both(planned: MakePlan, tools: Tools, language: str) -> None:
    plan = planned({"go.mod": f"module example.test/app\n\ngo {language}\n", "main.go": MAIN}, "main.go")
    with pytest.raises(ManifestError, match=f"asks for Go {language}, and this host has Go 1.26.8") as caught:
        launch(plan, "main.go", tools, installed=False)
    assert (caught.value.file, caught.value.line) == ("go.mod", 3)


@pytest.mark.parametrize("text", ["go 1.26", "go 1.26.8", "go 1.21\ntoolchain go1.99.1", "go 1.26rc1"])
def test_an_older_go_or_a_wish_for_a_newer_one_is_no_fault(planned: MakePlan, tools: Tools, text: str) -> None:
    plan = planned({"go.mod": f"module example.test/app\n\n{text}\n", "main.go": MAIN}, "main.go")
    assert launch(plan, "main.go", tools, installed=False).argv


@pytest.mark.parametrize(
    ("words", "open_"),
    [
        (["get", "example.test/x"], True),
        (["mod", "tidy"], True),
        (["work", "init"], True),
        (["install", "example.test/x@latest"], True),
        (["-C", "inner", "mod", "tidy"], True),
        (["run", "example.test/x@v1.0.0", "argument"], True),
        (["list", "-m", "-u", "all"], True),
        (["build", "-mod=mod", "./..."], True),
        (["build", "./..."], False),
        (["test", "-run", "mod", "./..."], False),
        (["run", ".", "somebody@example.test"], False),
        (["run", "./cmd/x", "somebody@example.test"], False),
        (["run", "-race", "main.go", "somebody@example.test"], False),
        (["list", "-deps", "./..."], False),
        ([], False),
    ],
)
def test_a_command_that_works_on_modules_gets_the_registry_and_no_overlay(
    planned: MakePlan, tools: Tools, tmp_path: Path, words: list[str], open_: bool
) -> None:
    found = launch(planned({"go.mod": MOD}, None), None, tools, installed=True)
    (folder, place), *_ = found.mounts
    assert (found.path, place) == (("/launch/bin",), "/launch/bin")
    script = Path(folder, "go").read_text().replace("/tmp/go-changed", f"{tmp_path}/changed")
    (tmp_path / "go").write_text('#!/bin/sh\necho "$#,$GOMODCACHE,$GOPROXY,$GOFLAGS,${GOWORK-unset}"\n')
    (tmp_path / "go").chmod(0o755)
    env = {"PATH": f"/elsewhere:{os.environ['PATH']}", **found.env, "JHANSI_GO": f"{tmp_path}/go"}
    done = subprocess.run(["/bin/sh", "-c", script, "go", *words], env=env, capture_output=True, text=True, check=True)
    flags = "-buildvcs=false -modcacherw"
    work = "unset" if "work" in words else "off"
    way = (
        ["/keep/go/mod", found.env["JHANSI_GOPROXY"], f"{flags} "]
        if open_
        else ["/deps/mod", "off", f"{flags} -overlay=/deps/overlay.json"]
    )
    assert done.stdout == f"{len(words)},{','.join(way)},{work}\n"
    assert (tmp_path / "changed").exists() == (open_ and bool({"get", "mod", "work"} & set(words)))


def test_the_registry_of_a_command_is_asked_through_the_gate_alone(planned: MakePlan, tools: Tools) -> None:
    env = launch(planned({"go.mod": MOD}, None), None, tools, installed=True).env
    assert env["JHANSI_GOPROXY"].startswith("https://") and "," not in env["JHANSI_GOPROXY"]
    assert (env["JHANSI_GO"], env["GOTOOLCHAIN"]) == (tools.paths["go"], "local")
