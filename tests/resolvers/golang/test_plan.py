"""What whole projects need. Each folder `go-*` of `tests/projects` says in `expected.toml` what its plan must be."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jhansi_runner.resolvers.golang import recipe
from jhansi_runner.resolvers.interface import ManifestError, Plan, ViewError

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

PROJECTS = Path(__file__).parents[2] / "projects"
CASES = sorted(folder.name for folder in PROJECTS.glob("go-*"))
H1 = "h1:" + "A" * 43 + "="
MOD = "module example.test/app\n\ngo 1.21\n\nrequire example.test/b v1.0.0\n"
SUM = f"example.test/b v1.0.0 {H1}\nexample.test/b v1.0.0/go.mod {H1}\n"
MAIN = 'package main\n\nimport "example.test/b"\n\nfunc main() { b.B() }\n'


def files_of(case: str) -> dict[str, str | bytes]:
    folder = PROJECTS / case
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("case", CASES)
def test_project(case: str, planned: MakePlan) -> None:
    expected = tomllib.loads((PROJECTS / case / "expected.toml").read_text())
    plan = planned(files_of(case), expected.get("entry"))
    assert (plan.language, plan.source, plan.target) == ("go", expected["source"], expected.get("target", ""))
    found = recipe.of(plan)
    assert found.mode == expected["mode"]
    assert [each.text for each in plan.requirements] == expected.get("requirements", [])
    assert [each.origin for each in plan.requirements] == expected.get("origins", ["manifest"] * len(plan.requirements))
    assert {each.import_name: each.closest or "" for each in plan.undecided} == expected.get("undecided", {})
    assert len(plan.notes) == expected.get("notes", 0)
    staged = {path: text for path, text in plan.files if path.endswith(".go")}
    assert staged == expected.get("skeletons", {})


def test_there_are_projects() -> None:
    assert len(CASES) >= 8


def test_the_plan_as_json(planned: MakePlan) -> None:
    plan = planned({"main.go": 'package main\nimport "github.com/google/uuid"\n'}, "main.go").to_json()
    assert json.loads(json.dumps(plan)) == plan
    assert plan["requirements"] == [
        {
            "name": "github.com/google/uuid",
            "specifier": "",
            "purl": "pkg:golang/github.com/google/uuid",
            "import": "github.com/google/uuid",
            "file": "main.go",
            "line": 2,
            "origin": "known",
            "extras": [],
            "marker": "",
            "url": None,
            "optional": False,
        }
    ]


def test_a_complete_manifest_needs_no_look_at_the_source(planned: MakePlan) -> None:
    plan = planned({"go.mod": MOD, "go.sum": SUM, "main.go": MAIN}, "main.go")
    assert recipe.of(plan).mode == recipe.LISTED
    assert [path for path, _ in plan.files] == ["recipe.json", "work/go.mod", "work/go.sum"]
    edited = planned({"go.mod": MOD, "go.sum": SUM, "main.go": MAIN + "// more\n"}, "main.go")
    assert edited.files == plan.files


def test_what_a_program_does_changes_nothing_that_is_resolved(planned: MakePlan) -> None:
    plan = planned({"go.mod": MOD, "main.go": MAIN}, "main.go")
    edited = planned({"go.mod": MOD, "main.go": MAIN.replace("b.B()", "b.C(); panic(1)")}, "main.go")
    assert recipe.of(plan).mode == recipe.SCANNED
    assert (edited.files, edited.requirements) == (plan.files, plan.requirements)


def test_what_the_manifest_forgot_is_not_resolved(planned: MakePlan) -> None:
    main = 'package main\n\nimport (\n\t"example.test/b"\n\t"example.test/forgotten"\n)\n\nfunc main() { b.B() }\n'
    files = dict(planned({"go.mod": MOD, "main.go": main}, "main.go").files)
    assert files["work/imports.go"] == 'package main\n\nimport _ "example.test/b"\n'


@pytest.mark.parametrize(
    ("files", "entry", "target"),
    [
        ({"main.go": MAIN}, "main.go", "."),
        ({"a.go": MAIN, "b.go": "package main\n"}, "a.go", "."),
        ({"a.go": MAIN, "b.go": "package main\n"}, "b.go", "."),
        ({"a.go": MAIN, "b.go": MAIN}, "a.go", "a.go"),
        ({"a.go": MAIN, "b.go": "package other\n"}, "a.go", "a.go"),
        ({"a.go": MAIN, "b_test.go": "package main\n", "c_windows.go": MAIN}, "a.go", "."),
        ({"a.go": MAIN, "gen.go": "//go:build ignore\n\n" + MAIN}, "a.go", "."),
        ({"a.go": MAIN, "gen.go": "//go:build ignore\n\n" + MAIN}, "gen.go", "gen.go"),
        ({"x/a.go": MAIN}, "x/a.go", "x"),
        ({"a.go": "this is no Go"}, "a.go", "."),
    ],
)
def test_what_is_started(planned: MakePlan, files: dict[str, str | bytes], entry: str, target: str) -> None:
    assert planned(files, entry).target == target


@pytest.mark.parametrize("more", [{}, {"go.mod": MOD, "go.sum": SUM}])
def test_what_is_no_program_is_told_before_anything_is_installed(
    planned: MakePlan, more: dict[str, str | bytes]
) -> None:
    with pytest.raises(ManifestError, match=r"a\.go:1: is no program"):
        planned({"a.go": 'package lib\n\nimport "example.test/b"\n', **more}, "a.go")


def test_a_file_of_tests_brings_what_all_tests_of_its_folder_import(planned: MakePlan) -> None:
    files: dict[str, str | bytes] = {
        "x/x.go": 'package x\n\nimport "example.test/a"\n',
        "x/x_test.go": 'package x_test\n\nimport (\n\t"testing"\n\n\t"example.test/b"\n)\n',
        "x/y_test.go": 'package x\n\nimport "example.test/c"\n',
    }
    plan = planned(files, "x/x_test.go")
    assert [each.name for each in plan.requirements] == ["example.test/a", "example.test/b", "example.test/c"]
    assert (plan.target, recipe.of(plan).tests) == ("x", True)


def test_a_file_of_tests_among_several_programs_is_taken_alone(planned: MakePlan) -> None:
    plan = planned({"a.go": MAIN, "b.go": MAIN, "c_test.go": "package main\n"}, "c_test.go")
    assert (plan.target, plan.requirements) == ("c_test.go", ())


def test_a_file_alone_brings_only_its_own_imports(planned: MakePlan) -> None:
    other = 'package main\nimport "example.test/c"\nfunc main() {}\n'
    assert [each.name for each in planned({"a.go": MAIN, "b.go": other}, "a.go").requirements] == ["example.test/b"]


def test_a_vendor_folder_is_used_as_it_is(planned: MakePlan) -> None:
    plan = planned({"go.mod": MOD, "main.go": MAIN, "vendor/modules.txt": ""}, "main.go")
    assert (plan.requirements, recipe.of(plan).mode) == ((), recipe.VENDORED)
    assert plan.notes == ("vendor: holds the packages, so none is installed",)


def test_a_member_stands_in_for_the_version_of_it_that_another_requires(planned: MakePlan) -> None:
    files = {
        "go.work": "go 1.21\n\nuse ./a\nuse ./b\n",
        "a/go.mod": "module example.test/a\n\ngo 1.21\n\nrequire example.test/b v0.0.0\n",
        "b/go.mod": "module example.test/b\n\ngo 1.21\n\nrequire example.test/c v1.0.0\n",
        "a/main.go": MAIN,
        "b/b.go": 'package b\n\nimport "example.test/c"\n',
    }
    plan = planned(files, "a/main.go")
    staged = dict(plan.files)
    assert staged["work/go.work"].endswith("use ./b\nreplace example.test/b v0.0.0 => ./b\n")
    assert staged["work/b/imports.go"] == 'package b\n\nimport _ "example.test/c"\n'
    assert [each.name for each in plan.requirements] == ["example.test/c"]


def test_the_words_of_a_hostile_parser_are_not_written_into_go(planned: MakePlan) -> None:
    text = 'package main\nimport _ "a.b/c\\"; import _ \\"d.e/f"\nfunc main() {}\n'
    assert planned({"main.go": text}, "main.go").requirements == ()


def test_an_entry_that_is_not_there(planned: MakePlan) -> None:
    with pytest.raises(ViewError, match="does not exist"):
        planned({}, "main.go")


def test_a_broken_manifest_is_an_error(planned: MakePlan) -> None:
    with pytest.raises(ManifestError):
        planned({"go.mod": "require (\n", "main.go": MAIN}, "main.go")


REPLACED = (
    "module example.test/app\n\ngo 1.21\n\nrequire example.test/app/v2 v2.0.0\n\nreplace example.test/app/v2 => ./v2\n"
)


@pytest.mark.parametrize(("checksums", "mode"), [("", recipe.SCANNED), (SUM, recipe.LISTED)])
@pytest.mark.parametrize("entry", ["main.go", None])
def test_what_a_replacement_in_a_folder_requires_has_to_be_in_the_checksums_too(
    planned: MakePlan, checksums: str, mode: str, entry: str | None
) -> None:
    files = {
        "go.mod": REPLACED,
        "go.sum": checksums,
        "main.go": 'package main\n\nimport "example.test/app/v2"\n\nfunc main() { v2.V() }\n',
        "v2/go.mod": "module example.test/app/v2\n\ngo 1.21\n\nrequire example.test/b v1.0.0\n",
        "v2/v.go": 'package v2\n\nimport "example.test/b"\n\nfunc V() { b.B() }\n',
    }
    plan = planned(files, entry)
    assert [each.name for each in plan.requirements] == ["example.test/b"]
    assert recipe.of(plan).mode == mode
    assert ("work/v2/imports.go" in dict(plan.files)) == (mode == recipe.SCANNED)


def test_a_replacement_of_one_module_says_nothing_of_another(planned: MakePlan) -> None:
    files = {
        "app/go.mod": REPLACED.replace("./v2", "../v2"),
        "v2/go.mod": "module example.test/app/v2\n\ngo 1.21\n\nrequire example.test/b v1.0.0\n",
        "v2/go.sum": SUM,
        "app/main.go": 'package main\n\nimport "example.test/app/v2"\n\nfunc main() { v2.V() }\n',
        "v2/v.go": 'package v2\n\nimport "example.test/b"\n\nfunc V() { b.B() }\n',
        "v2/cmd/main.go": MAIN,
    }
    assert recipe.of(planned(files, "v2/cmd/main.go")).mode == recipe.LISTED
    assert recipe.of(planned(files, None)).mode == recipe.SCANNED


BARE = "module example.test/app\n\ngo 1.21\n"
WITH_LOCAL = 'package main\n\nimport "example.test/app/in"\n\nfunc main() {}\n'


def test_a_go_mod_that_requires_nothing_leaves_it_to_the_imports(planned: MakePlan) -> None:
    inner = 'package in\n\nimport (\n\t"fmt"\n\n\t"github.com/google/uuid"\n\t"nonsense"\n)\n'
    files: dict[str, str | bytes] = {"go.mod": BARE, "main.go": WITH_LOCAL, "in/in.go": inner}
    for entry in ("main.go", None):
        plan = planned(files, entry)
        assert (plan.source, [each.name for each in plan.requirements]) == ("scan", ["github.com/google/uuid"])
        assert [each.import_name for each in plan.undecided] == ["nonsense"]
        assert plan.notes == ("go.mod: requires no module, so it does not decide",)
        assert (recipe.of(plan).mode, recipe.of(plan).made) == (recipe.SCANNED, "")
        staged = dict(plan.files)
        assert staged["work/go.mod"] == BARE
        assert "google/uuid" in staged["work/in/imports.go"] and "nonsense" not in staged["work/in/imports.go"]


@pytest.mark.parametrize(
    "more",
    [
        {"in/in.go": "package in\n"},
        {"in/in.go": 'package in\n\nimport "x.test/y"\n', "go.mod": BARE + "\nrequire x.test/z v1.0.0\n"},
        {"in/in.go": 'package in\n\nimport "x.test/y"\n', "go.work": "go 1.21\n\nuse .\n"},
        {"in/in.go": 'package in\n\nimport "x.test/y"\n', "vendor/modules.txt": ""},
    ],
)
def test_a_go_mod_decides_where_nothing_is_needed_or_somebody_has_said_more(
    planned: MakePlan, more: dict[str, str | bytes]
) -> None:
    plan = planned({"go.mod": BARE, "main.go": WITH_LOCAL, **more}, "main.go")
    assert plan.source in ("go.mod", "go.work")
    assert plan.undecided == ()
