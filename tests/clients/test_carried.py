"""Real clients on a side without registries install what was carried to it, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.bundles import World
from support.cases import NpmCase, PypiCase
from support.clients import Desk, Done, url_of
from support.homes import home_in
from support.team import Team


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The mirror of a side to which two of three versions were carried; its registries are gone."""
    folder: Path = tmp_path_factory.mktemp("carried")
    with ExitStack() as stack:
        world = World(stack, folder, (PypiCase, NpmCase))
        policy = world.side("x").policy
        sender, receiver = home_in(folder / "sender", policy), home_in(folder / "receiver", policy)
        world.fetch(sender.side(policy), 0, 1)
        bundle, key = str(folder / "b.tar"), str(folder / "k")
        assert sender.run("keygen", key).code == 0
        assert sender.run("export", bundle, "--key", f"{key}.key").code == 0
    assert receiver.run("import", bundle, "--key", f"{key}.pub").code == 0
    with Team(receiver.folder, "", "--offline") as team:
        yield team


def _pip(desk: Desk, client: str, what: str) -> Done:
    lib = str(desk.home / "lib")
    if client == "uv":
        return desk.run("uv", "pip", "install", "--python", sys.executable, "--target", lib, what)
    return desk.run(sys.executable, "-m", "pip", "install", "--target", lib, what)


@pytest.mark.parametrize("client", ["pip", "uv"])
def test_pip_and_uv_choose_what_is_there(desk: Desk, team: Team, client: str) -> None:
    desk.set_up(client, url_of(team))
    done = _pip(desk, client, "demo")
    assert done.code == 0, done.said
    assert (desk.home / "lib" / "demo-1.1.0.dist-info").is_dir()
    assert _pip(desk, client, "demo==2.0.0").code != 0


def test_npm_chooses_what_is_there(desk: Desk, team: Team) -> None:
    desk.set_up("npm", url_of(team))
    done = desk.run("npm", "install", "demo@1")
    assert done.code == 0, done.said
    assert '"1.1.0"' in (desk.work / "node_modules" / "demo" / "package.json").read_text()
    assert desk.run("npm", "install", "demo@2.0.0").code != 0
