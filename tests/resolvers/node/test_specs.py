"""What a package.json may ask for."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.node import specs


def checked(spec: object, name: str = "lodash", folder: str = "app") -> str:
    return specs.checked(name, spec, "app/package.json", 3, folder, frozenset({"@m/a"}))


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "*",
        "^4.17.21",
        "~1.2",
        ">=1 <2 || 3.x",
        "1.0.0 - 2.0.0",
        "latest",
        "next",
        "=1.0.0-rc.1+b",
        "npm:b@^1",
        "npm:@s/b",
    ],
)
def test_versions_of_the_registry_pass(spec: str) -> None:
    assert checked(spec) == spec


@pytest.mark.parametrize(
    "spec",
    [
        *("git+ssh://git@x.test/a.git", "git://x.test/a", "https://x.test/a.tgz", "http://x.test/a.tgz"),
        *("owner/repo", "github:owner/repo", "owner/repo#main", "patch:a@1#x", "jsr:@a/b", "npm:../x", "npm:a@b/c"),
        *("catalog:", "catalog:react18", "workspace:*", "$(x)", "a\nb", 1, None, {"version": "1"}),
        *("file:../../x", "file:/etc", "link:~/x", "file:a.tgz", "file:../a.tar.gz"),
    ],
)
def test_what_cannot_be_had_is_an_error_with_its_place(spec: object) -> None:
    with pytest.raises(ManifestError, match=r"^app/package.json:3: "):
        checked(spec)


@pytest.mark.parametrize("name", ["../x", "", "a b", ".x", "@a", "a/b", "x\n"])
def test_a_name_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises(ManifestError, match="no name of a package"):
        checked("1", name)


@pytest.mark.parametrize(
    ("spec", "written", "folder"),
    [
        ("file:../lib", "file:../lib", "lib"),
        ("link:./x/", "file:x", "app/x"),
        ("./x", "file:x", "app/x"),
        ("file:..", "file:..", ""),
    ],
)
def test_folders_of_the_workspace_are_links(spec: str, written: str, folder: str) -> None:
    assert checked(spec) == written
    assert specs.folder_of(written, "app") == folder


def test_a_package_of_the_workspace_is_any_version_of_it() -> None:
    assert checked("workspace:^1.0.0", "@m/a") == "*"


def test_an_alias_is_fetched_by_its_real_name() -> None:
    assert specs.real_name("a", "npm:@s/b@^1") == "@s/b"
    assert (specs.range_of("npm:@s/b@^1"), specs.range_of("npm:b"), specs.range_of("^2")) == ("^1", "", "^2")
