"""Which imports mean files of the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from jhansi_runner.resolvers.interface import View
from jhansi_runner.resolvers.python.local import Modules, parents

MakeView = Callable[[Mapping[str, str]], View]
FILES = dict.fromkeys(
    [
        "app/main.py",
        "app/one.py",
        "app/pkg/__init__.py",
        "app/pkg/sub.py",
        "app/bare/mod.py",
        "app/google/thing.txt",
        "app/fast.cpython-311-x86_64-linux-gnu.so",
        "top.py",
    ],
    "",
)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("one", ("app/one.py",)),
        ("one.attribute", ("app/one.py",)),
        ("pkg", ("app/pkg/__init__.py",)),
        ("pkg.sub.name", ("app/pkg/__init__.py", "app/pkg/sub.py")),
        ("pkg.attribute", ("app/pkg/__init__.py",)),
        ("bare.mod", ("app/bare/mod.py",)),
        ("bare", None),
        ("bare.other", None),
        ("google.cloud", None),
        ("fast", ()),
        ("top", ("top.py",)),
        ("requests", None),
    ],
)
def test_absolute_names(workspace: MakeView, name: str, files: tuple[str, ...] | None) -> None:
    assert Modules(workspace(FILES), parents("app/main.py")).absolute(name) == files


@pytest.mark.parametrize(
    ("importer", "name", "files"),
    [
        ("app/pkg/__init__.py", ".sub", ("app/pkg/sub.py",)),
        ("app/pkg/sub.py", "..one.x", ("app/one.py",)),
        ("app/pkg/sub.py", "....x", ()),
        ("app/pkg/sub.py", ".", ()),
        ("app/pkg/sub.py", ".absent", ()),
    ],
)
def test_relative_names(workspace: MakeView, importer: str, name: str, files: tuple[str, ...]) -> None:
    assert Modules(workspace(FILES), ("app", "")).relative(importer, name) == files


def test_parents_end_at_the_workspace() -> None:
    assert parents("a/b/c.py") == ("a/b", "a", "")
    assert parents("c.py") == ("",)
