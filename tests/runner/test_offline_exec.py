"""`exec --offline` names what is missing in the cache, all of it and nothing else, as a list for the other side."""

from __future__ import annotations

from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.runner.warm.lists import read
from support import npm_tree
from support.clients import Desk
from support.registry import Upstream
from support.registry.npm import NpmUpstream
from support.user import Done, User
from support.wheels import make_wheel

FETCH = """\
import re, sys, urllib.parse, urllib.request
page = sys.argv[1]
for url in re.findall('href="([^"#]+)', urllib.request.urlopen(page).read().decode()):
    for end in ("", ".metadata"):
        urllib.request.urlopen(urllib.parse.urljoin(page, url) + end).read()
"""
"""Fetches a project's files and nothing that they need."""
SIX = "import six\nprint(six.__version__)\n"


def listed(done: Done) -> list[str]:
    """The list that a run wrote, where it said that it did; `cache warm` can read it."""
    (line,) = [line for line in done.stderr.splitlines() if "written to " in line]
    path = line.partition("written to ")[2].partition(":")[0]
    assert f"cache warm {Path(path).name}" in line
    text = Path(path).read_text()
    read(path, text)
    return [line for line in text.splitlines() if not line.startswith("#")]


def nothing_listed(done: Done) -> None:
    assert "written to" not in done.stderr, done.stderr


# Python


@pytest.fixture
def python(new_user: User, upstream: Upstream) -> User:
    """Somebody whose cache has six 1.15.0, and pluggy 1.0 without what that needs."""
    new_user.policy(upstream.url)
    new_user.write("main.py", "print('hello')\n")
    new_user.write("requirements.txt", "six==1.15.0\n")
    assert new_user.exec("main.py").returncode == 0
    upstream.add(make_wheel("pluggy", "1.0", requires=["packaging>=2"]))
    upstream.add(make_wheel("packaging", "2.0"))
    new_user.write("fetch.py", FETCH)
    fetched = new_user.exec("--", "python3", "fetch.py", f"https://{public_host('pypi')}/simple/pluggy/")
    assert fetched.returncode == 0, fetched.stderr
    upstream.stop()
    return new_user


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        ("six==1.16.0", ["pkg:pypi/six@1.16.0"]),
        ("six>=1.16", ["pkg:pypi/six >=1.16"]),
        ("requests", ["pkg:pypi/requests"]),
        ("requests>=2,<3\nsix", ["pkg:pypi/requests >=2,<3"]),
        ("pluggy", ["pkg:pypi/packaging >=2"]),
        ("six==1.16.0\nflask==3.0.0\nrich", ["pkg:pypi/flask@3.0.0", "pkg:pypi/rich", "pkg:pypi/six@1.16.0"]),
    ],
)
def test_what_python_misses_is_listed(python: User, asked: str, missing: list[str]) -> None:
    python.write("requirements.txt", f"{asked}\n")
    done = python.exec("--offline", "main.py")
    assert (done.returncode, done.stdout) == (125, ""), done.stderr
    assert listed(done) == missing, done.stderr


def test_an_older_version_that_is_here_is_taken(python: User) -> None:
    python.write("requirements.txt", "six>=1.10\n")
    python.write("main.py", SIX)
    done = python.exec("--offline", "main.py")
    assert (done.returncode, done.stdout) == (0, "1.15.0\n"), done.stderr
    nothing_listed(done)


def test_the_list_goes_where_it_is_wanted_and_into_the_json(python: User) -> None:
    python.write("requirements.txt", "six==1.16.0\n")
    told = python.exec_json("--offline", "--missing", "../wanted.txt", "main.py")
    assert (told["exit_code"], told["missing"]) == (125, ["pkg:pypi/six@1.16.0"])
    assert (python.root / "wanted.txt").read_text().splitlines()[1:] == ["pkg:pypi/six@1.16.0"]
    assert told["denied"] == [] or {one["code"] for one in told["denied"]} == {"JR-NOT-CACHED"}


def test_a_host_that_is_always_offline_needs_no_option(python: User) -> None:
    python.write("requirements.txt", "six==1.16.0\n")
    done = python.exec("main.py", env={**python.env, "JHANSI_OFFLINE": "1"})
    assert (done.returncode, listed(done)) == (125, ["pkg:pypi/six@1.16.0"])
    wrong = python.exec("main.py", env={**python.env, "JHANSI_OFFLINE": "perhaps"})
    assert (wrong.returncode, "JHANSI_OFFLINE is 'perhaps'" in wrong.stderr) == (125, True)


def test_the_option_for_the_list_is_refused_where_nothing_can_be_missing(python: User) -> None:
    done = python.exec("--missing", "x.txt", "main.py")
    assert (done.returncode, "add --offline" in done.stderr) == (125, True)


def test_an_import_that_is_missed_at_run_time_is_listed(python: User) -> None:
    python.write("requirements.txt", "six==1.15.0\n")
    python.write("main.py", "import importlib\nimportlib.import_module('click')\n")
    done = python.exec("--offline", "main.py")
    assert done.returncode == 1
    assert listed(done) == ["pkg:pypi/click"], done.stderr


def test_a_command_cannot_list_what_it_did_not_ask_for(python: User) -> None:
    done = python.exec(
        "--offline", "--", "sh", "-c", "echo ERROR: No matching distribution found for evil==1 >&2; exit 1"
    )
    assert done.returncode == 1
    nothing_listed(done)


# npm


@pytest.fixture
def node(new_user: User) -> User:
    """Somebody whose cache has app 1.0.0 and what it needs, and app 2.0.0 without; and one with optional parts."""
    with NpmUpstream() as up:
        for version in ("1.0.0", "2.0.0"):
            up.add("app", version, dependencies={"dep": f"^{version}"})
            up.add("dep", version)
        up.add("parts", "1.0.0", optionalDependencies={"parts-win32": "1.0.0", "parts-here": "1.0.0"})
        up.add("parts-win32", "1.0.0", os=["win32"])
        up.add("parts-here", "1.0.0")
        enabled = f'registries: {{npm: {{enabled: true, upstream: "{up.url}"}}}}'
        new_user.write(new_user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n")
        new_user.write("main.js", "console.log('hello')\n")
        new_user.write("package.json", '{"dependencies": {"app": "1.0.0", "parts": "1.0.0"}}')
        done = new_user.exec("main.js")
        assert done.returncode == 0, done.stderr
        assert new_user.exec("--", "npm", "pack", "app@2.0.0", "--pack-destination", "/tmp").returncode == 0
    return new_user


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        ('"app": "3.0.0"', ["pkg:npm/app@3.0.0"]),
        ('"app": "^3.0.0"', ["pkg:npm/app ^3.0.0"]),
        ('"app": "2.0.0"', ["pkg:npm/dep ^2.0.0"]),
        ('"other": "^1.0.0", "parts": "*"', ["pkg:npm/other ^1.0.0"]),
        ('"@acme/x": "~1.2.3 || 2", "app": "4.0.0"', ["pkg:npm/%40acme/x ~1.2.3 || 2", "pkg:npm/app@4.0.0"]),
    ],
)
def test_what_node_misses_is_listed(node: User, asked: str, missing: list[str]) -> None:
    node.write("package.json", f'{{"dependencies": {{{asked}}}}}')
    done = node.exec("--offline", "main.js")
    assert done.returncode == 125, done.stderr
    assert listed(done) == missing, done.stderr


def test_older_versions_and_parts_for_this_host_are_taken(node: User) -> None:
    node.write("package.json", '{"dependencies": {"dep": ">=1.0.0", "parts": "*"}}')
    done = node.exec("--offline", "main.js")
    assert done.returncode == 0, done.stderr
    nothing_listed(done)


@pytest.mark.parametrize(
    ("asked", "missing"),
    [("app@3.0.0", ["pkg:npm/app@3.0.0"]), ("app@2", ["pkg:npm/dep ^2.0.0"]), ("x", ["pkg:npm/x"])],
)
def test_what_a_command_misses_is_listed(node: User, asked: str, missing: list[str]) -> None:
    done = node.exec("--offline", "--", "npm", "install", asked)
    assert done.returncode == 1
    assert listed(done) == missing, done.stderr
    fine = node.exec("--offline", "--", "npm", "install", "dep", "parts")
    assert fine.returncode == 0, fine.stderr
    nothing_listed(fine)


def test_what_npm_misses_of_a_lock_is_listed(node: User) -> None:
    desk = Desk(node.root / "elsewhere")
    with NpmUpstream() as up:
        for name in ("app", "dep", "more", "other"):
            up.add(name, "1.0.0")
        npm_tree.lock(desk, up, "app", "more", "other")
    for name in ("package.json", "package-lock.json"):
        node.write(name, (desk.work / name).read_text())
    done = node.exec("--offline", "--no-install", "--", "npm", "ci")
    assert done.returncode == 1, done.stderr
    assert listed(done) == ["pkg:npm/more@1.0.0", "pkg:npm/other@1.0.0"], done.stderr
    again = node.exec("--offline", "main.js")
    assert again.returncode == 125
    assert listed(again) == ["pkg:npm/more@1.0.0", "pkg:npm/other@1.0.0"], again.stderr
