"""What Node's words say that was not there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import Missing, Plan, Requirement
from jhansi_runner.resolvers.node.diagnose import ASKED, diagnose
from jhansi_runner.resolvers.node.names import NameMap
from support.workspaces import DictView

NAMES = NameMap(frozenset({"lodash", "@babel/core"}), {"lodahs": "lodash"})
SCAN = Plan("node", "scan")


def said(words: str, plan: Plan = SCAN, **files: str) -> list[Missing]:
    view = DictView({f"{name.replace('__', '/')}.js": text for name, text in files.items()})
    return list(diagnose(words, view, plan, NAMES))


CJS = "Error: Cannot find module '{}'\nRequire stack:\n- /sandbox/src/a.js\n- /sandbox/main.js\n    at x"
ESM = "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '{}' imported from /sandbox/src/a.js\n    at x"


@pytest.mark.parametrize("words", [CJS, ESM])
def test_the_package_with_file_line_and_what_to_add(words: str) -> None:
    (found,) = said(words.format("lodash"), src__a="\nrequire('lodash/fp')\n")
    assert (found.import_name, found.file, found.line) == ("lodash", "src/a.js", 2)
    assert found.requirement is not None
    assert found.requirement.purl == "pkg:npm/lodash"
    assert (found.addition, found.manifest) == ('"lodash": "*"', "package.json")


def test_the_manifest_is_the_plan_s() -> None:
    (found,) = said(ESM.format("@babel/core"), Plan("node", "web/package.json"))
    assert (found.manifest, found.line) == ("web/package.json", 0)


@pytest.mark.parametrize("name", ["./helper", "../x", "/sandbox/x.js", "file:///sandbox/x.js"])
def test_local_files_are_no_packages(name: str) -> None:
    assert said(CJS.format(name)) == []
    assert said(f"Cannot find module '{name}' imported from /sandbox/main.mjs") == []


def test_a_name_that_nobody_knows_is_not_for_installing() -> None:
    (found,) = said(CJS.format("lodahs"))
    assert (found.requirement, found.closest, found.addition) == (None, "lodash", "")


def test_a_module_of_a_later_node_is_no_package() -> None:
    (found,) = said("Error [ERR_UNKNOWN_BUILTIN_MODULE]: No such built-in module: node:sqlite")
    assert (found.import_name, found.requirement) == ("node:sqlite", None)


def test_a_file_that_an_installed_package_lacks_is_not_installed_again() -> None:
    plan = Plan("node", "scan", (Requirement("lodash", "", "pkg:npm/lodash", None, "a.js", 1, "known"),))
    (found,) = said(CJS.format("lodash/nope"), plan)
    assert found.requirement is None
    assert found.reason == "lodash is installed, and has no nope in it"


def test_what_a_package_forgot_is_said_of_the_package() -> None:
    (found,) = said("Cannot find package 'lodash' imported from /node_modules/x/index.js")
    assert (found.file, found.line) == ("/node_modules/x/index.js", 0)
    assert found.reason == "a package imports it and does not ask for it"


@pytest.mark.parametrize(
    "words",
    [
        "Error: Please install lodash package manually",
        "DriverPackageNotInstalledError: X has not been found installed. Try to install it: npm install lodash --save",
        "Error: run `npm i -D lodash` first",
        "TypeError: please install 'lodash'.",
        "Error: missing dependency, yarn add lodash",
    ],
)
def test_a_package_may_ask_for_another_in_its_message(words: str) -> None:
    (found,) = said(f"/node_modules/x/index.js:55\n        throw\n\n{words}\n    at x")
    assert found.requirement is not None
    assert found.requirement.purl == "pkg:npm/lodash"
    assert (found.file, found.reason) == ("", ASKED)


@pytest.mark.parametrize(
    "words", ["usage: npm install lodash", "Error: Please install the tools", "Error: npm install"]
)
def test_advice_that_is_no_error_or_names_no_known_package_installs_nothing(words: str) -> None:
    assert said(words) == []


def test_each_is_named_once_and_not_without_end() -> None:
    assert len(said(CJS.format("lodash") * 5)) == 1
    assert len(said("".join(CJS.format(f"a{number}") for number in range(100)))) == 20


@pytest.mark.parametrize("importer", ["/sandbox/../etc/passwd", "/sandbox//x", "/sandbox/./x", "/sandbox/"])
def test_a_path_that_is_none_is_not_read(importer: str) -> None:
    (found,) = said(f"Cannot find package 'lodash' imported from {importer}")
    assert found.line == 0


@given(st.text(alphabet="Cannot find module'\n- /sbx.@\"", max_size=200))
def test_no_words_break_it(words: str) -> None:
    said("Cannot find module '" + words)


@pytest.mark.parametrize(("name", "text"), [("main.cjs", "\nrequire('lodash')"), ("main.mjs", "\nimport 'lodash'")])
def test_the_host_s_node_says_it_so(tmp_path: Path, name: str, text: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    (tmp_path / name).write_text(text)
    done = subprocess.run([node, name], cwd=tmp_path, capture_output=True, text=True, check=False)
    words = done.stderr.replace(str(tmp_path), "/sandbox")
    (found,) = diagnose(words, DictView({name: text}), SCAN, NAMES)
    assert (found.import_name, found.file, found.line) == ("lodash", name, 2)


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node here")
def test_a_name_that_was_made_up_is_where_the_stack_says(tmp_path: Path) -> None:
    source = "const name = 'lod' + 'ash'\n\nrequire(name)\n"
    (tmp_path / "main.cjs").write_text(source)
    done = subprocess.run(["node", "main.cjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    words = done.stderr.replace(str(tmp_path), "/sandbox")
    (found,) = diagnose(words, DictView({"main.cjs": source}), SCAN, NAMES)
    assert (found.import_name, found.file, found.line) == ("lodash", "main.cjs", 3)
