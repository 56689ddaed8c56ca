"""An index of an author's own is never taken for the public registry."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.coordinate import PYPI
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.indexes import by_name, check, is_public
from jhansi_runner.resolvers.python.manifest import Draft
from jhansi_runner.resolvers.python.pipfile import collect
from jhansi_runner.resolvers.python.precedence import find_manifest
from support.workspaces import DictView, parse_here


def test_only_the_public_host_is_public() -> None:
    host = upstream(PYPI).public
    assert is_public(f"https://{host.upper()}/simple/")
    others = (
        f"http://{host}/",
        f"https://{host}.x.test/",
        f"https://x.{host}/",
        f"https://u@{host}/",
        "https://[x/",
        "",
    )
    assert [url for url in others if is_public(url)] == []


@pytest.mark.parametrize(("index", "known"), [("mine", {}), ("", {}), (1, {}), ("pypi", {"pypi": "https://x.test/"})])
def test_what_is_not_surely_public_is_refused(index: object, known: dict[str, str]) -> None:
    with pytest.raises(ManifestError, match=r"^F:3: a is pinned"):
        check("a", index, known, "F", 3)


@pytest.mark.parametrize("listed", [None, 1, [1], [{}], [{"name": [], "url": {}}], [{"name": "PyPI"}]])
def test_odd_lists_of_indexes_name_none(listed: object) -> None:
    assert by_name(listed) == {}


def test_a_pipfile_s_index_is_looked_up_by_its_name() -> None:
    text = """[[source]]
name = "corp"
url = "https://corp.example/simple"
[packages]
a = {version = "*", index = "pypi"}
b = {version = "*", index = "corp"}
"""
    with pytest.raises(ManifestError, match=r"^Pipfile:6: b is pinned to the index 'corp'"):
        collect(DictView({"Pipfile": text}), "Pipfile", Draft())


@pytest.mark.parametrize(
    ("file", "header", "rest"),
    [
        ("Pipfile", "source", "[packages]\na = '*'\n"),
        ("pyproject.toml", "tool.poetry.source", "[tool.poetry.dependencies]\na = '*'\n"),
        ("pyproject.toml", "tool.uv.index", "[project]\ndependencies = ['a']\n"),
    ],
)
def test_an_index_for_all_packages_is_noted_and_not_obeyed(file: str, header: str, rest: str) -> None:
    text = f"# first\n[[{header}]]\nname = 'corp'\nurl = 'https://corp.example/simple'\n{rest}"
    found = find_manifest(DictView({file: text, "main.py": ""}), "main.py", parse_here)
    assert [each.text for each in found.requirements] == ["a"]
    assert found.notes == (f"{file}:2: the index 'corp' is not obeyed: registries are set by the policy",)
