"""pnpm and both Yarns in front of a registry on loopback; they themselves come from the public one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from jhansi_runner.proxy import paths
from support import npm_tree
from support.clients import TOKEN, Desk, Done, Serve, opened, program, url_of
from support.mirror import eventually
from support.nodetools import PINNED, NodeTool, installed
from support.registry.npm import NpmUpstream
from support.team import Team

pytestmark = pytest.mark.online
EVERYTHING = {"app": "1.0.0", "needs-bad": "1.0.0"}


@pytest.fixture(scope="module")
def up() -> Iterator[NpmUpstream]:
    program("npm")
    with NpmUpstream() as up:
        npm_tree.fill(up)
        yield up


@pytest.fixture(scope="module")
def tools(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> dict[str, NodeTool]:
    return installed(tmp_path_factory.mktemp("tools"), url_of(serve("")))


@pytest.fixture(params=list(PINNED))
def tool(request: pytest.FixtureRequest, tools: dict[str, NodeTool]) -> NodeTool:
    return tools[request.param]


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.write("package.json", json.dumps({"name": "work", "version": "1.0.0"}))
    return desk


@pytest.fixture(scope="module")
def team(up: NpmUpstream, serve: Serve) -> Team:
    return serve(npm_tree.policy(up))


def _locked(tool: NodeTool, desk: Desk) -> tuple[str, str]:
    """A project and its lock file, made where nothing is denied."""
    done = tool.add(desk, *(f"{name}@{version}" for name, version in EVERYTHING.items()))
    assert done.code == 0, done.said
    return (desk.work / "package.json").read_text(), (desk.work / tool.lock).read_text()


def _frozen(tool: NodeTool) -> str:
    return "--immutable" if tool.client == "yarn-berry" else "--frozen-lockfile"


def _says_why(tool: NodeTool, refused: Done) -> None:
    """What is printed of a file that is refused: Yarn 1 prints neither body nor status line."""
    if tool.client == "yarn":
        assert '403 Forbidden"' in refused.said and "bad-1.0.0.tgz" in refused.said, refused.said
    else:
        assert "it steals keys" in refused.words and npm_tree.LINE in refused.words, refused.said


def test_on_the_mirror_an_index_is_refused(tool: NodeTool, desk: Desk, team: Team) -> None:
    tool.set_up(desk, url_of(team))
    assert tool.add(desk, "app").code == 0
    refused = tool.add(desk, "needs-bad")
    assert refused.code != 0
    if tool.client == "yarn":  # it asks for versions, and does not say what it was told
        assert 'Couldn\'t find package "bad@1" required by "needs-bad"' in refused.said, refused.said
    else:
        assert "it steals keys" in refused.words and npm_tree.LINE in refused.words, refused.said


def test_on_the_mirror_a_lock_file_brings_nothing_in_that_is_denied(
    tool: NodeTool, desk: Desk, up: NpmUpstream, serve: Serve
) -> None:
    free = serve(npm_tree.policy(up, "default: allow\n"))
    tool.set_up(desk, url_of(free))
    project, lock = _locked(tool, desk)
    free.policy.write_text(npm_tree.policy(up))
    eventually(lambda: free.get("/npm/bad/-/bad-1.0.0.tgz").status == 403)
    other = Desk.without_network(desk.home / "other")
    tool.set_up(other, url_of(free))
    other.write("package.json", project)
    other.write(tool.lock, lock)
    refused = tool.install(other, _frozen(tool))
    assert refused.code != 0
    _says_why(tool, refused)


def test_through_the_gate_an_index_and_a_lock_file_are_refused(
    tool: NodeTool, desk: Desk, up: NpmUpstream, folders: paths.Paths
) -> None:
    with opened(folders, npm_tree.policy(up, "default: allow\n")) as gate:
        desk.env |= gate.env
        tool.configure(desk)
        project, lock = _locked(tool, desk)
    with opened(folders, npm_tree.policy(up)) as gate:
        other = Desk(desk.home / "other", **gate.env)
        tool.configure(other)
        other.write("package.json", project)
        other.write(tool.lock, lock)
        refused = tool.install(other, _frozen(tool))
        assert refused.code != 0
        fresh = Desk(desk.home / "fresh", **gate.env)
        tool.configure(fresh)
        fresh.write("package.json", '{"name": "work", "version": "1.0.0"}')
        assert tool.add(fresh, "app").code == 0
        index = tool.add(fresh, "needs-bad")
        assert index.code != 0
    _says_why(tool, refused)
    if tool.client != "yarn":
        assert "it steals keys" in index.said and npm_tree.LINE in index.said, index.said


def test_a_lock_file_made_elsewhere_works_on_the_mirror_but_for_yarn_classic(
    tool: NodeTool, desk: Desk, up: NpmUpstream, folders: paths.Paths, serve: Serve
) -> None:
    with opened(folders, npm_tree.policy(up, "default: allow\n")) as gate:
        desk.env |= gate.env
        tool.configure(desk)
        project, lock = _locked(tool, desk)
    other = Desk.without_network(desk.home / "other")
    tool.set_up(other, url_of(serve(npm_tree.policy(up, "default: allow\n"))))
    other.write("package.json", project)
    other.write(tool.lock, lock)
    done = tool.install(other, _frozen(tool))
    if tool.client == "yarn":
        assert "https://" in lock
        assert done.code != 0 and "tunneling socket could not be established" in done.said, done.said
    else:
        assert "https://" not in lock
        assert done.code == 0, done.said


def test_a_token_is_asked_for_and_sent(tool: NodeTool, desk: Desk, up: NpmUpstream, serve: Serve) -> None:
    team = serve(npm_tree.policy(up), token=True)
    tool.set_up(desk, url_of(team))
    assert tool.add(desk, "app").code != 0
    desk.env["JHANSI_TOKEN"] = TOKEN
    tool.set_up(desk, url_of(team, token=True))
    done = tool.add(desk, "app")
    assert done.code == 0, done.said
    assert TOKEN not in done.said
