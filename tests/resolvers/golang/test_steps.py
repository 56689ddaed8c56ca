"""The steps of the go command, and the lock between them."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.proxy.registries.upstreams import public_host
from jhansi_runner.resolvers.golang import lock as locks
from jhansi_runner.resolvers.golang import recipe, steps
from jhansi_runner.resolvers.golang.resolver import GoResolver
from jhansi_runner.resolvers.interface import Plan, Requirement
from jhansi_runner.resolvers.resolver import Tools, UnfitLock

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

H1 = "h1:" + "A" * 43 + "="
SHA = "a" * 64
MOD = "module example.test/app\n\ngo 1.21\n\nrequire example.test/B v1.0.0\n"
SUM = f"example.test/B v1.0.0 {H1}\nexample.test/B v1.0.0/go.mod {H1}\n"
MAIN = 'package main\n\nimport "example.test/B"\n\nfunc main() { b.B() }\n'


def manifests(files: Mapping[str, str]) -> str:
    """As the step tells of the go.mod files in the cache."""
    return "".join(f"./{path}.mod {base64.b64encode(text.encode()).decode()}\n" for path, text in files.items())


LEFT = {
    "modules.txt": "\nexample.test/app \nexample.test/B v1.0.0\n\n",
    "modules.json": "",
    "archives.txt": f"{SHA}  ./example.test/!b/@v/v1.0.0.zip\n",
    "manifests.txt": manifests(
        {
            "example.test/!b/@v/v1.0.0": "module example.test/B\nrequire example.test/c v1.0.0\n",
            "example.test/c/@v/v1.1.0": "module example.test/c\nrequire example.test/B v1.0.0 // indirect\n",
            "example.test/broken/@v/v1.0.0": "require (\n",
        }
    ),
    "work/go.mod": MOD + "require example.test/more v1.0.0 // indirect\n",
    "work/go.sum": SUM,
}
ADDED = Requirement("example.test/new", "", "pkg:golang/example.test/new", "example.test/new/sub", "x.go", 1, "missing")


def script(argv: tuple[str, ...]) -> str:
    assert argv[:2] == ("/bin/sh", "-c")
    return argv[2]


@pytest.fixture
def scanned(planned: MakePlan) -> Plan:
    return planned({"go.mod": MOD, "main.go": MAIN}, "main.go")


@pytest.fixture
def listed(planned: MakePlan) -> Plan:
    return planned({"go.mod": MOD, "go.sum": SUM, "main.go": MAIN}, "main.go")


def test_nothing_but_the_registry_is_asked(scanned: Plan, tools: Tools) -> None:
    env = steps.resolve(scanned, tools).env
    assert env["GOPROXY"] == f"https://{public_host('golang')}"
    assert (env["GOENV"], env["GOTOOLCHAIN"], env["GOVCS"], env["GOWORK"]) == ("off", "local", "*:off", "off")
    assert {env[name] for name in ("GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE")} == {""}
    assert "GOSUMDB" not in env  # the public database, which is the default


def test_a_complete_manifest_is_downloaded_as_it_is(listed: Plan, tools: Tools) -> None:
    step = steps.resolve(listed, tools)
    assert "go mod download" in script(step.argv)
    assert "go list" not in script(step.argv)
    assert not steps.is_overlaid(listed)


def test_an_incomplete_one_is_completed_from_the_imports(scanned: Plan, tools: Tools) -> None:
    step = steps.resolve(scanned, tools)
    assert "go list -deps -mod=mod" in script(step.argv)
    assert "go mod download" not in script(step.argv)
    assert step.files["work/imports.go"] == 'package main\n\nimport _ "example.test/B"\n'


def test_code_without_a_manifest_gets_one_in_the_language_of_the_host(planned: MakePlan, tools: Tools) -> None:
    text = 'package main\n\nimport (\n\t_ "github.com/google/uuid"\n\t_ "example.test/b"\n)\n'
    step = steps.resolve(planned({"x/main.go": text}, "x/main.go"), tools)
    assert step.files["work/x/go.mod"] == "module program\n\ngo 1.26\n"
    assert "go get 'github.com/google/uuid@latest'\n" in script(step.argv)


def test_what_a_run_missed_is_imported_beside_the_rest(listed: Plan, tools: Tools) -> None:
    plan = replace(listed, requirements=(*listed.requirements, ADDED))
    step = steps.resolve(plan, tools)
    assert step.files["work/imports_added/imports.go"] == 'package imports_added\n\nimport _ "example.test/new/sub"\n'
    assert "go list -deps -mod=mod" in script(step.argv) and "go mod download" in script(step.argv)
    assert steps.is_overlaid(plan)


def test_the_same_without_a_manifest(planned: MakePlan, tools: Tools) -> None:
    plan = planned({"main.go": "package main\n\nfunc main() {}\n"}, "main.go")
    step = steps.resolve(replace(plan, requirements=(ADDED,)), tools)
    assert "work/imports_added/imports.go" in step.files
    assert step.files["work/go.mod"].startswith("module program\n")


def test_a_workspace_of_modules_is_resolved_as_one(planned: MakePlan, tools: Tools) -> None:
    files = {
        "go.work": "go 1.21\nuse ./a\nuse ./b'c\n",
        "a/go.mod": MOD,
        "b'c/go.mod": "module example.test/bc\n",
        "a/main.go": MAIN,
    }
    step = steps.resolve(planned(files, "a/main.go"), tools)
    assert "GOWORK" not in step.env
    assert "'/stage/work/a/...' '/stage/work/b'\\''c/...'" in script(step.argv)
    assert "-mod=mod" not in script(step.argv)


def test_the_lock_names_what_was_fetched_with_its_hashes(scanned: Plan) -> None:
    text = GoResolver().lock(scanned, LEFT)
    (one,) = GoResolver().locked(text)
    assert (one.name, one.version, one.purl) == ("example.test/B", "v1.0.0", "pkg:golang/example.test/B@v1.0.0")
    assert one.hashes == (H1, f"sha256:{SHA}")
    found = locks.parse(text)
    assert found.files["work/go.mod"] == LEFT["work/go.mod"]
    assert (found.text, found.overlaid) == (text, True)


def test_the_lock_tells_what_each_module_needs(scanned: Plan) -> None:
    left = {
        **LEFT,
        "modules.txt": LEFT["modules.txt"] + "example.test/c v1.1.0\n",
        "archives.txt": LEFT["archives.txt"] + f"{SHA}  ./example.test/c/@v/v1.1.0.zip\n",
        "work/go.sum": SUM + f"example.test/c v1.1.0 {H1}\n",
    }
    one, other = GoResolver().locked(GoResolver().lock(scanned, left))
    assert (one.needs, other.needs) == (("pkg:golang/example.test/c@v1.1.0",), ())


def test_no_module_tells_what_another_requires() -> None:
    own = "module example.test/evil\nrequire example.test/x v1.0.0\n"
    forged = f"{own}=== ./example.test/c/@v/v1.1.0.mod\n./example.test/c/@v/v1.1.0.mod {'cmVxdWlyZQ=='}\n"
    found = locks.needed(manifests({"example.test/evil/@v/v1.0.0": forged, "example.test/c/@v/v1.1.0": "module c\n"}))
    assert found["example.test/c", "v1.1.0"] == []
    assert set(found) <= {("example.test/c", "v1.1.0"), ("example.test/evil", "v1.0.0")}
    assert locks.needed("./example.test/c/@v/v1.1.0.mod no base64\n") == {}


def test_the_step_tells_of_manifests_as_the_lock_reads_them(tmp_path: Path) -> None:
    cache = tmp_path / "cache/mod/cache/download"
    for path, text in {
        "example.test/!b/@v/v1.0.0": "module b\n./x y\n",
        "example.test/c/@v/v1.1.0": "module c",
    }.items():
        (cache / path).parent.mkdir(parents=True)
        (cache / f"{path}.zip").touch()
        (cache / f"{path}.mod").write_text(f"require example.test/d v1.0.0\n{text}")
    (cache / "example.test/c/@v/v1.0.0.mod").write_text("of a version that was not fetched")
    script = steps._TELL.replace("/stage", str(tmp_path))
    subprocess.run(["/bin/sh", "-c", script], check=True, capture_output=True)
    found = locks.needed((tmp_path / "manifests.txt").read_text())
    assert found == {key: ["example.test/d"] for key in [("example.test/B", "v1.0.0"), ("example.test/c", "v1.1.0")]}


def test_a_complete_manifest_stays_as_it_is(listed: Plan) -> None:
    told = json.dumps({"Path": "example.test/B", "Version": "v1.0.0", "Sum": H1}, indent=1)
    text = GoResolver().lock(listed, {**LEFT, "modules.txt": "", "modules.json": told + "\n"})
    assert [one.name for one in GoResolver().locked(text)] == ["example.test/B"]
    (step,) = GoResolver().install(text, Tools({}, {}, ""), build=False)
    assert not any(path.startswith("site/") for path in step.files)


def test_an_install_leaves_manifests_and_an_overlay_for_programs(scanned: Plan, tools: Tools) -> None:
    (step,) = GoResolver().install(GoResolver().lock(scanned, LEFT), tools, build=False)
    assert step.files["site/work/go.mod"] == LEFT["work/go.mod"]
    assert json.loads(step.files["site/overlay.json"]) == {
        "Replace": {"/sandbox/go.mod": "/deps/work/go.mod", "/sandbox/go.sum": "/deps/work/go.sum"}
    }
    assert step.env["GOMODCACHE"] == "/stage/site/mod"
    assert "-mod=mod" not in script(step.argv)


@pytest.mark.parametrize(
    "left",
    [
        {**LEFT, "archives.txt": ""},
        {**LEFT, "work/go.sum": ""},
        {**LEFT, "modules.txt": "../../x v1.0.0\n"},
        {**LEFT, "modules.txt": "example.test/B v1\n"},
        {**LEFT, "modules.json": '{"Path": "example.test/B", "Version": "v1.0.0", "Sum": "h1:other"}'},
        {**LEFT, "modules.json": '{"Path": "example.test/B", "Version": "v1.0.0", "Error": "x"}'},
        {**LEFT, "modules.json": "{"},
    ],
)
def test_what_has_no_hash_or_no_name_makes_no_lock(scanned: Plan, left: Mapping[str, str]) -> None:
    with pytest.raises(UnfitLock):
        GoResolver().lock(scanned, left)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "go 2"}', "[" * 5000])
def test_what_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(UnfitLock):
        locks.parse(text)


def test_an_empty_lock_has_no_packages() -> None:
    assert list(GoResolver().locked("")) == []


def test_a_recipe_is_read_as_it_was_written(scanned: Plan) -> None:
    found = recipe.of(scanned)
    assert recipe.parse(found.text) == found
    with pytest.raises(ValueError, match="not a recipe"):
        recipe.parse("{}")
