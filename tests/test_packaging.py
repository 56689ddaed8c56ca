"""What is built from a source distribution is the product, whole, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from support.tree import PACKAGES, ROOT, copy, files, import_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"


def _build(tree: Path, what: str, destination: Path) -> Path:
    subprocess.run(
        [sys.executable, "-I", "-c", BUILD, what, str(destination)], cwd=tree, capture_output=True, check=True
    )
    return next(destination.glob("*.whl" if what == "build_wheel" else "*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the unpacked source distribution of a clean copy of this tree."""
    tree, unpacked, built = (tmp_path_factory.mktemp(name) for name in ("tree", "unpacked", "built"))
    copy(tree)
    shutil.unpack_archive(_build(tree, "build_sdist", built), unpacked)
    return _build(next(unpacked.iterdir()), "build_wheel", built)


def _source_files() -> set[str]:
    found = (file.relative_to(ROOT).as_posix() for package in PACKAGES for file in files(ROOT / package))
    return {f"jhansi_runner/{name}" for name in found}


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    version = PROJECT["project"]["version"]
    ours = {name for name in names if not name.startswith(f"jhansi_runner-{version}.dist-info/")}
    assert ours == _source_files()


def test_what_must_be_there_is_there(wheel: Path) -> None:
    """The test above compares with the tree, so it would not miss what the tree has lost."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"jhansi_runner/{package}/py.typed" for package in PACKAGES} <= names
    assert "jhansi_runner/proxy/policy/default.yaml" in names
    assert any(name.startswith("jhansi_runner/resolvers/python/data/") for name in names)


def test_the_default_policy_arrives_as_a_file_though_it_is_a_link_here(wheel: Path) -> None:
    assert (ROOT / "proxy" / "policy" / "default.yaml").is_symlink()
    shipped = zipfile.ZipFile(wheel).read("jhansi_runner/proxy/policy/default.yaml")
    assert shipped == (ROOT / "policy.yaml").read_bytes()


def test_every_folder_with_python_files_is_a_listed_package() -> None:
    folders = {file.parent for package in PACKAGES for file in files(ROOT / package) if file.suffix == ".py"}
    expected = sorted(import_name(folder / "__init__.py") for folder in folders)
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == expected


def test_every_package_has_an_init_file() -> None:
    folders = {file.parent for package in PACKAGES for file in files(ROOT / package) if file.suffix == ".py"}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_module_of_the_wheel_imports_without_the_tree(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
        modules = [import_name(Path("/", name), Path("/")) for name in archive.namelist() if name.endswith(".py")]
    modules = [name.removeprefix("jhansi_runner.") for name in modules]
    probe = f"""
import importlib, sys
sys.path[:] = [{str(tmp_path)!r}] + [entry for entry in sys.path if entry != {str(ROOT / ".link")!r}]
for name in {modules!r}:
    assert importlib.import_module(name).__file__.startswith({str(tmp_path)!r}), name
"""
    done = subprocess.run([sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_runs_nothing_from_the_current_directory(command: str, tmp_path: Path) -> None:
    """A workspace is hostile, and `PYTHONPATH=.` is a habit of many users."""
    for name in ("sitecustomize.py", "usercustomize.py", "os.py", "jhansi_runner.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    environment = {**os.environ, "PYTHONPATH": ".", "HOME": str(tmp_path)}
    subprocess.run([command, "--help"], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert not (tmp_path / "ran").exists()


def test_the_command_works_through_a_link(command: str, tmp_path: Path) -> None:
    link = tmp_path / "jr"
    link.symlink_to(command)
    assert subprocess.run([link, "--help"], capture_output=True, check=False).returncode == 0
