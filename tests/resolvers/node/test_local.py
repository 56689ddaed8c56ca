"""Which imports mean files of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import View
from jhansi_runner.resolvers.node.local import Files

MakeView = Callable[[Mapping[str, str | bytes]], View]


@pytest.mark.parametrize(
    ("specifier", "file"),
    [
        ("./a.js", "src/a.js"),
        ("./a", "src/a.js"),
        ("./t.js", "src/t.ts"),
        ("./m.mjs", "src/m.mts"),
        ("./view", "src/view.tsx"),
        ("../lib", "lib/index.ts"),
        ("../main", "main/start.cjs"),
        ("./data.json", "src/data.json"),
        ("..", "index.js"),
        (".", "src/index.mjs"),
    ],
)
def test_relative_imports(workspace: MakeView, specifier: str, file: str) -> None:
    paths = "src/a.js src/t.ts src/m.mts src/view.tsx lib/index.ts main/start.cjs src/data.json index.js src/index.mjs"
    files = dict.fromkeys(paths.split(), "") | {"main/package.json": '{"main": "./start"}'}
    assert Files(workspace(files)).relative("src/x.ts", specifier) == (file,)


@pytest.mark.parametrize("specifier", ["./none", "../../out", "./../../../etc/passwd", "/etc/passwd"])
def test_what_is_not_there_or_outside_is_nothing(workspace: MakeView, specifier: str) -> None:
    assert Files(workspace({"src/x.ts": ""})).relative("src/x.ts", specifier) == ()


def test_a_main_that_names_its_own_folder_ends(workspace: MakeView) -> None:
    files = {"a/package.json": '{"main": "./"}', "a/index.js": ""}
    assert Files(workspace(files)).relative("x.js", "./a") == ("a/index.js",)


def test_mains_that_lead_to_each_other_end(workspace: MakeView) -> None:
    files = {"a/package.json": '{"main": "../b"}', "b/package.json": '{"main": "../a"}', "a/index.js": ""}
    local = Files(workspace(files))
    assert local.relative("x.js", "./a") == local.relative("x.js", "./b") == ("a/index.js",)


def test_a_main_may_be_a_folder_with_an_index(workspace: MakeView) -> None:
    files = {"a/package.json": '{"main": "lib"}', "a/lib/index.js": "", "a/index.js": ""}
    assert Files(workspace(files)).relative("x.js", "./a") == ("a/lib/index.js",)


def test_paths_of_a_tsconfig_with_comments(workspace: MakeView) -> None:
    config = """{ // of ours
      "extends": "./base", /* more */ "compilerOptions": {"paths": {"@/*": ["./src/*"],}},
    }"""
    base = '{"compilerOptions": {"baseUrl": "lib"}}'
    files = {"tsconfig.json": config, "base.json": base, "src/a.ts": "", "lib/deep/b.ts": ""}
    local = Files(workspace(files))
    assert local.mapped("src/x.ts", "@/a") == ("src/a.ts",)
    assert local.mapped("src/x.ts", "deep/b") == ("lib/deep/b.ts",)
    assert local.mapped("src/x.ts", "lodash") is None


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"extends": "./tsconfig.json"}', '{"compilerOptions": 1}', '"' * 9])
def test_settings_that_cannot_be_read_map_nothing(workspace: MakeView, text: str) -> None:
    assert Files(workspace({"tsconfig.json": text})).mapped("a.ts", "x") is None


def test_subpath_imports_are_files_or_packages(workspace: MakeView) -> None:
    settings = '{"imports": {"#dep": {"node": "lodash/fp", "default": "./a.js"}, "#x/*": "./src/*.js"}}'
    local = Files(workspace({"package.json": settings, "a.js": "", "src/b.js": ""}))
    assert local.mapped("src/b.js", "#x/b") == ("src/b.js",)
    assert local.mapped("src/b.js", "#dep") == ("a.js",)
    assert local.packages("src/b.js", "#dep") == ["lodash/fp"]
    assert local.mapped("src/b.js", "#none") is None


def test_a_package_that_imports_itself_is_local(workspace: MakeView) -> None:
    settings = '{"name": "own", "exports": {".": "./lib/a.js", "./*": "./lib/*"}}'
    local = Files(workspace({"package.json": settings, "lib/a.js": ""}))
    assert local.mapped("test/x.js", "own") == ("lib/a.js",)
    assert local.mapped("test/x.js", "owner") is None
