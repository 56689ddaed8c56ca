"""`exec --test` runs the tests that are there, with the tool that is theirs, beside a program if one is named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.runner.options import ExecOptions
from jhansi_runner.runner.testing import as_tests
from jhansi_runner.runner.workspace import Workspace
from support.engine import Driven, driven
from support.packed import packed
from support.registry import Upstream
from support.user import PATH, User
from support.wheels import make_wheel

PASSES = "def test_good():\n    assert True\n"
FAILS = "def test_bad():\n    assert 'six' == 'seven'\n"
node = pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="Node is not installed")
go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")


@pytest.fixture(scope="module")
def index() -> Iterator[Upstream]:
    """A package index with pytest, as it is, and what it needs."""
    with Upstream() as upstream:
        for wheel in packed("pytest"):
            upstream.add(wheel)
        upstream.add(make_wheel("six", "1.16.0"))
        yield upstream


@pytest.fixture
def python(user: User, index: Upstream) -> User:
    user.policy(index.url)
    return user


@pytest.fixture
def engine(python: User) -> Iterator[Driven]:
    with driven(python) as engine:
        yield engine


def test_pytest_is_installed_where_no_manifest_names_it(python: User) -> None:
    python.write("test_main.py", PASSES)
    done = python.exec("--test")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done
    python.write("test_main.py", FAILS)
    done = python.exec("--test", "--", "-k", "bad")
    assert (done.returncode, "assert 'six' == 'seven'" in done.stdout) == (1, True)


def test_a_manifest_that_does_not_name_pytest_gets_it_for_tests_and_for_nothing_else(python: User) -> None:
    python.write("requirements.txt", "six==1.16.0\n")
    python.write("test_main.py", f"import six\n{PASSES}")
    assert python.exec("--", "python", "-m", "pytest").returncode != 0
    done = python.exec("--test")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done
    assert python.exec("--", "python", "-m", "pytest").returncode != 0


def test_cases_of_unittest_are_tests_too(python: User) -> None:
    python.write("test_old.py", "import unittest\nclass T(unittest.TestCase):\n    def test(self): self.fail('no')\n")
    done = python.exec("--test")
    assert (done.returncode, "1 failed" in done.stdout) == (1, True)


def test_a_program_that_ends_comes_first_and_the_exit_code_is_that_of_the_tests(python: User) -> None:
    python.write("main.py", "import sys\nprint('from the program'); print('its error', file=sys.stderr); sys.exit(9)")
    python.write("test_main.py", PASSES)
    outcome = python.exec_json("--test", "main.py")
    assert outcome["exit_code"] == 0, outcome
    assert outcome["stderr"] == "its error\n"
    assert outcome["output"].index("from the program") < outcome["output"].index("1 passed")


def test_a_program_that_goes_on_is_there_for_the_tests(python: User) -> None:
    python.write("main.py", "import http.server\nhttp.server.test(http.server.SimpleHTTPRequestHandler, port=8000)")
    python.write(
        "test_main.py",
        "import urllib.request\n"
        "def test_served():\n"
        "    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
        "    assert b'test_main.py' in opener.open('http://127.0.0.1:8000/', timeout=10).read()\n",
    )
    done = python.exec("--test", "main.py")
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done


def test_the_engine_tests_too_beside_a_command_and_its_input(engine: Driven) -> None:
    sandbox = engine.sandbox(test_main_py=PASSES)
    engine.user.write(engine.work(sandbox) / "test_main.py", PASSES)
    run = engine.submit(sandbox, test=True, command="echo first; cat", stdin="typed\n", args=["-q"])
    outcome = engine.outcome(run)
    assert outcome["exit_code"] == 0, outcome
    assert outcome["output"].index("first\ntyped\n") < outcome["output"].index("1 passed")
    only = engine.outcome(engine.submit(sandbox, test=True))
    assert (only["exit_code"], "1 passed" in only["stdout"]) == (0, True)


@node
@pytest.mark.parametrize(("said", "code"), [("passes", 0), ("fails", 1)])
def test_node_runs_its_tests(user: User, said: str, code: int) -> None:
    result = "" if said == "passes" else "throw new Error('no')"
    user.write("lib/main.test.js", f"require('node:test')('it {said}', () => {{{result}}})")
    done = user.exec("--test", "--no-install")
    assert (done.returncode, f"it {said}" in done.stdout) == (code, True), done


@node
def test_npm_runs_the_script_of_a_package_unless_it_is_npms_own(user: User) -> None:
    script = "echo the script of"
    user.write("package.json", f'{{"name": "a", "version": "1.0.0", "scripts": {{"test": "{script}"}}}}')
    done = user.exec("--test", "--no-install", "--", "mine")
    assert (done.returncode, "the script of mine" in done.stdout) == (0, True), done
    own = 'echo \\"Error: no test specified\\" && exit 1'
    user.write("package.json", f'{{"name": "a", "version": "1.0.0", "scripts": {{"test": "{own}"}}}}')
    done = user.exec("--test", "--no-install")
    assert (done.returncode, "nothing to test" in done.stderr) == (127, True)


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ('{"devDependencies": {"jest": "^29"}}', ["jest", "-t", "a"]),
        ('{"devDependencies": {"vitest": "^2"}, "scripts": {"start": "x"}}', ["vitest", "run", "-t", "a"]),
        ('{"dependencies": {"mocha": "^10"}, "devDependencies": null}', ["mocha", "-t", "a"]),
        ('{"devDependencies": {"jest": "^29"}, "scripts": {"test": "vitest"}}', ["npm", "test", "--", "-t", "a"]),
        ('{"devDependencies": ["jest"], "scripts": []}', ["node", "--test", "-t", "a"]),
        ("[", ["node", "--test", "-t", "a"]),
    ],
)
def test_a_package_without_a_script_is_tested_by_what_it_depends_on(
    tmp_path: Path, package: str, words: list[str]
) -> None:
    (tmp_path / "package.json").write_text(package)
    (tmp_path / "a.test.js").write_text("")
    options = ExecOptions()
    options.arguments = ["-t", "a"]
    as_tests(options, Workspace(str(tmp_path), os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)), "")
    assert (options.language, options.command) == ("node", words)


@go
def test_go_runs_the_tests_of_all_packages(user: User) -> None:
    user.env["PATH"] = f"{os.path.dirname(shutil.which('go') or '')}:{PATH}"
    user.write("go.mod", "module example.test/app\n\ngo 1.20\n")
    user.write("inner/a_test.go", 'package inner\n\nimport "testing"\n\nfunc TestA(t *testing.T) { t.Log("here") }\n')
    done = user.exec("--test", "--no-install", "--", "-v", timeout=400)
    assert (done.returncode, "--- PASS: TestA" in done.stdout) == (0, True), done


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a_test.go", "in/b_test.go", "go.mod"), ["./..."]),
        (("a_test.go", "a.go", "in/b_test.go", "a.txt"), ["./a.go", "./a_test.go"]),
        (("in/b_test.go", "in/b.go", "a.go"), ["./in/b.go", "./in/b_test.go"]),
        (("in/go.mod", "in/b_test.go"), ["./..."]),
        (("a.go",), ["./..."]),
    ],
)
def test_go_is_told_what_to_test(tmp_path: Path, names: tuple[str, ...], words: list[str]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    options = ExecOptions()
    options.language, options.arguments = "go", ["-v"]
    as_tests(options, Workspace(str(tmp_path), os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)), "")
    assert [*options.command[:3], *sorted(options.command[3:])] == ["go", "test", "-v", *words]


@go
def test_go_runs_tests_without_a_module(user: User) -> None:
    user.env["PATH"] = f"{os.path.dirname(shutil.which('go') or '')}:{PATH}"
    user.write("a.go", "package a\n\nfunc One() int { return 1 }\n")
    user.write("a_test.go", 'package a\n\nimport "testing"\n\nfunc TestA(t *testing.T) { t.Log(One()) }\n')
    done = user.exec("--test", "--no-install", "--", "-v", timeout=400)
    assert (done.returncode, "--- PASS: TestA" in done.stdout) == (0, True), done


@pytest.mark.parametrize(
    ("files", "options", "words"),
    [
        ({}, (), ("nothing to test", "test_main.py")),
        ({"main.py": ""}, (), ("nothing to test",)),
        ({"main.py": "", "a.txt": ""}, ("--language", "python"), ("test_*.py", "when a sandbox is created")),
        ({"test_a.py": "", "b.test.js": ""}, (), ("node and python", "--language")),
        ({"test_a.py": ""}, ("none.py",), ("no file none.py",)),
        ({"Main.java": ""}, ("--language", "java"), ("nothing to test", "pom.xml")),
    ],
)
def test_where_there_is_nothing_to_test_that_is_said(
    user: User, files: dict[str, str], options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for name, text in files.items():
        user.write(name, text)
    done = user.exec("--test", *options)
    assert done.returncode == 127
    assert all(word in done.stderr for word in words), done.stderr
    assert "--test:" not in done.stderr, "who asks over HTTP has no such option"


def test_a_link_out_of_the_workspace_is_no_package_json(user: User) -> None:
    user.write(user.home / "package.json", '{"scripts": {"test": "echo secret"}}')
    os.symlink(user.home / "package.json", user.work / "package.json")
    done = user.exec("--test", "--language", "node")
    assert (done.returncode, "nothing to test" in done.stderr) == (127, True)


@pytest.mark.skipif(not shutil.which("mvn"), reason="Maven is not installed")
def test_maven_asks_nothing_and_draws_nothing(user: User) -> None:
    user.env["PATH"] = f"{os.path.dirname(shutil.which('mvn') or '')}:{PATH}"
    user.write("pom.xml", "<project/>")
    done = user.exec("--test", "--no-install", "--", "--version", timeout=60)
    assert (done.returncode, "Apache Maven" in done.stdout, "\x1b[1m" in done.stdout) == (0, True, False), done
