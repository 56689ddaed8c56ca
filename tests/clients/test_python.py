"""The real pip and uv on the mirror. Through the gate they are tested with the service."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from support.clients import TOKEN, Desk, Done, Serve, url_of
from support.mirror import policy_text
from support.registry import Listing, Upstream
from support.team import Team
from support.wheels import make_wheel

RULES = """\
default: allow
rules:
  - deny: pkg:pypi/bad
    reason: it steals keys
"""
LINE = "policy.yaml:7"


@pytest.fixture(scope="module")
def listings() -> dict[str, Listing]:
    return {}


@pytest.fixture(scope="module")
def up(listings: dict[str, Listing]) -> Iterator[Upstream]:
    with Upstream() as up:
        for wheel in (
            make_wheel("app", "1.0", requires=["helper"]),
            make_wheel("helper", "1.0"),
            make_wheel("bad", "1.0"),
            make_wheel("needs-bad", "1.0", requires=["bad"]),
        ):
            listings[wheel.name] = up.add(wheel)
        yield up


@pytest.fixture(scope="module")
def team(up: Upstream, serve: Serve) -> Team:
    return serve(policy_text(up, RULES))


@pytest.fixture(params=["pip", "uv"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _install(desk: Desk, client: str, *what: str) -> Done:
    lib = str(desk.home / "lib")
    if client == "uv":
        return desk.run("uv", "pip", "install", "--python", sys.executable, "--target", lib, *what)
    return desk.run(sys.executable, "-m", "pip", "install", "--target", lib, *what)


def test_a_package_is_installed_with_what_it_needs(desk: Desk, team: Team, client: str) -> None:
    desk.set_up(client, url_of(team))
    done = _install(desk, client, "app")
    assert done.code == 0, done.said
    assert {"app", "helper"} <= {path.name for path in (desk.home / "lib").iterdir()}


def test_a_denied_package_is_refused(desk: Desk, team: Team, client: str) -> None:
    desk.set_up(client, url_of(team))
    done = _install(desk, client, "needs-bad")
    assert done.code != 0
    _says_why(client, done)


@pytest.mark.parametrize("how", ["lock file", "URL"])
def test_it_is_refused_as_a_file_too(
    desk: Desk, team: Team, up: Upstream, client: str, listings: dict[str, Listing], how: str
) -> None:
    desk.set_up(client, url_of(team))
    bad = listings["bad"]
    lock = desk.write("lock.txt", f"bad==1.0 --hash=sha256:{bad.file.sha256}\n")
    url = f"{url_of(team)}/pypi/files/127.0.0.1:{up.files_port}{bad.path}"
    what = ["--require-hashes", "-r", str(lock)] if how == "lock file" else [url]
    done = _install(desk, client, *what)
    assert done.code != 0
    _says_why(client, done)


def _says_why(client: str, done: Done) -> None:
    """uv prints the problem, pip the status line and the URL."""
    assert "it steals keys" in done.words and LINE in done.words, done.said
    assert client == "uv" or "403 Client Error: Forbidden: " in done.words, done.said


def test_a_token_travels_in_the_url(desk: Desk, up: Upstream, serve: Serve, client: str) -> None:
    team = serve(policy_text(up, RULES), token=True)
    desk.set_up(client, url_of(team))
    refused = _install(desk, client, "app")
    assert refused.code != 0
    assert ("401 Unauthorized" if client == "uv" else "No matching distribution found for app") in refused.said
    desk.env["JHANSI_TOKEN"] = TOKEN
    desk.set_up(client, url_of(team, token=True))
    done = _install(desk, client, "app")
    assert done.code == 0, done.said
    assert TOKEN not in done.said
