"""Projects that leave what they depend on to their build: when it is asked, and what becomes of its answer."""

from __future__ import annotations

import json

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan, Unbuilt
from jhansi_runner.resolvers.python.resolver import PythonResolver
from jhansi_runner.resolvers.resolver import PROJECT, Asking, Tools
from support.workspaces import DictView, Files, parse_here

DYNAMIC = "[project]\nname = 'x'\ndynamic = ['dependencies']\n"
HATCH = "[build-system]\nrequires = ['hatchling>=1', 'hatch-vcs']\nbuild-backend = 'hatchling.build'\n"


def planned(files: Files, resolver: PythonResolver | None = None, entry: str | None = "main.py") -> Plan:
    return (resolver or PythonResolver()).plan(DictView({"main.py": "import yarl", **files}), entry, parse_here)


def unbuilt(plan: Plan) -> Unbuilt:
    assert plan.unbuilt is not None
    return plan.unbuilt


def metadata(*lines: str) -> str:
    return json.dumps({"metadata": "\n".join(["Metadata-Version: 2.4", "Name: x", "Version: 1", *lines, "", "Words"])})


def told(files: Files, *lines: str) -> Plan:
    """The plan after the build said so."""
    return planned(files, PythonResolver().told(unbuilt(planned(files)), metadata(*lines)))


def test_a_back_end_is_named_with_what_it_requires_and_where_that_stands() -> None:
    asked = unbuilt(planned({"pyproject.toml": DYNAMIC + HATCH}))
    assert (asked.file, asked.line, asked.backend) == ("pyproject.toml", 3, "hatchling.build")
    assert [(each.text, each.line) for each in asked.requirements] == [("hatchling>=1", 5), ("hatch-vcs", 5)]


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({"pyproject.toml": HATCH}, True),  # all metadata is the back end's, as flit's once was
        ({"pyproject.toml": "[project]\nname = 'x'\n" + HATCH}, False),
        ({"pyproject.toml": HATCH + "[tool.poetry.dependencies]\nrich = '*'\n"}, False),
        (
            {"pyproject.toml": "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"},
            False,
        ),
        ({"pyproject.toml": DYNAMIC, "setup.cfg": "[options]\ninstall_requires = rich\n"}, False),
        ({"pyproject.toml": DYNAMIC, "setup.py": "setup(install_requires=['rich'])"}, False),
        ({"pyproject.toml": DYNAMIC, "setup.py": "setup(install_requires=made())"}, True),
        ({"pyproject.toml": DYNAMIC + HATCH, "setup.py": "setup(install_requires=['rich'])"}, True),
        ({"pyproject.toml": DYNAMIC, "requirements.txt": "rich"}, True),
        ({"pyproject.toml": DYNAMIC, "pylock.toml": "lock-version = '1.0'\npackages = []"}, True),
        ({"setup.py": "setup(install_requires=made())", "requirements.txt": "rich"}, False),
        ({"requirements.txt": "-e .[fast]\nrich", "pyproject.toml": "[project]\ndynamic = []"}, False),
    ],
)
def test_the_build_is_asked_only_where_no_file_says_it(files: Files, asked: bool) -> None:
    assert (planned(files).unbuilt is not None) == asked


def test_what_the_build_says_is_the_manifest_s_word_and_its_place() -> None:
    plan = told({"pyproject.toml": DYNAMIC + HATCH}, "Requires-Python: >=3.9", "Requires-Dist: Rich (>=13)")
    assert (plan.source, plan.unbuilt, plan.requires_python) == ("pyproject.toml", None, ">=3.9")
    assert [(each.text, each.file, each.line, each.origin) for each in plan.requirements] == [
        ("rich>=13", "pyproject.toml", 3, "built")
    ]
    assert plan.notes == ()


def test_a_build_that_needs_nothing_decides_nothing() -> None:
    plan = told({"pyproject.toml": DYNAMIC + HATCH})
    assert (plan.source, [each.text for each in plan.requirements]) == ("scan", ["yarl"])


def test_what_else_a_build_requires_is_added_once() -> None:
    files = {"pyproject.toml": DYNAMIC + HATCH}
    first = unbuilt(planned(files))
    resolver = PythonResolver().told(first, json.dumps({"requires": ["cython<4"]}))
    second = unbuilt(planned(files, resolver))
    assert [each.text for each in second.requirements] == ["hatchling>=1", "hatch-vcs", "cython<4"]
    assert (first.settled, second.settled) == (False, True)
    assert planned(files, resolver.told(second, metadata("Requires-Dist: rich"))).unbuilt is None


def test_each_project_of_a_workspace_has_its_own_build() -> None:
    files = {"a/pyproject.toml": DYNAMIC + HATCH, "setup.py": "setup(install_requires=made())", "a/main.py": ""}
    first = unbuilt(planned(files, entry="a/main.py"))
    resolver = PythonResolver().told(first, metadata())
    second = unbuilt(planned(files, resolver, entry="a/main.py"))
    assert (first.folder, second.folder) == ("a", "")
    plan = planned(files, resolver.told(second, metadata("Requires-Dist: rich")), entry="a/main.py")
    assert (plan.source, [each.text for each in plan.requirements]) == ("setup.py", ["rich"])


EXTRAS = (
    "Provides-Extra: fast",
    "Provides-Extra: all",
    "Requires-Dist: rich",
    "Requires-Dist: a; extra == 'fast'",
    "Requires-Dist: b; (python_version < '4') and extra == 'fast'",
    "Requires-Dist: c; extra == 'other'",
    "Requires-Dist: d; 'Fast' == extra or extra == 'other'",
    "Requires-Dist: X[fast]; extra == 'all'",
)


@pytest.mark.parametrize(("extra", "names"), [("fast", ["a", "b", "d", "rich"]), ("all", ["a", "b", "d", "rich"])])
def test_extras_count_when_a_requirements_file_asks_for_them(extra: str, names: list[str]) -> None:
    """The project's own name is never taken for the registry's package."""
    text = f"[project]\nname = 'x'\ndynamic = ['optional-dependencies']\n{HATCH}"
    plan = told({"requirements.txt": f"-e .[{extra}]", "pyproject.toml": text}, *EXTRAS)
    assert (plan.source, [each.name for each in plan.requirements]) == ("requirements.txt", names)
    assert all("extra" not in each.marker for each in plan.requirements)


def test_extras_that_nobody_asks_for_need_nothing() -> None:
    plan = told({"pyproject.toml": DYNAMIC + HATCH}, *EXTRAS)
    assert [each.text for each in plan.requirements] == ["rich"]


SETUP = "from setuptools import setup\nsetup(name='x', install_requires=%s)\n"


@pytest.mark.parametrize(
    ("files", "names", "asked"),
    [
        ({"setup.py": SETUP % "['rich']"}, ["pytest", "rich"], False),
        ({"setup.cfg": "[options]\ninstall_requires = rich\n"}, ["pytest", "rich"], False),
        ({"setup.py": SETUP % "made()"}, ["pytest"], True),
        ({"setup.py": SETUP % "made()", "pyproject.toml": "[tool.ruff]\n"}, ["pytest"], True),
        ({"pyproject.toml": "[project]\ndependencies = ['rich']\n", "setup.py": SETUP % "made()"}, ["rich"], False),
    ],
)
def test_a_requirements_file_that_names_the_project_means_what_it_depends_on(
    files: Files, names: list[str], asked: bool
) -> None:
    plan = planned({"requirements.txt": "-e .\npytest", **files})
    assert ([each.text for each in plan.requirements], plan.unbuilt is not None) == (names, asked)


@pytest.mark.parametrize("name", ["setup.py", "setup.cfg"])
def test_extras_of_setup_files_are_told_by_their_build(name: str) -> None:
    files = {"requirements.txt": "-e .[fast]", name: SETUP % "['rich']" if name == "setup.py" else "[options]\n"}
    assert unbuilt(planned(files)).file == name
    assert [each.name for each in told(files, *EXTRAS).requirements] == ["a", "b", "d", "rich"]


def test_an_extra_of_too_many_others_is_an_error() -> None:
    files = {"requirements.txt": "-e .[all]", "setup.py": SETUP % "[]"}
    many = [f"Requires-Dist: x[{','.join(f'e{n}x{m}' for m in range(150))}]; extra == 'all'" for n in range(9)]
    with pytest.raises(ManifestError, match="more than 200 others"):
        told(files, *many)


def test_groups_come_beside_what_the_build_says() -> None:
    files = {"pyproject.toml": DYNAMIC + HATCH + "[dependency-groups]\ndev = ['pytest']\n"}
    first = planned(files, entry=None)
    assert [each.text for each in first.requirements] == ["pytest"]
    plan = planned(files, PythonResolver().told(unbuilt(first), metadata("Requires-Dist: rich")), entry=None)
    assert [each.text for each in plan.requirements] == ["pytest", "rich"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Requires-Dist: a @ file:///etc", "not an https address"),
        ("Requires-Dist: a @ git+https://host.test/a", "version control"),
        ("Requires-Dist: -r /etc/passwd", "not a requirement"),
        ("Requires-Dist: a\x1b[2J", "not a requirement"),
        ("Requires-Dist: six @ https://h.test/six-1-py3-none-any.whl\n --no-binary=evil", "not a requirement"),
        ("Requires-Dist: core==0.0.0+unknown", "the project's own version"),
        ("Requires-Dist: my-lib", "outside the workspace"),
        ("\n".join(["Requires-Dist: a"] * 2001), "more than 2000"),
    ],
)
def test_what_a_manifest_may_not_say_a_build_may_not_either(line: str, message: str) -> None:
    files = {"pyproject.toml": DYNAMIC + HATCH + "[tool.uv.sources]\nmy-lib = {path = '../lib'}\n"}
    with pytest.raises(ManifestError, match=message) as caught:
        told(files, line)
    assert caught.value.file == "pyproject.toml"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "null",
        "[" * 100_000,
        "{}",
        '{"metadata": 3}',
        '{"metadata": ""}',
        '{"metadata": "Name: x"}',
        '{"metadata": "Name: x\\n\\nMetadata-Version: 2.1"}',
        '{"requires": "six"}',
        '{"requires": [1]}',
        '{"requires": ["a @ file:///x"]}',
    ],
)
def test_another_answer_is_an_error(words: str) -> None:
    with pytest.raises(ManifestError):
        PythonResolver().told(unbuilt(planned({"pyproject.toml": DYNAMIC + HATCH})), words)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("build-backend = 'hatchling.build'\n", "no `requires`"),
        ("requires = ['hatchling @ file:///x']\nbuild-backend = 'x'\n", "not an https address"),
        ("requires = []\nbuild-backend = 'x'\nbackend-path = ['../x']\n", "leads out of the project"),
        ("requires = []\nbuild-backend = 'x'\nbackend-path = ['/x']\n", "leads out of the project"),
        ("requires = []\nbuild-backend = 'x; y'\n", "not an entry point"),
        (f"requires = []\nbuild-backend = '{'x' * 300}'\n", "not an entry point"),
    ],
)
def test_a_build_system_that_cannot_be_obeyed(table: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        planned({"pyproject.toml": f"{DYNAMIC}[build-system]\n{table}"})


def test_the_command_reads_no_variables_and_finds_what_is_required() -> None:
    resolver = PythonResolver()
    assert isinstance(resolver, Asking)
    launch = resolver.ask(unbuilt(planned({"pyproject.toml": DYNAMIC + HATCH})), Tools({"python": "/py"}, {}, ""))
    assert launch.argv[:2] == ("/py", "-I")
    assert PROJECT in launch.argv
    assert json.loads(launch.argv[-1])["packages"] == resolver.place == launch.env["PYTHONPATH"]
    assert launch.keeps == ()
