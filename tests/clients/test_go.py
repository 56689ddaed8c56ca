"""The real go command, on the mirror and through the gate, with a checksum database of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy import paths
from support.clients import TOKEN, Desk, Serve, opened, program, url_of
from support.registry import Authority
from support.registry.golang import GoUpstream
from support.team import Team

RULES = """\
default: allow
rules:
  - deny: pkg:golang/example.test/bad
    reason: it steals keys
  - deny: pkg:golang/example.test/picky
    versions: "<v2"
    reason: it steals keys too
"""
LINE, PICKY_LINE = "policy.yaml:7", "policy.yaml:9"


@pytest.fixture(scope="module")
def up() -> Iterator[GoUpstream]:
    program("go")
    with GoUpstream() as up:
        up.add("example.test/Helper", "v1.2.0")
        up.add(
            "example.test/app", "v1.0.0", _importing("app", "example.test/Helper"), [("example.test/Helper", "v1.2.0")]
        )
        up.add("example.test/bad", "v1.0.0")
        up.add("example.test/picky", "v1.0.0")
        for name in ("bad", "picky"):
            needed = f"example.test/{name}"
            up.add(f"example.test/needs{name}", "v1.0.0", _importing(f"needs{name}", needed), [(needed, "v1.0.0")])
        yield up


def _importing(name: str, needed: str) -> dict[str, str]:
    return {f"{name}.go": f'package {name}\n\nimport _ "{needed}"\n\nconst Version = "1"\n'}


def _policy(up: GoUpstream) -> str:
    return f'version: 1\nregistries:\n  golang: {{enabled: true, upstream: "{up.url}"}}\n\n{RULES}'


@pytest.fixture(scope="module")
def team(up: GoUpstream, serve: Serve) -> Team:
    return serve(_policy(up))


@pytest.fixture(autouse=True)
def _module(desk: Desk, up: GoUpstream) -> None:
    desk.env["GOSUMDB"] = up.sums.key
    desk.write("go.mod", "module main.test/main\n\ngo 1.21\n")


@pytest.fixture
def at_mirror(team: Team, desk: Desk) -> Desk:
    desk.set_up("go", url_of(team))
    return desk


@pytest.fixture
def at_gate(folders: paths.Paths, up: GoUpstream, desk: Desk) -> Iterator[Desk]:
    with opened(folders, _policy(up)) as gate:
        desk.env |= gate.env
        yield desk


@pytest.fixture(params=["mirror", "gate"])
def anywhere(request: pytest.FixtureRequest) -> Desk:
    found = request.getfixturevalue(f"at_{request.param}")
    assert isinstance(found, Desk)
    return found


def _program(desk: Desk, needed: str) -> None:
    desk.write("main.go", f'package main\n\nimport _ "{needed}"\n\nfunc main() {{}}\n')


def _locked(desk: Desk, up: GoUpstream, *names: str) -> None:
    """A program with go.mod and go.sum as they are made elsewhere."""
    _program(desk, f"example.test/{names[0]}")
    requires = "".join(f"require example.test/{name} v1.0.0\n" for name in names)
    desk.write("go.mod", f"module main.test/main\n\ngo 1.21\n\n{requires}")
    records = [up.sums.lookup(f"example.test/{name}@v1.0.0") for name in names]
    desk.write("go.sum", "".join("".join(r.decode().splitlines(keepends=True)[1:3]) for r in records if r))


def test_a_module_is_fetched_with_what_it_needs_and_checked(anywhere: Desk) -> None:
    _program(anywhere, "example.test/app")
    done = anywhere.run("go", "mod", "tidy")
    assert done.code == 0, done.said
    assert anywhere.run("go", "list", "-deps", ".").code == 0
    assert "example.test/Helper v1.2.0 h1:" in (anywhere.work / "go.sum").read_text()


def test_a_denied_module_is_refused_in_gos_own_words(anywhere: Desk) -> None:
    _program(anywhere, "example.test/needsbad")
    done = anywhere.run("go", "mod", "tidy")
    assert done.code != 0
    assert "it steals keys" in done.words and LINE in done.words, done.said


@pytest.mark.parametrize(("name", "line"), [("bad", LINE), ("picky", PICKY_LINE)])
def test_go_mod_and_go_sum_bring_nothing_in_that_is_denied(
    anywhere: Desk, up: GoUpstream, name: str, line: str
) -> None:
    _locked(anywhere, up, f"needs{name}", name)
    done = anywhere.run("go", "build", "./...")
    assert done.code != 0
    assert "it steals keys" in done.words and line in done.words, done.said


def test_what_the_checksum_database_contradicts_is_refused(anywhere: Desk, up: GoUpstream) -> None:
    up.add("example.test/swapped", "v1.0.0")
    up.add("example.test/swapped", "v1.0.0", {"swapped.go": "package swapped\n// a trojan\n"})
    done = anywhere.run("go", "get", "example.test/swapped@v1.0.0")
    assert done.code != 0
    assert "SECURITY ERROR" in done.said


@pytest.mark.parametrize("where", ["URL", "netrc"])
def test_a_token_is_sent_over_https(desk: Desk, up: GoUpstream, serve: Serve, tmp_path: Path, where: str) -> None:
    authority = Authority(tmp_path)
    team = serve(_policy(up), token=True, tls=authority)
    desk.env["SSL_CERT_FILE"] = str(authority.ca_file)
    desk.set_up("go", url_of(team, scheme="https"))
    refused = desk.run("go", "get", "example.test/app")
    assert refused.code != 0
    assert "this mirror asks for a token" in refused.words
    if where == "URL":
        desk.env["JHANSI_TOKEN"] = TOKEN
        desk.set_up("go", url_of(team, scheme="https", token=True))
    else:
        desk.write(desk.home / ".netrc", f"machine 127.0.0.1:{team.port} login any password {TOKEN}\n")
    done = desk.run("go", "get", "example.test/app")
    assert done.code == 0, done.said
    assert "example.test/Helper v1.2.0 h1:" in (desk.work / "go.sum").read_text()
    assert TOKEN not in done.said


def test_go_sends_no_token_without_tls_and_says_so(desk: Desk, up: GoUpstream, serve: Serve) -> None:
    team = serve(_policy(up), token=True)
    desk.env["JHANSI_TOKEN"] = TOKEN
    desk.set_up("go", url_of(team, token=True))
    refused = desk.run("go", "get", "example.test/app")
    assert refused.code != 0
    assert "refusing to pass credentials to insecure URL" in refused.said
    assert TOKEN not in refused.said
