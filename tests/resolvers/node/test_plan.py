"""What whole projects need. Folders `node-*` of `tests/projects` say in `expected.toml` what their plan must be."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, Plan, View, ViewError
from jhansi_runner.resolvers.node.plan import LAUNCHER, plan

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

MakeView = Callable[[Mapping[str, str | bytes]], View]

PROJECTS = Path(__file__).parents[2] / "projects"
CASES = sorted(folder.name for folder in PROJECTS.glob("node-*"))


def files_of(case: str) -> dict[str, str | bytes]:
    folder = PROJECTS / case
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_project(case: str, really_planned: MakePlan) -> None:
    expected = tomllib.loads((PROJECTS / case / "expected.toml").read_text())
    made = really_planned(files_of(case), expected.get("entry"))
    assert made.language == "node"
    assert made.source == expected["source"]
    found = {each.name: [each.specifier, each.origin, f"{each.file}:{each.line}"] for each in made.requirements}
    assert found == expected.get("requirements", {})
    assert {each.import_name: each.closest or "" for each in made.undecided} == expected.get("undecided", {})
    assert [each.name for each in made.requirements if each.optional] == expected.get("optional", [])
    assert list(made.notes) == expected.get("notes", [])


def test_there_are_projects_of_both_kinds() -> None:
    assert {case.split("-")[1] for case in CASES} == {"manifest", "scan"}


def test_a_scan_names_the_import_and_the_package(planned: MakePlan) -> None:
    (found,) = planned({"main.js": "\nrequire('@babel/core/lib/x')"}, "main.js").requirements
    assert (found.name, found.purl, found.import_name) == ("@babel/core", "pkg:npm/%40babel/core", "@babel/core/lib/x")
    assert (found.file, found.line, found.optional) == ("main.js", 2, False)


def test_a_package_needed_once_for_certain_is_not_optional(planned: MakePlan) -> None:
    source = "try { require('lodash') } catch {}\nrequire('lodash/fp')"
    assert [each.optional for each in planned({"main.js": source}, "main.js").requirements] == [False]


def test_of_alternatives_the_known_one_is_taken(planned: MakePlan) -> None:
    source = "try { x = require('lodash') } catch { x = require('express') }"
    assert [each.name for each in planned({"main.js": source}, "main.js").requirements] == ["lodash"]


def test_typescript_brings_what_runs_it_where_node_may_not(planned: MakePlan) -> None:
    (found,) = planned({"main.ts": "let a: number = 1"}, "main.ts").requirements
    assert (found.name, found.origin, found.optional) == ("tsx", "launcher", True)
    (found,) = planned({"main.tsx": "let a = <b/>"}, "main.tsx").requirements
    assert (found.name, found.optional) == ("tsx", False)


def test_local_files_are_followed_and_their_packages_found(planned: MakePlan) -> None:
    files = {
        "src/main.ts": "import './a.js'; import type { T } from './t'; import x from '@/b'",
        "src/a.ts": "import 'lodash'; import './main.js'",
        "src/b.ts": "import 'chalk'; import './style.css'",
        "src/t.ts": "import 'express'",
        "src/style.css": "@import 'react';",
        "tsconfig.json": '{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}',
    }
    found = {each.name: each.file for each in planned(files, "src/main.ts").requirements}
    assert found == {"lodash": "src/a.ts", "chalk": "src/b.ts", "tsx": "src/main.ts"}


def test_without_an_entry_the_whole_workspace_counts(planned: MakePlan) -> None:
    files = dict.fromkeys(["a.js", "b/c.mjs"], "require('lodash')") | {"types.d.ts": "import 'express'"}
    files |= dict.fromkeys(["node_modules/x.js", ".git/x.js", "dist/x.js"], "require('express')")
    assert [each.name for each in planned(files, None).requirements] == ["lodash"]


def test_what_cannot_be_a_name_is_undecided_for_that_reason(planned: MakePlan) -> None:
    (found,) = planned({"main.js": "import '@/components/x'"}, "main.js").undecided
    assert "cannot be the name of a package" in found.reason


def test_what_means_something_else_here_is_noted(planned: MakePlan) -> None:
    files = {"main.js": "", ".npmrc": "registry=https://x.test", "node_modules/.package-lock.json": ""}
    notes = planned(files, "main.js").notes
    assert [note.partition(":")[0] for note in notes] == ["node_modules", ".npmrc"]


def test_what_a_program_leaves_beside_its_files_changes_no_plan(parse: ParseImports, workspace: MakeView) -> None:
    class Unlisted:
        """A view that tells no listing."""

        def __init__(self, view: View) -> None:
            self.read = view.read

        def names(self, folder: str) -> tuple[str, ...]:
            raise AssertionError(folder)

    files = {"main.js": "import './a.js'; import './lib'; import 'lodash'; import '#x'", "a.js": "", "lib/index.js": ""}
    assert plan(Unlisted(workspace(files)), "main.js", parse).source == "scan"
    files |= {"package.json": '{"dependencies": {"lodash": "*"}}'}
    assert plan(Unlisted(workspace(files)), "main.js", parse).source == "package.json"


def test_a_broken_manifest_stops_and_an_absent_entry_too(planned: MakePlan) -> None:
    with pytest.raises(ManifestError, match=r"^package.json:2: is not JSON"):
        planned({"main.js": "", "package.json": '{\n"a": }'}, "main.js")
    with pytest.raises(ViewError, match=r"^main.js: does not exist"):
        planned({}, "main.js")


def test_the_plan_as_json(planned: MakePlan) -> None:
    made = planned({"main.js": "require('lodash'); require('zz')"}, "main.js").to_json()
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize("name", ["aws-lambda", "geojson", "hast", "json-schema", "estree"])
def test_a_name_that_types_are_meant_by_installs_nothing(name: str, really_planned: MakePlan) -> None:
    source = f"import {{ A }} from '{name}'\nimport chalk from 'chalk'"
    made = really_planned({"main.mts": source}, "main.mts")
    assert [each.name for each in made.requirements if each.name != "tsx"] == ["chalk"]
    (found,) = made.undecided
    assert (found.import_name, found.line, found.closest, found.optional) == (name, 1, None, True)
    assert "`import type`" in found.reason
    assert not really_planned({"main.js": source}, "main.js").undecided[0].optional


@pytest.mark.parametrize("name", ["config/db", "store", "router/index", "utils", "queue", "entities/user"])
def test_a_general_word_is_a_file_of_the_program_s_own(name: str, really_planned: MakePlan) -> None:
    made = really_planned({"main.js": f"import x from '{name}'"}, "main.js")
    assert made.requirements == ()
    (found,) = made.undecided
    assert "more likely" in found.reason
    assert found.reason.endswith("name it in package.json")


def test_a_package_that_was_given_up_is_answered_with_what_is_meant(really_planned: MakePlan) -> None:
    made = really_planned({"main.js": "require('faker'); require('request')"}, "main.js")
    assert made.requirements == ()
    assert {each.import_name: each.closest for each in made.undecided} == {"faker": "@faker-js/faker", "request": None}


def test_an_author_may_ask_for_any_of_them(really_planned: MakePlan) -> None:
    asked = '{"dependencies": {"config": "*", "request": "*", "aws-lambda": "*"}}'
    made = really_planned({"package.json": asked, "main.js": ""}, "main.js")
    assert [each.name for each in made.requirements] == ["aws-lambda", "config", "request"]


def test_a_mistyped_name_in_a_manifest_is_said_and_asked_for(really_planned: MakePlan) -> None:
    asked = """{"name": "@acme/web", "dependencies": {
      "lodahs": "1", "@acme/lodahs": "1", "lodash": "1", "react": "1", "acme-thing": "1",
      "@babel/coer": "1"}}"""
    made = really_planned({"package.json": asked, "main.js": ""}, "main.js")
    assert len(made.requirements) == 6
    lodahs, coer = made.notes
    assert lodahs.startswith("package.json:2: lodahs is no widely used package")
    assert "close to that of lodash" in lodahs
    assert coer.startswith("package.json:3: @babel/coer is no widely used package")


@pytest.mark.parametrize("name", ["data:text/javascript,export default 1", "file:///sandbox/a.js"])
def test_what_an_import_brings_itself_or_has_by_a_path_needs_nothing(name: str, planned: MakePlan) -> None:
    assert planned({"main.mjs": f"import a from '{name}'"}, "main.mjs").source == "none"


def test_a_member_seen_without_its_root_says_where_to_look(planned: MakePlan) -> None:
    asked = '{"dependencies": {"@acme/util": "workspace:*"}}'
    with pytest.raises(ManifestError, match=r"^package\.json:1: @acme/util is no package.*with --workspace$"):
        planned({"package.json": asked, "index.js": ""}, None)
    root = {"package.json": '{"workspaces": ["packages/*"]}', "packages/app/package.json": asked}
    with pytest.raises(ManifestError, match=r"^packages/app/package\.json:1: .*correct its name, or add it$"):
        planned({**root, "packages/other/package.json": '{"name": "other"}', "packages/app/index.js": ""}, None)


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("const chalk = require('chalk')", "<5"),
        ("import chalk from 'chalk'", ""),
        ("import glob from 'glob'", "<9"),
        ("import { glob } from 'glob'", ""),
        ("const glob = require('glob')", ""),
        ("const parse = require('csv-parse')", "<5"),
        ("const { parse } = require('csv-parse')", ""),
        ("const parse = require('csv-parse/lib/sync')", "<5"),
        ("const { parse } = require('csv-parse/sync')", ""),
        ("const uuid = require('uuid/v4')", "<7"),
    ],
)
def test_a_scan_wants_a_version_that_offers_what_is_taken(really_planned: MakePlan, text: str, versions: str) -> None:
    (found,) = really_planned({"main.js": text}, "main.js").requirements
    assert found.specifier == versions


def test_a_version_has_to_offer_what_all_files_take(really_planned: MakePlan) -> None:
    files = {"main.js": "const m = require('uuid/v4'); require('./b')", "b.js": "import parse from 'csv-parse'"}
    plan = really_planned(files, "main.js")
    assert [(each.name, each.specifier) for each in plan.requirements] == [("csv-parse", "<5"), ("uuid", "<7")]
    both = {"main.js": "require('lowdb'); require('lowdb/adapters/FileSync')", "package.json": "{}"}
    assert [each.specifier for each in really_planned(both, "main.js").requirements] == ["<2"]


def test_a_manifest_s_versions_are_its_author_s(really_planned: MakePlan) -> None:
    files = {"package.json": '{"dependencies": {"chalk": "^5"}}', "main.js": "const chalk = require('chalk')"}
    assert [each.specifier for each in really_planned(files, "main.js").requirements] == ["^5"]


@pytest.mark.parametrize(
    ("entry", "asked", "launcher"),
    [
        ("m.ts", "zod", [True]),
        ("m.tsx", "zod", [False]),
        ("m.ts", "tsx", []),
        ("m.ts", "ts-node", []),
        ("m.js", "zod", []),
    ],
)
def test_a_project_that_forgot_what_runs_its_typescript_gets_it(
    planned: MakePlan, entry: str, asked: str, launcher: list[bool]
) -> None:
    plan = planned({"package.json": f'{{"devDependencies": {{"{asked}": "*"}}}}', entry: ""}, entry)
    assert [each.optional for each in plan.requirements if each.origin == LAUNCHER] == launcher
    assert plan.source == "package.json"
