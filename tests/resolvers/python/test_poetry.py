"""Poetry's constraints in the terms of PEP 440. The expectations are the tables of Poetry's documentation."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.python.manifest import Draft
from jhansi_runner.resolvers.python.poetry import collect, specifier


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^1.2", ">=1.2,<2"),
        ("^1", ">=1,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0.0", ">=0.0,<0.1"),
        ("^0", ">=0,<1"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("*", ""),
        ("", ""),
        ("1.*", "==1.*"),
        ("1.2.3", "==1.2.3"),
        ("=1.2.3", "==1.2.3"),
        ("== 1.2.3", "==1.2.3"),
        (">= 1.2, < 1.5", ">=1.2,<1.5"),
        (">=1.2 <2.0", ">=1.2,<2.0"),
        ("^1.2,!=1.3", ">=1.2,<2,!=1.3"),
    ],
)
def test_constraints(constraint: str, expected: str) -> None:
    assert specifier(constraint) == expected
    SpecifierSet(specifier(constraint))


@pytest.mark.parametrize("constraint", ["^1 || ^2", "1|2", "^x", "latest", "^", "~"])
def test_what_cannot_be_said_is_an_error(constraint: str) -> None:
    with pytest.raises(ValueError, match="is"):
        specifier(constraint)


def collected(dependencies: dict[str, object]) -> Draft:
    draft = Draft()
    collect({"dependencies": dependencies}, "pyproject.toml", "[tool.poetry.dependencies]\n", draft)
    return draft


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("^2", ["a<3,>=2"]),
        ({"version": "^2", "extras": ["x", "y"]}, ["a[x,y]<3,>=2"]),
        ({"version": "*", "optional": True}, []),
        ({"version": "*", "platform": "linux"}, ['a; sys_platform == "linux"']),
        ({"version": "*", "markers": "os_name == 'posix'"}, ['a; os_name == "posix"']),
        (
            {"version": "1", "python": "^3.11", "platform": "linux"},
            ['a==1; sys_platform == "linux" and python_full_version >= "3.11" and python_full_version < "4"'],
        ),
        (
            [{"version": "1", "python": "<3.12"}, {"version": "2", "python": ">=3.12"}],
            ['a==1; python_full_version < "3.12"', 'a==2; python_full_version >= "3.12"'],
        ),
    ],
)
def test_dependencies(value: object, texts: list[str]) -> None:
    assert [each.text for each in collected({"a": value}).requirements] == texts


def test_the_interpreter_is_not_a_package() -> None:
    draft = collected({"python": "^3.11", "a": "*"})
    assert draft.requires_python == ">=3.11,<4"
    assert [each.name for each in draft.requirements] == ["a"]


@pytest.mark.parametrize(
    "value",
    [{"git": "https://host.test/a.git"}, {"path": "../a"}, {"url": "https://host.test/a.zip"}, 1, "^1 || ^2", "?"],
)
def test_what_the_registry_does_not_have_is_an_error(value: object) -> None:
    with pytest.raises(ManifestError) as caught:
        collected({"a": value})
    assert (caught.value.file, caught.value.line) == ("pyproject.toml", 1)
