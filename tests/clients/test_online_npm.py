"""npm, pnpm and both Yarns with packages of the public registry: through an empty cache, and then offline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from support.clients import Desk, program, url_of
from support.nodetools import PINNED, NodeTool, installed
from support.team import Team

pytestmark = pytest.mark.online
NEEDS = {"express": "5.1.0", "@sindresorhus/is": "7.0.1"}
RANGES = {"express": "^5.1.0", "@sindresorhus/is": "^7.0.1"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a mirror under the policy that is shipped; its cache is empty at first."""
    program("npm")
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def tools(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NodeTool]]:
    with Team(cache, "") as team:
        yield installed(tmp_path_factory.mktemp("tools"), url_of(team))


def _project(desk: Desk, needs: dict[str, str]) -> None:
    desk.write("package.json", json.dumps({"name": "work", "version": "1.0.0", "dependencies": needs}))


def _complete(desk: Desk) -> bool:
    return all((desk.work / f"node_modules/{name}/package.json").exists() for name in NEEDS)


def test_npm(cache: Path, tmp_path: Path) -> None:
    with Team(cache, "") as team:
        desk = Desk.without_network(tmp_path / "online")
        desk.set_up("npm", url_of(team))
        _project(desk, NEEDS)
        done = desk.run("npm", "install")
        assert done.code == 0 and _complete(desk), done.said
        lock = (desk.work / "package-lock.json").read_text()
        made_elsewhere = lock.replace(f"{url_of(team)}/npm/", f"https://{public_host('npm')}/")
    with Team(cache, "", "--offline") as team:
        locked = Desk.without_network(tmp_path / "locked")
        locked.set_up("npm", url_of(team))
        _project(locked, NEEDS)
        locked.write("package-lock.json", made_elsewhere)
        done = locked.run("npm", "ci")
        assert done.code == 0 and _complete(locked), done.said
        resolving = Desk.without_network(tmp_path / "resolving")
        resolving.set_up("npm", url_of(team))
        _project(resolving, RANGES)
        done = resolving.run("npm", "install")
        assert done.code == 0 and _complete(resolving), done.said


@pytest.mark.parametrize("client", list(PINNED))
def test_others(cache: Path, tools: dict[str, NodeTool], tmp_path: Path, client: str) -> None:
    tool = tools[client]
    with Team(cache, "") as team:
        desk = Desk.without_network(tmp_path / "online")
        tool.set_up(desk, url_of(team))
        _project(desk, NEEDS)
        done = tool.install(desk)
        assert done.code == 0 and _complete(desk), done.said
        lock = (desk.work / tool.lock).read_text()
    # Yarn classic's lock file has the mirror's URLs, so the mirror stays where it was.
    with Team(cache, "", "--offline", "--listen", f"127.0.0.1:{team.port}") as team:
        locked = Desk.without_network(tmp_path / "locked")
        tool.set_up(locked, url_of(team))
        _project(locked, NEEDS)
        locked.write(tool.lock, lock)
        done = tool.install(locked, "--immutable" if client == "yarn-berry" else "--frozen-lockfile")
        assert done.code == 0 and _complete(locked), done.said
