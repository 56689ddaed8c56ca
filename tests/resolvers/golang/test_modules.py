"""Which modules a program is built in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jhansi_runner.resolvers.golang.modules import find
from jhansi_runner.resolvers.interface import ManifestError, View

MakeView = Callable[..., View]
MOD = "module example.test/{}\n\ngo 1.21\n"
A, B = MOD.format("a"), MOD.format("b")


def test_the_nearest_manifest_decides(workspace: MakeView) -> None:
    view = workspace({"go.mod": A, "x/go.mod": B, "x/y/main.go": ""})
    found = find(view, "x/y/main.go")
    assert found is not None
    assert list(found.roots) == ["x"]
    assert find(workspace({"x/main.go": ""}), "x/main.go") is None


def test_a_workspace_file_above_counts_where_it_uses_the_module(workspace: MakeView) -> None:
    files = {"go.work": "go 1.21\nuse ./a\nuse ./b\n", "a/go.mod": A, "b/go.mod": B, "c/go.mod": MOD.format("c")}
    view = workspace(files)
    found = find(view, "a/main.go")
    assert found is not None
    assert found.work is not None
    assert list(found.roots) == ["a", "b"]
    assert found.folder_of("example.test/b/sub") == "b/sub"
    alone = find(view, "c/main.go")
    assert alone is not None
    assert (alone.work, list(alone.roots), len(alone.notes)) == (None, ["c"], 1)


def test_without_an_entry_the_whole_workspace_counts(workspace: MakeView) -> None:
    found = find(workspace({"a/go.mod": A, "b/c/go.mod": B, "vendor/d/go.mod": B, ".x/go.mod": B}), None)
    assert found is not None
    assert sorted(found.roots) == ["a", "b/c"]


def test_a_folder_may_stand_in_for_a_module(workspace: MakeView) -> None:
    replace = "replace example.test/b => ../lib/b\n"
    found = find(workspace({"app/go.mod": A + replace, "lib/b/go.mod": B}), "app/main.go")
    assert found is not None
    assert list(found.local) == ["lib/b"]
    assert found.folder_of("example.test/b/x") == "lib/b/x"
    fork = find(workspace({"app/go.mod": A + replace, "lib/b/go.mod": MOD.format("fork")}), "app/main.go")
    assert fork is not None
    assert fork.folder_of("example.test/b") == "lib/b"


@pytest.mark.parametrize("folder", ["../../x", "/home/me/x", "./../.."])
def test_a_folder_outside_the_workspace_is_refused_with_its_line(workspace: MakeView, folder: str) -> None:
    view = workspace({"app/go.mod": A + f"replace example.test/b => {folder}\n", "app/main.go": ""})
    with pytest.raises(ManifestError, match="outside the workspace") as caught:
        find(view, "app/main.go")
    assert caught.value.line == 4


def test_a_folder_without_a_module_is_refused(workspace: MakeView) -> None:
    with pytest.raises(ManifestError, match="there is no"):
        find(workspace({"go.mod": A + "replace example.test/b => ./b\n"}), "main.go")
    with pytest.raises(ManifestError, match="there is no"):
        find(workspace({"go.work": "go 1.21\nuse ./a\n"}), None)


def test_a_manifest_that_is_a_link_is_refused(workspace: MakeView) -> None:
    with pytest.raises(ManifestError, match="regular file"):
        find(workspace({"go.mod": A}, ["go.mod"]), "main.go")


def test_a_vendor_folder_counts_from_go_1_14_on(workspace: MakeView) -> None:
    vendored = find(workspace({"go.mod": A, "vendor/modules.txt": ""}), "main.go")
    old = find(workspace({"go.mod": A.replace("1.21", "1.13"), "vendor/modules.txt": ""}), "main.go")
    assert vendored is not None and vendored.vendored
    assert old is not None and not old.vendored
