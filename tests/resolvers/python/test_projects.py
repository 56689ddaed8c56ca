"""Projects that lie in the workspace: what they bring, and where their code is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan
from jhansi_runner.resolvers.python.resolver import PythonResolver
from jhansi_runner.resolvers.resolver import Tools

MakePlan = Callable[[Mapping[str, str], str | None], Plan]

PROJECT = "[project]\nname = 'demo'\ndependencies = ['tabulate']\n[project.optional-dependencies]\ndev = ['pytest']\n"
TOOLS = Tools({"python": "/usr/bin/python3"}, {"python": "3.12.1"}, "")


def texts(plan: Plan) -> list[str]:
    return [each.text for each in plan.requirements]


def test_the_project_itself_brings_what_it_depends_on(planned: MakePlan) -> None:
    plan = planned({"a/requirements.txt": "-e ..[dev]\nrich\n", "pyproject.toml": PROJECT, "a/m.py": ""}, "a/m.py")
    assert texts(plan) == ["pytest", "rich", "tabulate"]
    assert plan.roots == ("",)
    assert plan.notes == (
        "a/requirements.txt:1: the project itself is not installed: its code is imported from the workspace, "
        "and nothing is built",
    )


def test_a_project_that_names_its_own_extras_does_not_mean_the_registrys_package(planned: MakePlan) -> None:
    extras = "all = ['Demo[dev, Doc_s]']\ndoc-s = ['sphinx', 'demo[all]']\nfuture = ['demo[gone]']\n"
    files = {"a/requirements.txt": "-e ..[all]\n", "pyproject.toml": PROJECT + extras, "a/m.py": ""}
    assert texts(planned(files, "a/m.py")) == ["pytest", "sphinx", "tabulate"]
    files["a/requirements.txt"] = "-e ..[future]\n"
    assert texts(planned(files, "a/m.py")) == ["demo[gone]", "tabulate"]


def test_a_project_beside_the_program_may_be_of_any_age(planned: MakePlan) -> None:
    files = {
        "requirements.txt": "-e ./new\n./old\n./cfg\n",
        "new/pyproject.toml": PROJECT,
        "new/src/demo/__init__.py": "",
        "old/setup.py": "from setuptools import setup\nsetup(name='old', install_requires=['attrs'])",
        "old/old.py": "",
        "cfg/setup.cfg": "[options]\ninstall_requires =\n  click\n",
        "main.py": "import demo, old",
    }
    plan = planned(files, "main.py")
    assert texts(plan) == ["attrs", "click", "tabulate"]
    assert plan.roots == ("new/src", "old", "cfg")


def test_projects_that_name_each_other_are_read_once(planned: MakePlan) -> None:
    project = "[project]\nname='x'\ndynamic=['dependencies']\n"
    reading = "[tool.setuptools.dynamic]\ndependencies = {file = ['requirements.txt']}\n"
    files = {
        "requirements.txt": "-e ./one\n",
        "one/pyproject.toml": project + reading,
        "one/requirements.txt": "-e .\n-e ..\ntabulate\n",
        "pyproject.toml": project + reading,
        "main.py": "",
    }
    plan = planned(files, "main.py")
    assert texts(plan) == ["tabulate"]
    assert plan.roots == ("one", "")


def test_a_requirements_file_that_names_only_a_project_leaves_the_rest_to_the_scan(planned: MakePlan) -> None:
    setup = "from setuptools import setup\nsetup(name='x')\n"
    plan = planned(
        {"requirements.txt": "-e ./lib1", "lib1/setup.py": setup, "lib1/rich.py": "", "m.py": "import rich"}, "m.py"
    )
    assert (texts(plan), plan.undecided, plan.roots) == ([], (), ("lib1",))


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        ("app/requirements.txt", "rich\n-e ../libs/one[dev]\n"),
        (
            "app/pyproject.toml",
            "[tool.poetry.dependencies]\nrich = '*'\ndemo = {path = '../libs/one', extras = ['dev']}\n",
        ),
        ("app/Pipfile", "[packages]\nrich = '*'\ndemo = {path = '../libs/one', editable = true, extras = ['dev']}\n"),
        (
            "app/pyproject.toml",
            "[project]\ndependencies = ['rich', 'Demo[dev]']\n[tool.uv.sources]\ndemo = {path = '../libs/one'}\n",
        ),
        (
            "app/pyproject.toml",
            "[project]\ndependencies = ['rich', 'demo[dev]']\n[tool.uv.sources]\ndemo = {workspace = true}\n",
        ),
    ],
)
def test_each_manifest_may_name_a_project_beside_it(planned: MakePlan, manifest: str, text: str) -> None:
    files = {
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['lib?/*', 'app']\n",
        "libs/one/pyproject.toml": PROJECT,
        "libs/one/demo/__init__.py": "",
        "libs/two/pyproject.toml": "[project]\nname = 'other'\n",
        manifest: text,
        "app/main.py": "",
    }
    plan = planned(files, "app/main.py")
    assert texts(plan) == ["pytest", "rich", "tabulate"]
    assert plan.roots == ("libs/one",)
    assert plan.source == manifest


@pytest.mark.parametrize("members", ["['other']", "['../libs/one']", "['libs/two', '*']"])
def test_a_member_that_is_not_found_is_never_the_registrys_package(planned: MakePlan, members: str) -> None:
    files = {
        "pyproject.toml": "[project]\ndependencies = ['demo']\n[tool.uv.sources]\ndemo = {workspace = true}\n"
        f"[tool.uv.workspace]\nmembers = {members}\n",
        "libs/one/pyproject.toml": PROJECT,
        "main.py": "",
    }
    with pytest.raises(ManifestError, match=r"demo comes from tool\.uv\.sources, not from the registry"):
        planned(files, "main.py")


def test_a_folder_that_is_no_project_is_an_error_with_its_line(planned: MakePlan) -> None:
    with pytest.raises(ManifestError, match=r"^requirements.txt:2: nowhere has no pyproject.toml, ") as caught:
        planned({"requirements.txt": "rich\n-e ./nowhere\n", "main.py": ""}, "main.py")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("files", "entry", "roots"),
    [
        ({"pyproject.toml": PROJECT, "src/demo/__init__.py": "", "main.py": ""}, "main.py", ("src",)),
        ({"pyproject.toml": PROJECT, "src/demo/__init__.py": "", "tests/t.py": ""}, None, ("src",)),
        ({"pyproject.toml": PROJECT, "src/__init__.py": "", "scripts/m.py": ""}, "scripts/m.py", ("",)),
        ({"pyproject.toml": PROJECT, "demo/__init__.py": "", "scripts/m.py": ""}, "scripts/m.py", ("",)),
        ({"pyproject.toml": PROJECT, "demo/__init__.py": "", "main.py": ""}, "main.py", ()),
        ({"pyproject.toml": PROJECT, "demo/__init__.py": ""}, None, ("",)),
        ({"setup.py": "", "demo/__init__.py": ""}, None, ("",)),
        ({"pyproject.toml": "[tool.ruff]\n", "src/demo/__init__.py": "", "main.py": ""}, "main.py", ()),
        ({"src/demo/__init__.py": "", "main.py": ""}, "main.py", ()),
        ({"pyproject.toml": PROJECT, "types.py": "", "scripts/m.py": ""}, "scripts/m.py", ()),
        ({"pyproject.toml": "[tool.ruff]\n", "setup.py": "", "scripts/m.py": ""}, "scripts/m.py", ("",)),
        ({"pyproject.toml": PROJECT, "string.pyc": "", "scripts/m.py": ""}, "scripts/m.py", ()),
        ({"pyproject.toml": PROJECT, "json.abi3.so": "", "scripts/m.py": ""}, "scripts/m.py", ()),
        ({"pyproject.toml": PROJECT, "src/json/__init__.py": "", "main.py": ""}, "main.py", ()),
        ({"pyproject.toml": PROJECT, "test/__init__.py": "", "scripts/m.py": ""}, "scripts/m.py", ("",)),
        ({"app/pyproject.toml": PROJECT, "app/src/demo/a.py": "", "app/bin/m.py": ""}, "app/bin/m.py", ("app/src",)),
    ],
)
def test_a_projects_own_code_is_found_as_after_an_installation_in_place(
    planned: MakePlan, files: Mapping[str, str], entry: str | None, roots: tuple[str, ...]
) -> None:
    assert planned(files, entry).roots == roots


def test_a_script_with_its_own_metadata_belongs_to_no_project(planned: MakePlan) -> None:
    script = "# /// script\n# dependencies = ['rich']\n# ///\n"
    assert planned({"pyproject.toml": PROJECT, "src/demo/__init__.py": "", "main.py": script}, "main.py").roots == ()


def test_the_set_comes_before_the_projects_code() -> None:
    plan = Plan("python", "none", roots=("src", ""))
    env = PythonResolver().launch(plan, "main.py", TOOLS, installed=True).env
    assert env == {"PYTHONPATH": "/deps:/sandbox/src:/sandbox"}
    assert PythonResolver().launch(plan, None, TOOLS, installed=False).env == {"PYTHONPATH": "/sandbox/src:/sandbox"}
    assert PythonResolver().launch(Plan("python", "none"), None, TOOLS, installed=False).env == {}
