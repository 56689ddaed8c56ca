"""Go projects that are warmed, and then built and tested with the cache alone, by the real go command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from support.registry.golang import GoUpstream
from support.user import PATH, User
from support.warming import purls, warmed

GO = shutil.which("go")
LONG = {"timeout": 400}
MAIN = """\
package main

import "example.test/helper"

func Word() string { return helper.Version }

func main() { println(Word()) }
"""
TEST = """\
package main

import (
	"testing"

	"example.test/check"
)

func TestWord(t *testing.T) { check.Equal(t, Word(), "v1.2.0") }
"""
CHECK = """\
package check

import "testing"

func Equal(t *testing.T, one, other string) {
	if one != other {
		t.Fatal(one, other)
	}
}
"""
OTHERS = '//go:build windows || arm64\n\npackage main\n\nimport _ "example.test/other"\n'

pytestmark = pytest.mark.skipif(GO is None, reason="go is not installed")


@pytest.fixture
def modules(new_user: User) -> Iterator[GoUpstream]:
    """`helper` needs nothing to be built, and `deep` to be tested."""
    with GoUpstream() as up:
        deep = 'package helper\n\nimport (\n\t"testing"\n\t_ "example.test/deep"\n)\n\nfunc TestIt(t *testing.T) {}\n'
        go_mod = "module example.test/helper\n\ngo 1.21\n\nrequire example.test/deep v1.0.0\n"
        files = {
            "go.mod": go_mod, "helper.go": 'package helper\n\nconst Version = "v1.2.0"\n', "helper_test.go": deep
        }  # fmt: skip
        up.add("example.test/helper", "v1.2.0", files)
        up.add("example.test/helper", "v1.1.0")
        up.add("example.test/deep", "v1.0.0")
        up.add("example.test/check", "v1.0.0", {"check.go": CHECK})
        up.add("example.test/other", "v1.0.0")
        new_user.env["PATH"] = f"{os.path.dirname(GO or '')}:{PATH}"
        registry = f'registries: {{golang: {{enabled: true, upstream: "{up.url}"}}}}'
        new_user.write(new_user.state / "policy.yaml", f"version: 1\n{registry}\ndefault: allow\n")
        yield up


def project(user: User, modules: GoUpstream, manifest: str = "module example.test/app\n\ngo 1.21\n") -> None:
    """The same project, as it lies on either side; the sums stand for the public database, which has none."""
    user.write("main.go", MAIN)
    user.write("main_test.go", TEST)
    user.write("other.go", OTHERS)
    user.write("go.mod", manifest)
    user.write("go.sum", summed(modules))


def summed(modules: GoUpstream) -> str:
    """A go.sum of all modules."""
    wanted = {"check": "v1.0.0", "deep": "v1.0.0", "helper": "v1.2.0", "other": "v1.0.0"}
    records = [modules.sums.lookup(f"example.test/{name}@{version}") for name, version in wanted.items()]
    return "".join("".join(record.decode().splitlines(keepends=True)[1:3]) for record in records if record)


def test_a_project_without_sums_is_tidied_built_and_tested_with_the_cache_alone(
    new_user: User, modules: GoUpstream
) -> None:
    project(new_user, modules)
    found = warmed(new_user, ".")
    assert (found["trouble"], found["ran"]) == ([], True), found
    assert "pkg:golang/example.test/helper@v1.2.0" in purls(found)
    assert sorted(path.name for path in new_user.work.iterdir()) == [
        "go.mod",
        "go.sum",
        "main.go",
        "main_test.go",
        "other.go",
    ]
    modules.requests.clear()
    new_user.work = new_user.folder(new_user.root / "other-side")
    project(new_user, modules)
    for words in (["mod", "tidy"], ["build", "./..."], ["vet", "./..."], ["test", "./..."]):
        done = new_user.exec("--offline", "--", "go", *words, **LONG)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    for name in ("helper", "check", "other"):
        assert f"example.test/{name} v1" in (new_user.work / "go.mod").read_text()
    assert modules.requests == []


def test_a_complete_manifest_is_fetched_as_it_says_and_can_be_tidied(new_user: User, modules: GoUpstream) -> None:
    project(new_user, modules)
    wanted = {"check": "v1.0.0", "deep": "v1.0.0", "helper": "v1.2.0", "other": "v1.0.0"}
    requires = "".join(f"\texample.test/{name} {version}\n" for name, version in wanted.items())
    manifest = f"module example.test/app\n\ngo 1.21\n\nrequire (\n{requires})\n"
    new_user.write("go.mod", manifest)
    found = warmed(new_user, "go.mod")
    assert (found["trouble"], found["notes"]) == ([], []), found
    assert purls(found) == sorted(f"pkg:golang/example.test/{name}@{version}" for name, version in wanted.items())
    modules.requests.clear()
    new_user.work = new_user.folder(new_user.root / "other-side")
    project(new_user, modules, manifest)
    for words in (["mod", "tidy"], ["test", "./..."]):
        done = new_user.exec("--offline", "--", "go", *words, **LONG)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert modules.requests == []


def test_members_of_a_workspace_are_built_and_tested_with_the_cache_alone(new_user: User, modules: GoUpstream) -> None:
    def members() -> None:
        new_user.write("go.work", "go 1.21\n\nuse (\n\t./app\n\t./lib\n)\n")
        new_user.write("app/go.mod", "module example.test/app\n\ngo 1.21\n\nrequire example.test/check v1.0.0\n")
        new_user.write(
            "app/main.go", 'package main\n\nimport "example.test/lib"\n\nfunc main() { println(lib.Word()) }\n'
        )
        new_user.write("lib/go.mod", "module example.test/lib\n\ngo 1.21\n\nrequire example.test/helper v1.2.0\n")
        new_user.write("go.work.sum", summed(modules))
        body = 'import "example.test/helper"\n\nfunc Word() string { return helper.Version }\n'
        new_user.write("lib/lib.go", f"package lib\n\n{body}")

    members()
    found = warmed(new_user, ".")
    assert found["trouble"] == [], found
    modules.requests.clear()
    new_user.work = new_user.folder(new_user.root / "other-side")
    members()
    done = new_user.exec("--offline", "app/main.go", **LONG)
    assert (done.returncode, modules.requests) == (0, []), done.stderr
    assert "v1.2.0" in done.stderr


@pytest.mark.parametrize("evil", ["-x", "$(id)", "v1 v2", "'", "v1;id"])
def test_what_is_no_query_of_go_is_refused_with_its_line(new_user: User, evil: str) -> None:
    found = warmed(new_user, "l.txt", listed=f"pkg:golang/example.test/helper {evil}")
    assert found["error"].startswith("l.txt:1: "), found


def test_offline_it_is_the_proof_that_all_is_there(new_user: User, modules: GoUpstream) -> None:
    project(new_user, modules)
    missing = warmed(new_user, ".", offline=True)
    assert missing["trouble"] and purls(missing) == []
    assert warmed(new_user, ".")["trouble"] == []
    modules.requests.clear()
    there = warmed(new_user, ".", offline=True)
    assert (there["trouble"], modules.requests) == ([], [])


def test_what_is_denied_is_told(new_user: User, modules: GoUpstream) -> None:
    rules = "rules:\n  - {deny: 'pkg:golang/example.test/check', reason: it checks}\n"
    registry = f'registries: {{golang: {{enabled: true, upstream: "{modules.url}"}}}}'
    new_user.write(new_user.state / "policy.yaml", f"version: 1\n{registry}\ndefault: allow\n{rules}")
    project(new_user, modules)
    found = warmed(new_user, ".")
    assert any("it checks" in each for each in found["trouble"]), found
