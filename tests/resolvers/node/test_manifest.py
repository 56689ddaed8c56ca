"""package.json, and what of it npm gets to see."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.node.manifest import Project, find

MakeView = Callable[[Mapping[str, str | bytes]], View]


def project(workspace: MakeView, entry: str = "main.js", **files: Any) -> Project:
    """`a__b` is the folder a/b, and its value the package.json there; `root` is that of the workspace."""
    written = {
        ("" if name == "root" else name.replace("__", "/") + "/") + "package.json": json.dumps(value, indent=1)
        for name, value in files.items()
    }
    found = find(workspace(written), entry)
    assert found is not None
    return found


def test_only_what_asks_for_packages_is_handed_on(workspace: MakeView) -> None:
    document = {
        "name": "x",
        "scripts": {"postinstall": "curl evil", "test": "mocha"},
        "dependencies": {"a": "^1"},
        "devDependencies": {"b": "npm:c@2"},
        "optionalDependencies": {"d": "3"},
        "peerDependencies": {"e": "4", "f": "5"},
        "peerDependenciesMeta": {"f": {"optional": True}},
        "overrides": {"g": "1", "h@2": {".": "3", "i": "$a"}},
        "publishConfig": {"registry": "https://x.test"},
        "config": {"x": 1},
    }
    found = project(workspace, root=document)
    assert found.root == {
        "dependencies": {"a": "^1"},
        "devDependencies": {"b": "npm:c@2"},
        "optionalDependencies": {"d": "3"},
        "peerDependencies": {"e": "4", "f": "5"},
        "peerDependenciesMeta": {"f": {"optional": True}},
        "overrides": {"g": "1", "h@2": {".": "3", "i": "$a"}},
    }
    assert [(each.name, each.specifier, each.purl, each.optional) for each in found.requirements] == [
        ("a", "^1", "pkg:npm/a", False),
        ("b", "2", "pkg:npm/c", False),
        ("d", "3", "pkg:npm/d", True),
        ("e", "4", "pkg:npm/e", False),
    ]
    assert found.notes == ["package.json:4: the script postinstall is not run"]


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({"dependencies": {"ok": "1", "a": "git+https://x.test/a"}}, 4),
        ({"overrides": {"a": "https://x.test/a.tgz"}, "dependencies": {"b": "1"}}, 3),
        ({"overrides": {"a": {"c": "owner/repo"}}, "dependencies": {"b": "1"}}, 4),
        ({"dependencies": ["a"]}, 2),
        ({"x": 1, "devDependencies": {"a": None}}, 4),
    ],
)
def test_what_cannot_be_obeyed_is_an_error_with_its_line(workspace: MakeView, document: Any, line: int) -> None:
    with pytest.raises(ManifestError) as error:
        project(workspace, root=document)
    assert error.value.line == line


def test_the_nearest_that_asks_for_something_decides(workspace: MakeView) -> None:
    files: dict[str, Any] = {
        "root": {"dependencies": {"a": "1"}},
        "x": {"dependencies": {"b": "1"}},
        "x__y": {"type": "module"},
    }
    assert project(workspace, "x/y/main.js", **files).path == "x/package.json"
    assert project(workspace, "z/main.js", **files).path == "package.json"


def test_none_that_asks_for_something_leaves_it_to_the_scan(workspace: MakeView) -> None:
    assert find(workspace({"package.json": '{"type": "module", "dependencies": {}}'}), "main.js") is None


MONOREPO: dict[str, Any] = {
    "root": {"workspaces": ["packages/*", "!packages/old"], "devDependencies": {"d": "1"}},
    "packages__a": {"name": "@m/a", "version": "1.0.0", "dependencies": {"x": "1"}, "bin": "./cli.js"},
    "packages__b": {"name": "@m/b", "dependencies": {"@m/a": "workspace:*", "l": "file:../../lib"}},
    "packages__old": {"name": "@m/old", "dependencies": {"y": "1"}},
    "lib": {"name": "l", "dependencies": {"z": "1"}},
}


def test_a_member_is_planned_with_its_workspace(workspace: MakeView) -> None:
    found = project(workspace, "packages/b/main.js", **MONOREPO)
    assert (found.path, found.root["workspaces"]) == ("package.json", ["packages/a", "packages/b"])
    assert sorted(found.manifests) == ["", "lib", "packages/a", "packages/b"]
    assert found.manifests["packages/a"]["bin"] == {"a": "./cli.js"}
    assert found.manifests["packages/b"]["dependencies"] == {"@m/a": "*", "l": "file:../../lib"}
    assert sorted(each.name for each in found.requirements) == ["d", "x", "z"]


def test_a_package_beside_the_workspaces_is_its_own_project(workspace: MakeView) -> None:
    assert project(workspace, "packages/old/main.js", **MONOREPO).path == "packages/old/package.json"


def test_a_folder_without_package_json_is_an_error(workspace: MakeView) -> None:
    with pytest.raises(ManifestError, match=r"package.json:3: a is none, which has no package.json"):
        project(workspace, root={"dependencies": {"a": "file:none"}})


def test_folders_that_link_each_other_end(workspace: MakeView) -> None:
    files: dict[str, Any] = {
        "root": {"dependencies": {"a": "file:a"}},
        "a": {"dependencies": {"b": "file:..", "x": "1"}},
    }
    assert sorted(project(workspace, **files).manifests) == ["", "a"]


@pytest.mark.parametrize("bin_", ["../../out", {"../x": "a.js"}, {"ok": "/etc/passwd"}, 7, ["a"]])
def test_a_command_that_leads_elsewhere_is_left_out(workspace: MakeView, bin_: object) -> None:
    found = project(workspace, root={"workspaces": ["a"]}, a={"name": "a", "dependencies": {"x": "1"}, "bin": bin_})
    assert "bin" not in found.manifests["a"]


@pytest.mark.parametrize("name", ["../../x", "My App", ".bin", "a\nb"])
def test_a_member_whose_name_is_none_is_an_error(workspace: MakeView, name: str) -> None:
    with pytest.raises(ManifestError, match=r"^a/package.json:2: .* is no name of a package"):
        project(workspace, root={"workspaces": ["a"]}, a={"name": name, "dependencies": {"x": "1"}})


def test_the_members_of_pnpm(workspace: MakeView) -> None:
    text = "packages:\n  - 'a/**'  # all\n  - \"b\"\n  # c\n  - '!a/x'\ncatalog:\n  - d\n"
    files = {f"{folder}/package.json": '{"dependencies": {"q": "1"}}' for folder in ("a/x", "a/y/z", "b", "c", "d")}
    found = find(workspace({"package.json": "{}", "pnpm-workspace.yaml": text, **files}), "b/main.js")
    assert found is not None
    assert found.root["workspaces"] == ["a/y/z", "b"]
