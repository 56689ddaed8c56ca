"""Imports go one way: proxy <- resolvers <- runner. The client imports none of them, and none imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.tree import PACKAGES, ROOT, files, import_name, imports

MAY_IMPORT = {
    "client": {"client"},
    "proxy": {"proxy"},
    "resolvers": {"proxy", "resolvers"},
    "runner": {"proxy", "resolvers", "runner"},
}
TOO_SLOW_FOR_A_WARM_RUN = {
    "aiohttp", "asyncio", "click", "dataclasses", "diskcache", "enum", "httptools", "json", "mitmproxy",
    "packageurl", "packaging", "pathlib", "pipreqs", "re", "ruamel", "socket", "subprocess", "typing", "yaml",
}  # fmt: skip


def against_the_direction(source: str, file: Path, root: Path) -> list[str]:
    """What a file imports of the packages that stand above its own, and of the tests."""
    package = file.relative_to(root).parts[0]
    found = imports(source, import_name(file, root), is_package=file.name == "__init__.py")
    return [
        f"{file.relative_to(root)}:{line} imports {name}"
        for line, name in found
        if (name.startswith("jhansi_runner.") and name.split(".")[1] not in MAY_IMPORT[package])
        or name.split(".")[0] in {"tests", "support", "benchmarks", *PACKAGES}
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_imports_against_the_direction(package: str) -> None:
    sources = [file for file in files(ROOT / package) if file.suffix == ".py"]
    assert sources
    assert [bad for file in sources for bad in against_the_direction(file.read_text(), file, ROOT)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import jhansi_runner.runner.entry",
        "from jhansi_runner.runner import entry",
        "from jhansi_runner import runner",
        "from ...runner import entry",
        "from ... import runner",
        "def f():\n    from jhansi_runner.resolvers import python",
        "if TYPE_CHECKING:\n    from jhansi_runner.resolvers.interface import Resolver",
        "importlib.import_module('jhansi_runner.runner.entry')",
        "run(['python', '-m', 'jhansi_runner.runner.entry'])",
        "import support.wheels",
        "import resolvers",
    ],
)
def test_the_check_finds(source: str, tmp_path: Path) -> None:
    assert against_the_direction(source, tmp_path / "proxy" / "cache" / "store.py", tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from . import store",
        "from ..coordinate import Coordinate",
        "from jhansi_runner.proxy.policy import decide",
        "'''Tells jhansi_runner and its users.'''",
    ],
)
def test_the_check_allows(source: str, tmp_path: Path) -> None:
    assert not against_the_direction(source, tmp_path / "proxy" / "cache" / "store.py", tmp_path)


def test_the_entry_point_imports_nothing_slow() -> None:
    probe = "import sys; import jhansi_runner.runner.entry; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True).stdout
    assert TOO_SLOW_FOR_A_WARM_RUN & set(loaded.split()) == set()


def test_what_a_repeat_goes_through_imports_nothing_slow_and_of_limits_only_what_sets_them() -> None:
    probe = "import sys; import jhansi_runner.runner.execute; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True).stdout
    assert TOO_SLOW_FOR_A_WARM_RUN & set(loaded.split()) == set()
    limits = {name.rpartition(".")[2] for name in loaded.split() if name.startswith("jhansi_runner.runner.limits.")}
    assert limits == {"hold", "model", "rlimits", "weak"}
