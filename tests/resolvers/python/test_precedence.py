"""Which manifest decides, and what the older and rarer ones ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import ManifestError, ParseImports, Plan, View
from jhansi_runner.resolvers.python.precedence import FILES, find_manifest

MakePlan = Callable[[Mapping[str, str], str | None], Plan]
MakeView = Callable[[Mapping[str, str]], View]

LOCKED = (
    'lock-version = "1.0"\n[[packages]]\nname = "a-lock"\nversion = "1"\nwheels = [{hashes = {sha256 = "%s"}}]\n'
    % ("a" * 64)
)
EACH = {
    "pylock.toml": (LOCKED, "a-lock==1"),
    "pyproject.toml": ("[project]\ndependencies = ['b-project']\n", "b-project"),
    "requirements.txt": ("c-lines\n", "c-lines"),
    "setup.cfg": ("[options]\ninstall_requires =\n    d-cfg>=1\n", "d-cfg>=1"),
    "setup.py": ("from setuptools import setup\nsetup(name='x', install_requires=['e-py'])\n", "e-py"),
    "Pipfile": ("[packages]\nf-pip = '*'\n", "f-pip"),
}


def test_every_manifest_has_a_case() -> None:
    assert tuple(EACH) == FILES


@pytest.mark.parametrize("first", range(len(FILES)))
def test_the_first_of_the_order_decides(planned: MakePlan, first: int) -> None:
    files = {name: EACH[name][0] for name in FILES[first:]} | {"main.py": "import flask\n"}
    plan = planned(files, "main.py")
    assert plan.source == FILES[first]
    assert [each.text for each in plan.requirements] == [EACH[FILES[first]][1]]


def test_the_nearest_folder_comes_before_a_stronger_manifest_above(planned: MakePlan) -> None:
    assert planned({"app/Pipfile": EACH["Pipfile"][0], "pylock.toml": LOCKED, "app/m.py": ""}, "app/m.py").source == (
        "app/Pipfile"
    )


def test_a_named_lock_decides_when_it_is_the_only_one(planned: MakePlan) -> None:
    assert planned({"pylock.prod.toml": LOCKED, "main.py": ""}, "main.py").source == "pylock.prod.toml"
    two = planned({"pylock.prod.toml": LOCKED, "pylock.dev.toml": LOCKED, "main.py": ""}, "main.py")
    assert two.source == "none"
    assert "one of several locks" in two.notes[0]


def test_folders_are_not_listed_when_a_manifest_decides(workspace: MakeView, parse: ParseImports) -> None:
    class Unlisted:
        def read(self, path: str) -> bytes | None:
            return workspace({"main.py": "", "requirements.txt": "rich"}).read(path)

        def names(self, folder: str) -> tuple[str, ...]:
            raise AssertionError(folder)

    assert find_manifest(Unlisted(), "main.py", parse).source == "requirements.txt"


@pytest.mark.parametrize(
    ("manifest", "lock"),
    [("pyproject.toml", "uv.lock"), ("pyproject.toml", "poetry.lock"), ("Pipfile", "Pipfile.lock")],
)
def test_a_lock_that_is_not_read_is_named(planned: MakePlan, manifest: str, lock: str) -> None:
    (note,) = planned({manifest: EACH[manifest][0], lock: "", "main.py": ""}, "main.py").notes
    assert note.startswith(f"{lock}: is not read, {manifest} decides")


GROUPS = """[project]
name = "x"
dependencies = [%s]
[dependency-groups]
dev = ["ruff", {include-group = "Lint_More"}]
test = ["pytest"]
lint-more = ["mypy", "ruff"]
docs = ["sphinx"]
"""


@pytest.mark.parametrize(
    ("own", "entry", "expected", "left"),
    [
        ("'rich'", "main.py", ["rich"], "dev, docs, lint-more, test"),
        ("'rich'", None, ["mypy", "pytest", "rich", "ruff"], "docs, lint-more"),
        ("", "main.py", ["mypy", "ruff"], "docs, lint-more, test"),
    ],
)
def test_groups_are_for_commands_and_for_projects_without_dependencies(
    planned: MakePlan, own: str, entry: str | None, expected: list[str], left: str
) -> None:
    plan = planned({"pyproject.toml": GROUPS % own, "main.py": ""}, entry)
    assert [each.text for each in plan.requirements] == expected
    assert plan.notes == (f"pyproject.toml:4: dependency groups that are not installed for this: {left}",)


def test_the_default_groups_of_uv_are_taken(planned: MakePlan) -> None:
    text = GROUPS % "'rich'" + "[tool.uv]\ndefault-groups = ['docs']\n"
    plan = planned({"pyproject.toml": text, "main.py": ""}, None)
    assert [each.text for each in plan.requirements] == ["pytest", "rich", "sphinx"]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("dev = [{include-group = 'no'}]", "there is no dependency group no"),
        ("dev = [{include-group = 'a'}]\na = [{include-group = 'dev'}]", "the group dev includes itself"),
        ("dev = [{path = '.'}]", "an entry of the group dev is neither a package nor a group"),
        ("dev = [3]", "an entry of the group dev is neither a package nor a group"),
        ("dev = 'ruff'", "dev is not a list"),
        ("dev = []\nDEV = []", "the group DEV is there twice"),
    ],
)
def test_groups_that_cannot_be_obeyed_stop(planned: MakePlan, groups: str, message: str) -> None:
    with pytest.raises(ManifestError, match=r"^pyproject.toml:\d+: ") as stopped:
        planned({"pyproject.toml": f"[dependency-groups]\n{groups}\n", "main.py": ""}, None)
    assert stopped.value.message == message


def test_groups_that_name_each_other_often_are_read_once(planned: MakePlan) -> None:
    chain = "".join(f"g{n} = [{{include-group = 'g{n + 1}'}}, {{include-group = 'g{n + 1}'}}]\n" for n in range(28))
    text = f"[dependency-groups]\ndev = [{{include-group = 'g0'}}, 'ruff']\n{chain}g28 = []\n"
    assert [each.text for each in planned({"pyproject.toml": text, "main.py": ""}, None).requirements] == ["ruff"]


@pytest.mark.parametrize(
    "table",
    [
        "[tool.setuptools.dynamic]\ndependencies = {file = ['needs.txt', 'more.txt']}\n",
        "[tool.hatch.metadata.hooks.requirements_txt]\nfiles = ['needs.txt', 'more.txt']\n",
    ],
)
def test_dynamic_dependencies_are_read_from_their_files(planned: MakePlan, table: str) -> None:
    text = f"[project]\nname = 'x'\ndynamic = ['dependencies']\n{table}"
    files = {"pyproject.toml": text, "needs.txt": "rich\n", "more.txt": "yarl\n", "main.py": ""}
    plan = planned(files, "main.py")
    assert (plan.source, [each.text for each in plan.requirements]) == ("pyproject.toml", ["rich", "yarl"])
    assert [each.file for each in plan.requirements] == ["needs.txt", "more.txt"]
    with pytest.raises(ManifestError, match=r"more\.txt does not exist"):
        planned({key: value for key, value in files.items() if key != "more.txt"}, "main.py")


@pytest.mark.parametrize("path", ["../needs.txt", "/etc/passwd", "a/../../b"])
def test_dynamic_files_lie_in_the_workspace(planned: MakePlan, path: str) -> None:
    text = f"[project]\ndynamic = ['dependencies']\n[tool.setuptools.dynamic]\ndependencies = {{file = '{path}'}}\n"
    with pytest.raises(ManifestError, match="outside the workspace"):
        planned({"pyproject.toml": text, "main.py": ""}, "main.py")


def test_setup_cfg_as_setuptools_reads_it(planned: MakePlan) -> None:
    text = "[metadata]\nname = x%y\n[options]\npython_requires = >=3.9\ninstall_requires =\n    rich  # why\n    # no\n"
    plan = planned({"setup.cfg": text + "    yarl; python_version > '3'\n", "main.py": ""}, "main.py")
    assert [each.text for each in plan.requirements] == ["rich", 'yarl; python_version > "3"']
    assert (plan.requires_python, plan.requirements[0].line) == (">=3.9", 6)
    files = {"setup.cfg": "[options]\ninstall_requires = file: a.txt\n", "a.txt": "rich", "main.py": ""}
    assert planned(files, "main.py").requirements[0].file == "a.txt"
    with pytest.raises(ManifestError, match=r"^setup.cfg:1: is not a configuration file"):
        planned({"setup.cfg": "install_requires = x\n", "main.py": ""}, "main.py")


SETUP = """import setuptools
NEEDS = ["attrs"] + ["cattrs>=1"]
setuptools.setup(
    name="x",
    python_requires=">=3.10",
    install_requires=%s,
)
"""


def test_setup_py_is_read_and_never_run(planned: MakePlan) -> None:
    plan = planned({"setup.py": SETUP % "['rich', 'yarl']", "main.py": ""}, "main.py")
    assert [(each.text, each.line) for each in plan.requirements] == [("rich", 6), ("yarl", 6)]
    assert plan.requires_python == ">=3.10"
    plan = planned({"setup.py": SETUP % "NEEDS", "main.py": ""}, "main.py")
    assert [(each.text, each.line) for each in plan.requirements] == [("attrs", 2), ("cattrs>=1", 2)]
    plan = planned({"setup.py": SETUP % "[]", "main.py": ""}, "main.py")
    assert (plan.source, plan.unbuilt) == ("none", None)


@pytest.mark.parametrize(
    "text",
    [
        SETUP % "open('x').read().split()",
        SETUP % "NEEDS" + "NEEDS += ['rich']\n",
        SETUP % "NEEDS" + "NEEDS.append('rich')\n",
        SETUP % "NEEDS" + "NEEDS[0] = 'rich'\n",
        SETUP % "NEEDS" + "if 1:\n    NEEDS = ['rich']\n",
        "from setuptools import setup\nsetup(**read())\n",
    ],
)
def test_a_setup_py_whose_list_is_made_by_code_is_left_to_its_build(planned: MakePlan, text: str) -> None:
    plan = planned({"setup.py": text, "main.py": "import yarl"}, "main.py")
    assert (plan.source, plan.requirements) == ("setup.py", ())
    assert plan.unbuilt is not None
    assert (plan.unbuilt.folder, plan.unbuilt.backend) == ("", "setuptools.build_meta:__legacy__")
    assert [each.text for each in plan.unbuilt.requirements] == ["setuptools"]
    assert "before a run, setuptools.build_meta:__legacy__ is asked for it in a sandbox" in plan.notes[0]


def test_a_pipfile(planned: MakePlan) -> None:
    text = """[packages]
a = "*"
b = ">=1,<2"
c = {version = "1.5", extras = ["x"], markers = "python_version >= '3'", sys_platform = "== 'linux'", index = "pypi"}
[dev-packages]
pytest = "*"
[requires]
python_version = "3.11"
"""
    plan = planned({"Pipfile": text, "main.py": ""}, "main.py")
    marker = 'python_version >= "3" and sys_platform == "linux"'
    assert [each.text for each in plan.requirements] == ["a", "b<2,>=1", f"c[x]==1.5; {marker}"]
    assert (plan.requires_python, plan.notes) == ("==3.11.*", ())
    for entry in ("{git = 'x'}", "{path = '.'}", "3", "{version = 3}"):
        with pytest.raises(ManifestError, match=r"^Pipfile:2: "):
            planned({"Pipfile": f"[packages]\na = {entry}\n", "main.py": ""}, "main.py")


def test_a_command_gets_what_is_listed_apart_for_work(planned: MakePlan) -> None:
    files = {"requirements.txt": "rich\n", "requirements-dev.txt": "-r requirements.txt\npytest\n", "main.py": ""}
    assert [each.text for each in planned(files, None).requirements] == ["pytest", "rich"]
    assert [each.text for each in planned(files, "main.py").requirements] == ["rich"]
    project = "[project]\ndependencies = ['rich']\n[project.optional-dependencies]\n{} = ['pytest']\n"
    for extra, wanted in (("dev", ["pytest", "rich"]), ("tests", ["pytest", "rich"]), ("docs", ["rich"])):
        files = {"pyproject.toml": project.format(extra), "main.py": ""}
        assert [each.text for each in planned(files, None).requirements] == wanted
        assert [each.text for each in planned(files, "main.py").requirements] == ["rich"]


def test_a_file_that_the_other_one_includes_is_read_once(planned: MakePlan) -> None:
    files = {"requirements.txt": "-r requirements-dev.txt\nrich\n", "requirements-dev.txt": "pytest\n"}
    plan = planned(files, None)
    assert ([each.text for each in plan.requirements], plan.notes) == (["pytest", "rich"], ())
