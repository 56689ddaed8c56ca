"""The real npm, on the mirror and through the gate, in front of a registry on loopback."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator

import pytest

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.registries.upstreams import public_host
from support import npm_tree
from support.clients import TOKEN, Desk, Serve, opened, program, url_of
from support.mirror import eventually
from support.registry import Authority
from support.registry.npm import NpmUpstream
from support.team import Team


@pytest.fixture(scope="module")
def up() -> Iterator[NpmUpstream]:
    program("npm")
    with NpmUpstream() as up:
        npm_tree.fill(up)
        yield up


@pytest.fixture(scope="module")
def team(up: NpmUpstream, serve: Serve) -> Team:
    return serve(npm_tree.policy(up))


@pytest.fixture
def at_mirror(team: Team, desk: Desk) -> Desk:
    desk.set_up("npm", url_of(team))
    return desk


@pytest.fixture
def at_gate(folders: paths.Paths, up: NpmUpstream, desk: Desk) -> Iterator[Desk]:
    with opened(folders, npm_tree.policy(up)) as gate:
        desk.env |= gate.env
        yield desk


@pytest.fixture(params=["mirror", "gate"])
def anywhere(request: pytest.FixtureRequest) -> Desk:
    found = request.getfixturevalue(f"at_{request.param}")
    assert isinstance(found, Desk)
    return found


def _resolved(desk: Desk) -> str:
    lock = json.loads((desk.work / "package-lock.json").read_text())
    return str(lock["packages"]["node_modules/app"]["resolved"])


def test_a_package_is_installed_with_what_it_needs(anywhere: Desk) -> None:
    done = anywhere.run("npm", "install", "app")
    assert done.code == 0, done.said
    assert (anywhere.work / "node_modules/@acme/helper/index.js").exists()


def test_a_denied_package_is_refused_in_npms_own_words(anywhere: Desk) -> None:
    done = anywhere.run("npm", "install", "needs-bad")
    assert done.code != 0
    assert "403 Forbidden" in done.said
    assert "it steals keys" in done.said and npm_tree.LINE in done.said, done.said


def test_a_denied_version_is_said_to_be_withheld(anywhere: Desk) -> None:
    done = anywhere.run("npm", "install", "needs-picky")
    assert done.code != 0
    assert "Could not download picky@1 due to policy violations" in done.said
    assert "policy explain pkg:npm/picky@1.0.0" in done.said
    assert anywhere.run("npm", "install", "picky").code == 0


def test_a_lock_file_made_elsewhere_works_and_stays_as_it_is(anywhere: Desk, up: NpmUpstream) -> None:
    npm_tree.lock(anywhere, up, "app", "@acme/helper")
    before = (anywhere.work / "package-lock.json").read_text()
    done = anywhere.run("npm", "ci")
    assert done.code == 0, done.said
    assert (anywhere.work / "node_modules/@acme/helper/index.js").exists()
    assert (anywhere.work / "package-lock.json").read_text() == before


@pytest.mark.parametrize(("name", "line"), [("bad", npm_tree.LINE), ("picky", npm_tree.PICKY_LINE)])
def test_a_lock_file_brings_nothing_in_that_is_denied(anywhere: Desk, up: NpmUpstream, name: str, line: str) -> None:
    npm_tree.lock(anywhere, up, f"needs-{name}", name)
    done = anywhere.run("npm", "ci")
    assert done.code != 0
    assert f"{name}-1.0.0.tgz" in done.said
    assert "it steals keys" in done.said and line in done.said, done.said
    assert not (anywhere.work / "node_modules" / name).exists()


def test_a_lock_file_from_another_mirror_works(desk: Desk, up: NpmUpstream, team: Team, serve: Serve) -> None:
    desk.set_up("npm", url_of(team))
    assert desk.run("npm", "install", "app").code == 0
    assert _resolved(desk).startswith(f"{url_of(team)}/npm/app/")
    desk.write(desk.home / "other/package.json", (desk.work / "package.json").read_text())
    desk.write(desk.home / "other/package-lock.json", (desk.work / "package-lock.json").read_text())
    other = serve(npm_tree.policy(up))
    desk.set_up("npm", url_of(other))
    done = desk.run("npm", "ci", cwd=desk.home / "other", npm_config_cache=str(desk.home / "empty"))
    assert done.code == 0, done.said
    eventually(lambda: b"app-1.0.0.tgz" in other.get("/").body)  # it may say first that it counts


def test_a_lock_file_that_is_made_through_the_gate_is_the_public_registrys(at_gate: Desk) -> None:
    assert at_gate.run("npm", "install", "app").code == 0
    assert _resolved(at_gate) == f"https://{public_host('npm')}/app/-/app-1.0.0.tgz"


def test_audits_and_publishing_stay_here(at_gate: Desk, up: NpmUpstream) -> None:
    audit = at_gate.run("npm", "install", "--audit", "app")
    assert audit.code == 0, audit.said
    at_gate.write("package.json", '{"name": "mine", "version": "1.0.0"}')
    at_gate.write(".npmrc", f"//{public_host('npm')}/:_authToken=x\n")
    published = at_gate.run("npm", "publish")
    assert published.code != 0
    assert "PUT is refused" in published.said
    assert {request.method for request in up.requests} <= {"GET", "HEAD"}


def test_a_large_package_is_refused_at_the_gate_with_the_reason(at_gate: Desk) -> None:
    at_gate.write("package.json", '{"name": "mine", "version": "1.0.0"}')
    at_gate.write("large", secrets.token_hex(3 << 20))
    at_gate.write(".npmrc", f"//{public_host('npm')}/:_authToken=x\n")
    published = at_gate.run("npm", "publish")
    assert published.code != 0
    assert "PUT is refused" in published.said, published.said


def test_a_token_is_taken_from_npmrc_and_from_the_environment(desk: Desk, up: NpmUpstream, serve: Serve) -> None:
    team = serve(npm_tree.policy(up), token=True)
    desk.set_up("npm", url_of(team))
    refused = desk.run("npm", "install", "app")
    assert refused.code != 0
    assert "E401" in refused.said
    desk.env["JHANSI_TOKEN"] = TOKEN
    desk.set_up("npm", url_of(team, token=True))
    done = desk.run("npm", "install", "app")
    assert done.code == 0, done.said
    assert TOKEN not in (desk.home / ".npmrc").read_text() + done.said


def test_a_mirror_with_tls_is_believed_by_its_authority(desk: Desk, up: NpmUpstream, serve: Serve) -> None:
    authority = Authority(desk.home)
    team = serve(npm_tree.policy(up), tls=authority)
    desk.set_up("npm", url_of(team, scheme="https"))
    assert desk.run("npm", "install", "app").code != 0
    done = desk.run("npm", "install", "app", NODE_EXTRA_CA_CERTS=str(authority.ca_file))
    assert done.code == 0, done.said


@pytest.mark.parametrize("size", [1000, 3_000_000])
def test_publishing_on_the_mirror_is_refused_and_says_so(
    at_mirror: Desk, team: Team, up: NpmUpstream, size: int
) -> None:
    """npm writes all of the package before it reads the answer."""
    at_mirror.write("package.json", json.dumps({"name": "mine", "version": "1.0.0"}))
    at_mirror.write("noise.txt", os.urandom(size).hex())
    at_mirror.write(at_mirror.home / ".npmrc", f"//127.0.0.1:{team.port}/npm/:_authToken={TOKEN}\n")
    published = at_mirror.run("npm", "publish")
    assert published.code != 0
    assert "publishing is refused" in published.said, published.said
    assert not [request for request in up.requests if request.method == "PUT"]


def test_an_audit_on_the_mirror_is_refused_and_says_so(at_mirror: Desk) -> None:
    assert at_mirror.run("npm", "install", "app").code == 0
    audit = at_mirror.run("npm", "audit")
    assert audit.code != 0
    assert "auditing and searching are refused" in audit.said, audit.said
