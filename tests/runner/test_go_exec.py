"""Go programs, from their manifests or without one, with the real go command behind the gate."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.registry.golang import GoUpstream
from support.user import PATH, User, alive, wait_for

GO = shutil.which("go")
SECONDS = 400
MAIN = """\
package main

import (
	"example.test/app/inner"
	"os"
)

func main() {
	line := make([]byte, 100)
	count, _ := os.Stdin.Read(line)
	here, _ := os.Getwd()
	os.Stdout.WriteString(inner.Version() + " " + os.Args[1] + " " + here + " " + string(line[:count]))
	os.Exit(7)
}
"""
INNER = 'package inner\n\nimport "example.test/Helper"\n\nfunc Version() string { return helper.Version }\n'
HELLO = 'package main\n\nfunc main() { println("hello") }\n'

pytestmark = pytest.mark.skipif(GO is None, reason="go is not installed")


@pytest.fixture(scope="module")
def modules() -> Iterator[GoUpstream]:
    with GoUpstream() as up:
        up.add("example.test/Helper", "v1.2.0")
        up.add("example.test/bad", "v1.0.0")
        up.add("example.test/more", "v1.0.0")
        yield up


@pytest.fixture
def go(user: User, modules: GoUpstream) -> User:
    user.env["PATH"] = f"{os.path.dirname(GO or '')}:{PATH}"
    rules = "rules:\n  - {deny: 'pkg:golang/example.test/bad', reason: it steals keys}\n"
    registry = f'registries: {{golang: {{enabled: true, upstream: "{modules.url}"}}}}'
    user.write(user.state / "policy.yaml", f"version: 1\n{registry}\ndefault: allow\n{rules}")
    return user


def required(user: User, modules: GoUpstream, name: str, version: str, *, folder: str = "") -> None:
    """Write go.mod and go.sum as somebody's go command leaves them."""
    place = f"{folder}/" if folder else ""
    module = f"example.test/{folder or 'app'}"
    user.write(f"{place}go.mod", f"module {module}\n\ngo 1.21\n\nrequire example.test/{name} {version}\n")
    record = modules.sums.lookup(f"example.test/{name}@{version}")
    assert record is not None
    user.write(f"{place}go.sum", "".join(record.decode().splitlines(keepends=True)[1:3]))


def left(user: User) -> list[str]:
    return sorted(path.relative_to(user.work).as_posix() for path in user.work.rglob("*") if path.is_file())


def test_a_program_runs_with_its_modules_and_a_repeat_is_silent(go: User, modules: GoUpstream) -> None:
    required(go, modules, "Helper", "v1.2.0")
    go.write("cmd/app/main.go", MAIN)
    go.write("inner/inner.go", INNER)
    before = left(go)
    first = go.exec("cmd/app/main.go", "one  word", input="typed", timeout=SECONDS)
    assert (first.returncode, first.stdout) == (7, "v1.2.0 one  word /sandbox typed"), first.stderr
    assert "example.test/Helper v1.2.0" in first.stderr
    modules.requests.clear()
    again = go.exec("cmd/app/main.go", "2", input="", timeout=SECONDS)
    assert (again.returncode, again.stdout, again.stderr) == (7, "v1.2.0 2 /sandbox ", "")
    offline = go.exec("--offline", "cmd/app/main.go", "3", timeout=SECONDS)
    assert (offline.returncode, offline.stdout) == (7, "v1.2.0 3 /sandbox ")
    built = go.exec("--", "go", "build", "./...", timeout=SECONDS)
    assert built.returncode == 0, built.stderr
    assert modules.requests == []
    assert left(go) == before


def test_compiling_takes_none_of_a_programs_time_and_is_said(go: User) -> None:
    slow = f'#!/bin/sh\n[ "$1" != build ] || [ "$2" != -C ] || sleep 8\nexec {GO} "$@"\n'
    go.write(go.root / "slow/go", slow, mode=0o700)
    go.env["PATH"] = f"{go.root}/slow:{PATH}"
    go.write("main.go", HELLO)
    toolchain = os.path.dirname(os.path.dirname(os.path.realpath(GO or "")))
    done = go.exec("--read", toolchain, "--timeout", "6", "main.go", timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert "jhansi-runner: compiling the program: " in done.stderr
    assert done.stderr.endswith("hello\n")
    go.write("main.go", "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n")
    endless = go.exec("--read", toolchain, "--timeout", "1", "main.go", timeout=SECONDS)
    assert endless.returncode == 124
    assert endless.stderr.endswith("jhansi-runner: killed after 1 s (--timeout)\n")


def test_a_program_is_not_started_after_the_user_stopped_its_compiler(go: User) -> None:
    """Also where the compiler takes no notice, and ends well."""
    deaf = f'#!/bin/sh\n[ "$1" != build ] || [ "$2" != -C ] || {{ trap "" INT; sleep 7; }}\nexec {GO} "$@"\n'
    go.write(go.root / "deaf/go", deaf, mode=0o700)
    go.env["PATH"] = f"{go.root}/deaf:{PATH}"
    go.write("main.go", HELLO)
    toolchain = os.path.dirname(os.path.dirname(os.path.realpath(GO or "")))
    process = go.start("--read", toolchain, "main.go")
    wait_for(lambda: alive("sleep\x007"), seconds=60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert said.endswith(b"jhansi-runner: error: stopped; the program was not started\n"), said
    assert b"hello" not in said


def test_modules_of_one_workspace_file_are_built_together(go: User, modules: GoUpstream) -> None:
    required(go, modules, "Helper", "v1.2.0", folder="lib")
    go.write("go.work", "go 1.21\n\nuse (\n\t./app\n\t./lib\n)\n")
    go.write("app/go.mod", "module example.test/app\n\ngo 1.21\n\nrequire example.test/lib v0.0.0\n")
    go.write("app/main.go", 'package main\n\nimport "example.test/lib"\n\nfunc main() { println(lib.Version()) }\n')
    go.write("lib/lib.go", INNER.replace("package inner", "package lib"))
    done = go.exec("app/main.go", timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("v1.2.0\n")
    assert go.exec("--offline", "app/main.go", timeout=SECONDS).stderr == "v1.2.0\n"


def test_what_the_policy_denies_is_not_installed(go: User, modules: GoUpstream) -> None:
    required(go, modules, "bad", "v1.0.0")
    go.write("main.go", HELLO)
    done = go.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stdout) == (126, "")
    assert "it steals keys" in done.stderr and "policy.yaml:5" in done.stderr
    assert "go.mod:5" in done.stderr


def test_a_module_that_is_not_what_go_sum_says_is_refused(go: User, modules: GoUpstream) -> None:
    required(go, modules, "Helper", "v1.2.0")
    text = (go.work / "go.sum").read_text()
    go.write("go.sum", text.replace(text.split()[2], "h1:" + "A" * 43 + "="))
    go.write("main.go", HELLO)
    done = go.exec("main.go", timeout=SECONDS)
    assert done.returncode == 125
    assert "SECURITY ERROR" in done.stderr


def test_a_package_that_the_manifest_forgot_is_named_with_what_to_add(go: User, modules: GoUpstream) -> None:
    required(go, modules, "Helper", "v1.2.0")
    go.write("main.go", 'package main\n\nimport "example.test/forgotten/sub"\n\nfunc main() { sub.X() }\n')
    told = go.exec_json("main.go", timeout=SECONDS)
    assert told["exit_code"] == 1
    (found,) = told["unlisted_imports"]
    assert (found["import"], found["file"], found["line"]) == ("example.test/forgotten/sub", "main.go", 3)
    assert (found["package"], found["allowed"]) == ("example.test/forgotten", True)
    assert (found["manifest"], found["addition"]) == ("go.mod", "require example.test/forgotten latest")
    assert [each["name"] for each in told["installed"]] == ["example.test/Helper"]


def test_code_without_a_manifest_runs_without_network(go: User) -> None:
    go.write("x/main.go", 'package main\n\nimport "shop/db"\n\nfunc main() { println(helped(), db.Open()) }\n')
    go.write("x/help.go", 'package main\n\nfunc helped() string { return "helped" }\n')
    go.write("x/help_windows.go", 'package main\n\nfunc helped() string { return "no" }\n')
    go.write("x/gen.go", "//go:build ignore\n\n" + HELLO)
    go.write("db/db.go", 'package db\n\nfunc Open() string { return "opened" }\n')
    done = go.exec("x/main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, "helped opened\n")
    assert go.exec("x/gen.go", timeout=SECONDS).stderr == "hello\n"
    go.write("x/other.go", HELLO.replace("hello", "other"))
    assert go.exec("x/other.go", timeout=SECONDS).stderr == "other\n"
    go.write("x/other.go", "package main\n\nfunc main() { nothing }\n")
    failed = go.exec("x/other.go", timeout=SECONDS)
    assert failed.returncode == 1
    assert "undefined: nothing" in failed.stderr
    assert left(go) == ["db/db.go", "x/gen.go", "x/help.go", "x/help_windows.go", "x/main.go", "x/other.go"]


def test_a_file_of_tests_runs_and_tells_by_its_exit_code(go: User) -> None:
    go.write("x/x.go", "package x\n\nfunc Two() int { return 2 }\n")
    test = (
        'package x\n\nimport "testing"\n\nfunc TestTwo(t *testing.T) {\n\tif Two() != 2 {\n\t\tt.Error("no")\n\t}\n}\n'
    )
    go.write("x/x_test.go", test)
    done = go.exec("x/x_test.go", "-test.v", timeout=SECONDS)
    assert (done.returncode, "--- PASS: TestTwo" in done.stdout) == (0, True), done.stderr
    go.write("x/x_test.go", test.replace("!=", "=="))
    assert go.exec("x/x_test.go", timeout=SECONDS).returncode == 1


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_c_code_is_built_with_the_hosts_compiler(go: User) -> None:
    go.write(
        "main.go", 'package main\n\n// int six(void) { return 6; }\nimport "C"\n\nfunc main() { println(C.six()) }\n'
    )
    done = go.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, "6\n")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"go.mod": "module a.b/c\n\ngo 1.999\n\nrequire example.test/Helper v1.2.0\n"}, "go.mod:3: asks for Go 1.999"),
        ({"go.mod": "module a.b/c\n\nreplace x.y/z => ../z\n"}, "go.mod:3: ../z is outside the workspace"),
        ({"go.mod": "module a.b/c\nrequire (\n"}, "go.mod:1: the block require ( is not closed"),
        ({"main.go": "package lib\n"}, "main.go:1: is no program"),
    ],
)
def test_what_cannot_be_run_is_told_with_its_place(go: User, files: dict[str, str], words: str) -> None:
    for path, text in {"main.go": HELLO, **files}.items():
        go.write(path, text)
    done = go.exec("main.go")
    assert done.returncode == 125
    assert words in done.stderr


def test_a_module_that_does_not_exist_is_told_plainly_and_nothing_is_loosened_for_it(go: User) -> None:
    go.write("main.go", 'package main\n\nimport "github.com/uber/zap"\n\nfunc main() { zap.X() }\n')
    done = go.exec("main.go", timeout=SECONDS)
    assert done.returncode == 125
    said = done.stderr.split("could not be installed\n")[1].splitlines()[0]
    told = "main.go:3: no module on the Go module proxy has a package github.com/uber/zap"
    assert said.strip().removeprefix("jhansi-runner:").strip() == f"{told}; the closest known module is go.uber.org/zap"
    assert "failed:" not in done.stderr
    assert "fetch: any" not in done.stderr


@pytest.fixture
def online(user: User) -> User:
    user.env["PATH"] = f"{os.path.dirname(GO or '')}:{PATH}"
    user.write(user.state / "policy.yaml", "version: 1\nregistries: {golang: {enabled: true}}\ndefault: allow\n")
    return user


@pytest.mark.online
def test_a_single_file_gets_what_it_imports_and_what_it_turns_out_to_miss(online: User) -> None:
    text = 'package main\n\nimport "rsc.io/quote/v3"\n\nfunc main() { println(quote.HelloV3()) }\n'
    online.write("main.go", text)
    done = online.exec("main.go", timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    assert "rsc.io/quote/v3 v3.1.0" in done.stderr
    assert online.exec("--offline", "main.go", timeout=SECONDS).stderr.count("\n") == 1
    online.write("go.mod", "module example.test/app\n\ngo 1.21\n\nrequire rsc.io/sampler v1.3.0\n")
    fixed = online.exec("--fix", "main.go", timeout=SECONDS)
    assert fixed.returncode == 0, fixed.stderr
    assert "running again" in fixed.stderr
    assert "failed:" not in fixed.stderr  # the go command asked for rsc.io too, where nothing is


@pytest.mark.online
def test_a_go_mod_that_requires_nothing_leaves_it_to_the_imports(online: User) -> None:
    online.write("go.mod", "module example.test/app\n\ngo 1.21\n")
    online.write("main.go", 'package main\n\nimport "example.test/app/in"\n\nfunc main() { println(in.Hello()) }\n')
    online.write(
        "in/in.go", 'package in\n\nimport "rsc.io/quote/v3"\n\nfunc Hello() string { return quote.HelloV3() }\n'
    )
    done = online.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Ahoy, world!"), done.stderr
    assert "running again" not in done.stderr
    assert (online.work / "go.mod").read_text().count("\n") == 3


@pytest.mark.online
def test_a_major_version_in_a_folder_brings_what_it_requires(online: User) -> None:
    replaces = "require example.test/app/v2 v2.0.0\n\nreplace example.test/app/v2 => ./v2\n"
    online.write("go.mod", f"module example.test/app\n\ngo 1.21\n\n{replaces}")
    online.write("main.go", 'package main\n\nimport "example.test/app/v2"\n\nfunc main() { println(v2.Version()) }\n')
    online.write("v2/go.mod", "module example.test/app/v2\n\ngo 1.21\n\nrequire rsc.io/quote/v3 v3.1.0\n")
    online.write(
        "v2/v.go", 'package v2\n\nimport "rsc.io/quote/v3"\n\nfunc Version() string { return quote.HelloV3() }\n'
    )
    done = online.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Ahoy, world!"), done.stderr


@pytest.mark.online
def test_a_made_up_module_is_not_installed(online: User) -> None:
    online.write("main.go", 'package main\n\nimport "github.com/siruspen/logrus"\n\nfunc main() { logrus.Info() }\n')
    done = online.exec("main.go", timeout=SECONDS)
    assert done.returncode == 1
    assert "the closest known package is github.com/sirupsen/logrus" in done.stderr


@pytest.mark.online
def test_a_module_with_c_code(online: User) -> None:
    text = (
        'package main\n\nimport (\n\t"database/sql"\n\n\t_ "github.com/mattn/go-sqlite3"\n)\n\nfunc main() {\n'
        '\tdb, _ := sql.Open("sqlite3", ":memory:")\n\tprintln(db.Ping() == nil)\n}\n'
    )
    online.write("main.go", text)
    done = online.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr.endswith("\ntrue\n")) == (0, True), done.stderr


def test_a_second_workspace_compiles_nothing_of_the_standard_library(go: User) -> None:
    go.write("main.go", HELLO)
    go.exec("main.go", timeout=SECONDS)
    go.work = go.folder(go.root / "second")
    go.write("main.go", HELLO)
    done = go.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, "hello\n")
    (kept,) = (path for path in (go.state / "state/private").glob("*/keep/go/keep/go/build") if _is_of(path, go))
    compiled = [path for path in kept.glob("??/*-d") if not path.is_symlink() and path.stat().st_size > 100_000]
    assert len(compiled) <= 1  # the program itself
    assert go.exec("--", "go", "vet", "./...", timeout=SECONDS).returncode == 1  # there is no go.mod


def test_a_seed_that_was_taken_away_is_grown_again(go: User) -> None:
    go.write("main.go", HELLO)
    go.exec("main.go", timeout=SECONDS)
    shutil.rmtree(go.state / "state/seeds")
    done = go.exec("main.go", timeout=SECONDS)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "hello")


def test_no_program_can_change_what_others_are_given(go: User) -> None:
    go.write("main.go", HELLO)
    go.exec("main.go", timeout=SECONDS)
    script = "for f in /launch/go/00/* /launch/go; do echo x >>$f || touch $f/x; done; ls /launch"
    done = go.exec("--language", "go", "--", "sh", "-c", script)
    assert "Read-only file system" in done.stderr
    assert done.stdout == "go\n"


def test_commands_work_on_modules_where_a_set_is_installed(go: User, modules: GoUpstream) -> None:
    required(go, modules, "Helper", "v1.2.0")
    go.write("main.go", MAIN)
    go.write("inner/inner.go", INNER)
    unchecked = ("--env", "GOSUMDB=off", "--")
    added = go.exec(*unchecked, "go", "get", "example.test/more@v1.0.0", timeout=SECONDS)
    assert added.returncode == 0, added.stderr
    assert "example.test/more v1.0.0" in (go.work / "go.mod").read_text()
    script = "go mod tidy && go build -o /tmp/x . && /tmp/x y"
    tidied = go.exec(*unchecked, "sh", "-c", script, input="", timeout=SECONDS)
    assert (tidied.returncode, tidied.stdout) == (7, "v1.2.0 y /sandbox "), tidied.stderr
    assert "example.test/more" not in (go.work / "go.mod").read_text()
    built = go.exec("--", "go", "vet", "./...", timeout=SECONDS)
    assert built.returncode == 0, built.stderr


def _is_of(path: Path, user: User) -> bool:
    shown = user.run("runs", "--workspace", str(user.work), "--json").stdout
    return json.loads(shown)["runs"][0]["sandbox_id"] in path.parts
