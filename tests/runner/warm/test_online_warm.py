"""Warming from the true registries, few packages; and the locks that pnpm and both Yarns make."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import Desk, program, url_of
from support.nodetools import PINNED, NodeTool, installed
from support.registry.npm import NpmUpstream
from support.team import Team
from support.warmer import Command, policy_text

pytestmark = pytest.mark.online
_LIST = """\
pkg:pypi/six@1.16.0
pkg:npm/left-pad@1.3.0
pkg:maven/org.slf4j/slf4j-api@2.0.16
pkg:golang/rsc.io/quote@v1.5.2
pkg:golang/rsc.io/sampler@v1.3.0
pkg:golang/golang.org/x/text@v0.0.0-20170915032832-14c0d48ead0c
"""


def test_a_list_of_all_four_registries_is_installed_elsewhere(desk: Desk, command: Command) -> None:
    for name in ("npm", "go"):
        program(name)
    names = desk.write("list", _LIST)
    done = command(str(names))
    assert done.returncode == 0, (done.stdout, done.stderr)
    with Team(command.home, "", "--offline") as team:
        for client in ("pip", "npm", "go"):
            desk.set_up(client, url_of(team))
        pip = desk.run(sys.executable, "-m", "pip", "install", "--target", str(desk.home / "lib"), "six==1.16.0")
        assert pip.code == 0, pip.said
        npm = desk.run("npm", "install", "left-pad@1.3.0")
        assert npm.code == 0, npm.said
        desk.write("go.mod", "module main.test/main\n\ngo 1.21\n\nrequire rsc.io/quote v1.5.2\n")
        desk.write("main.go", 'package main\n\nimport "rsc.io/quote"\n\nfunc main() { println(quote.Hello()) }\n')
        tidied = desk.run("go", "mod", "tidy")  # proved by the checksum database
        assert tidied.code == 0, tidied.said
        assert desk.run("go", "build", ".").code == 0


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, NodeTool]]:
    program("npm")
    with Team(tmp_path_factory.mktemp("team"), "") as team:
        yield installed(tmp_path_factory.mktemp("tools"), url_of(team))


@pytest.mark.parametrize("name", list(PINNED))
def test_the_locks_of_pnpm_and_yarn(
    name: str, tools: dict[str, NodeTool], desk: Desk, tmp_path: Path, command: Command
) -> None:
    tool = tools[name]
    desk.write("package.json", json.dumps({"name": "work", "version": "1.0.0", "dependencies": {"app": "^1.0.0"}}))
    with NpmUpstream() as up:
        others = {"@x/arm": "1.0.0", "@x/mac": "1.0.0"}
        up.add("app", "1.0.0", dependencies={"helper": "^1.0.0"}, optionalDependencies=others)
        up.add("helper", "1.0.0")
        up.add("@x/arm", "1.0.0", os=["linux"], cpu=["arm64"])
        up.add("@x/mac", "1.0.0", os=["darwin"])
        (tmp_path / "near").mkdir()
        with Team(tmp_path / "near", policy_text(up)) as team:
            near = url_of(team)
            tool.set_up(desk, near)
            done = tool.install(desk)
            assert done.code == 0, done.said
        command.policy(policy_text(up))
        warmed = command(str(desk.work), "--platform", "linux-x86_64")
        assert warmed.returncode == 0, (warmed.stdout, warmed.stderr)
    with Team(command.home, policy_text(up), "--offline") as team:
        far = Desk.without_network(tmp_path / "fardesk")
        tool.set_up(far, url_of(team))
        shutil.copy(desk.work / "package.json", far.work)
        lock = (desk.work / tool.lock).read_text()
        far.write(tool.lock, lock.replace(near, url_of(team)))
        done = tool.install(far)
        assert done.code == 0, done.said
        assert (far.work / "node_modules/app/package.json").exists()
