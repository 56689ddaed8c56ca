"""What `pyproject.toml` asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.proxy.coordinate import PYPI
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.python.manifest import Draft, Manifest
from jhansi_runner.resolvers.python.pyproject import collect

Read = Callable[..., Manifest]


@pytest.fixture
def manifest(workspace: Callable[[Mapping[str, str]], View]) -> Read:
    def read(text: str, extras: tuple[str, ...] = ()) -> Manifest:
        draft = Draft()
        assert collect(workspace({"pyproject.toml": text}), "pyproject.toml", extras, draft)
        return draft.finish("pyproject.toml")

    return read


PROJECT = """[build-system]
requires = ["setuptools"]

[project]
name = "x"
requires-python = ">=3.11"
dependencies = [
    "requests>=2",
    'rich',
]

[project.optional-dependencies]
dev = ["pytest"]

[dependency-groups]
test = ["hypothesis"]
"""


def test_dependencies_with_their_lines(manifest: Read) -> None:
    found = manifest(PROJECT)
    assert [(each.text, each.line, each.origin) for each in found.requirements] == [
        ("requests>=2", 8, "manifest"),
        ("rich", 9, "manifest"),
    ]
    assert found.requires_python == ">=3.11"


def test_extras_only_when_they_are_asked_for(manifest: Read) -> None:
    assert [each.text for each in manifest(PROJECT, ("dev",)).requirements] == ["pytest", "requests>=2", "rich"]


@pytest.mark.parametrize("text", ["", "[project]\nname='x'", "[project]\ndependencies = []", "[tool.ruff]\nx = 1"])
def test_a_project_may_name_no_package(manifest: Read, text: str) -> None:
    assert manifest(text).requirements == ()


def test_dynamic_dependencies_are_said(manifest: Read) -> None:
    found = manifest("[project]\nname = 'x'\ndynamic = ['version', 'dependencies']\n")
    asked = "before a run, setuptools.build_meta:__legacy__ is asked for it in a sandbox"
    assert found.notes == (f"pyproject.toml:3: what it depends on is made by code: {asked}",)
    assert found.unbuilt is not None
    assert (found.requirements, found.unbuilt.line) == ((), 3)


def test_poetry_counts_only_without_project_dependencies(manifest: Read) -> None:
    poetry = "[tool.poetry.dependencies]\npython = '^3.11'\na = '^1'\n"
    found = manifest(poetry)
    assert [(each.text, each.line) for each in found.requirements] == [("a<2,>=1", 3)]
    assert found.requires_python == ">=3.11,<4"
    assert [each.text for each in manifest("[project]\ndependencies = ['b']\n" + poetry).requirements] == ["b"]


@pytest.mark.parametrize(
    "source", ["{ path = 'a-1-py3-none-any.whl' }", "{ git = 'https://h.test/a' }", "[{ workspace = true }]"]
)
def test_a_source_outside_the_registry_never_becomes_the_registrys_package(manifest: Read, source: str) -> None:
    with pytest.raises(ManifestError, match=r"my-lib comes from tool\.uv\.sources") as caught:
        manifest(f"[project]\ndependencies = ['My_Lib']\n[tool.uv.sources]\nmy-lib = {source}\n")
    assert caught.value.line == 2


def test_an_index_of_uv_never_becomes_the_registry_s(manifest: Read) -> None:
    text = "[project]\ndependencies = ['a']\n[tool.uv.sources]\nA = { index = 'mine' }\n"
    with pytest.raises(ManifestError, match=r"^pyproject\.toml:4: a is pinned to the index 'mine'.*`upstream:`"):
        manifest(text)


def test_the_public_index_may_be_named(manifest: Read) -> None:
    url = f"https://{upstream(PYPI).public}/simple"
    text = "[project]\ndependencies = ['a']\n[tool.uv.sources]\na = { index = 'Main' }\n"
    found = manifest(f"{text}[[tool.uv.index]]\nname = 'main'\nurl = '{url}'\n")
    assert [each.text for each in found.requirements] == ["a"]


def test_a_source_of_poetry_s_never_becomes_the_registry_s(manifest: Read) -> None:
    text = (
        "[tool.poetry.dependencies]\na = { version = '1', source = 'PyPI' }\nb = { version = '1', source = 'mine' }\n"
    )
    with pytest.raises(ManifestError, match=r"^pyproject\.toml:3: b is pinned to the index 'mine'"):
        manifest(text)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[project]\nx = = 1", 2, "not TOML"),
        ("[project\n", 1, "not TOML"),
        ("project = 1", 1, "not a table"),
        ("[project]\ndependencies = 'a'", 2, "not a list of strings"),
        ("[project]\ndependencies = [1]", 2, "not a list of strings"),
        ("[project]\ndependencies = ['a b']", 2, "not a requirement"),
        ("[project]\nrequires-python = 3", 2, "not a string"),
        ("[project]\ndependencies = ['a @ file:///x']", 2, "not an https address"),
    ],
)
def test_broken_files_are_errors_with_their_line(manifest: Read, text: str, line: int, message: str) -> None:
    with pytest.raises(ManifestError, match=message) as caught:
        manifest(text)
    assert (caught.value.file, caught.value.line) == ("pyproject.toml", line)


def test_an_absent_file(workspace: Callable[[Mapping[str, str]], View]) -> None:
    assert not collect(workspace({}), "pyproject.toml", (), Draft())
