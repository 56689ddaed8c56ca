"""How programs are started, by what the host's Node can do."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan, Requirement
from jhansi_runner.resolvers.node.launch import launch, strips_types
from jhansi_runner.resolvers.resolver import ENTRY, Launch, Tools

TSX = Requirement("tsx", "", "pkg:npm/tsx", None, "main.ts", 1, "launcher")


def start(entry: str | None, version: str = "20.20.2", *requirements: Requirement, installed: bool = True) -> Launch:
    tools = Tools({"node": "/usr/bin/node"}, {"node": version}, "tag")
    return launch(Plan("node", "scan", requirements), entry, "node", tools, installed=installed)


@pytest.mark.parametrize(
    ("version", "options"),
    [
        *(("18.20.0", None), ("20.20.2", None), ("22.5.9", None), ("22.6.0", ("--experimental-strip-types",))),
        *(("22.17.1", ("--experimental-strip-types",)), ("22.18.0", ()), ("23.0.0", ("--experimental-strip-types",))),
        *(
            ("23.5.9", ("--experimental-strip-types",)),
            ("23.6.0", ()),
            ("24.0.0", ()),
            ("v26.1", ()),
            ("", None),
            ("22", None),
        ),
    ],
)
def test_which_node_runs_typescript(version: str, options: tuple[str, ...] | None) -> None:
    assert strips_types(version) == options


def test_javascript_needs_node_alone() -> None:
    assert start("main.js").argv == ("/usr/bin/node", ENTRY)
    assert start("main.js").path == ("/node_modules/.bin",)
    assert start("main.js", installed=False).path == ()


def test_typescript_is_run_by_tsx_where_it_is_installed() -> None:
    for entry, version in (("main.ts", "24.0.0"), ("main.tsx", "20.0.0")):
        started = start(entry, version, TSX)
        assert started.argv == ("/usr/bin/node", "--import", "tsx", "--import", "/launch/start.mjs", ENTRY)
        ((path, place),) = started.mounts
        assert (os.path.isfile(path), place) == (True, "/launch/start.mjs")
    assert start("main.ts", "24.0.0", TSX, installed=False).argv == ("/usr/bin/node", ENTRY)
    assert start("main.mts", "22.7.0").argv == ("/usr/bin/node", "--experimental-strip-types", ENTRY)


def test_ts_node_is_used_where_the_author_chose_it() -> None:
    chosen = replace(TSX, name="ts-node", origin="manifest")
    assert start("main.ts", "20.0.0", chosen).argv == ("/usr/bin/node", "--require", "ts-node/register", ENTRY)
    assert start("main.ts", "20.0.0", chosen, TSX).argv[2] == "tsx"


def test_what_nothing_here_can_run_is_said_with_what_to_do() -> None:
    with pytest.raises(ManifestError, match=r'^main.ts:1: Node 20.20.2 cannot run TypeScript.*add "tsx"'):
        start("main.ts")
    with pytest.raises(ManifestError, match=r"^main.jsx:1: Node cannot run JSX"):
        start("main.jsx", "24.0.0")


def test_a_command_of_the_user_s_needs_no_program() -> None:
    assert start(None).path == ("/node_modules/.bin",)
