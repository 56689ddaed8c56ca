"""What an installer left is compared with what was locked, and with the wheels that the mirror verified."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.resolvers.resolver import Locked
from jhansi_runner.runner.inventory import check, differences
from support.wheels import BuiltFile, make_wheel


def locked(wheel: BuiltFile) -> Locked:
    """A wheel as a lock has it."""
    purl = f"pkg:pypi/{wheel.name}@{wheel.version}"
    return Locked(wheel.name, wheel.version, purl, (f"sha256:{wheel.sha256}",))


class Installed:
    """A cache that holds wheels, and a folder that they were unpacked into."""

    def __init__(self, folder: Path, *wheels: BuiltFile) -> None:
        self.site, self.cache = folder / "site", folder / "cache"
        self.packages = [locked(wheel) for wheel in wheels]
        self.site.mkdir()
        store, files = Store(str(self.cache)), ArtifactFiles(str(self.cache))
        for wheel in wheels:
            descriptor, path = files.incoming()
            Path(path).write_bytes(wheel.data)
            files.commit(descriptor, path, wheel.sha256)
            purl = f"pkg:pypi/{wheel.name}@{wheel.version}"
            store.keep_artifact(wheel.filename, Artifact(purl, wheel.filename, wheel.sha256, wheel.size, 0.0))
            zipfile.ZipFile(BytesIO(wheel.data)).extractall(self.site)
        store.close()

    def problems(self) -> list[str]:
        return differences(str(self.site), self.packages, str(self.cache))


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path, make_wheel("first", "1.0", {"first.py": "one = 1\n"}), make_wheel("second", "2.0"))


def test_what_was_unpacked_from_verified_wheels_is_right(installed: Installed) -> None:
    assert check(str(installed.site), installed.packages) == []
    assert installed.problems() == []


def test_what_the_installer_adds_is_not_compared(installed: Installed) -> None:
    (installed.site / "__pycache__").mkdir()
    (installed.site / "__pycache__/first.cpython-311.pyc").write_bytes(b"bytecode")
    assert installed.problems() == []


@pytest.mark.parametrize("path", ["sitecustomize.py", "first/extra.py", "x.pth", "bin/run.py", "__pycache__/other.pyc"])
def test_a_file_that_no_wheel_holds_is_named(installed: Installed, path: str) -> None:
    (installed.site / path).parent.mkdir(exist_ok=True)
    (installed.site / path).write_text("print('TROJAN')")
    assert installed.problems() == [f"{path} is in no wheel"]


def test_a_changed_file_is_named(installed: Installed) -> None:
    (installed.site / "first.py").write_text("one = 2\n")
    assert installed.problems() == ["first.py is not what its wheel holds"]


def test_a_link_in_place_of_a_file_is_not_followed(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("one = 1\n")
    (installed.site / "first.py").unlink()
    (installed.site / "first.py").symlink_to(tmp_path / "elsewhere.py")
    assert installed.problems() == ["first.py is not what its wheel holds"]


def test_a_link_to_a_folder_is_one_thing_that_no_wheel_holds(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/__init__.py").write_text("print('TROJAN')")
    (installed.site / "extra").symlink_to(tmp_path / "elsewhere")
    assert installed.problems() == ["extra is in no wheel"]


def test_a_package_behind_a_link_is_not_there(tmp_path: Path) -> None:
    installed = Installed(tmp_path, make_wheel("first", "1.0", {"first/__init__.py": "one = 1\n"}))
    (installed.site / "first").rename(tmp_path / "elsewhere")
    (installed.site / "first").symlink_to(tmp_path / "elsewhere")
    assert "no wheel of first that the mirror verified matches" in installed.problems()
    assert "first is in no wheel" in installed.problems()


def test_a_pipe_in_place_of_an_empty_file_is_no_file(tmp_path: Path) -> None:
    installed = Installed(tmp_path, make_wheel("first", "1.0", {"first.py": ""}))
    assert installed.problems() == []
    (installed.site / "first.py").unlink()
    os.mkfifo(installed.site / "first.py")
    assert installed.problems() == ["first.py is not what its wheel holds"]


def test_a_missing_file_leaves_its_package_without_a_wheel(installed: Installed) -> None:
    (installed.site / "first.py").unlink()
    assert installed.problems()[0] == "no wheel of first that the mirror verified matches"


def test_a_wheel_that_the_lock_does_not_name_proves_nothing(installed: Installed) -> None:
    installed.packages = [replace(one, hashes=()) for one in installed.packages]
    assert [problem for problem in installed.problems() if problem.startswith("no wheel of")] == [
        f"no wheel of {name} that the mirror verified matches" for name in ("first", "second")
    ]


def test_two_packages_may_bring_the_same_path(tmp_path: Path) -> None:
    one = make_wheel("first", "1.0", {"shared.py": "one = 1\n"})
    other = make_wheel("second", "2.0", {"shared.py": "two = 2\n"})
    assert Installed(tmp_path, one, other).problems() == []


def test_a_package_that_is_missing_extra_or_of_another_version_is_named(installed: Installed) -> None:
    packages = [Locked("first", "1.1", "pkg:pypi/first@1.1"), Locked("third", "3.0", "pkg:pypi/third@3.0")]
    assert check(str(installed.site), packages) == [
        "third was locked and is not there",
        "second is there and was not locked",
        "first 1.1 was locked, and 1.0 is there",
    ]


def test_headers_lie_where_the_installer_puts_them(tmp_path: Path) -> None:
    header = "acme_tools-1.0.data/headers/acme.h"
    installed = Installed(tmp_path, make_wheel("acme-tools", "1.0", {"acme.py": "", header: "int x;"}))
    (installed.site / "include/acme-tools").mkdir(parents=True)
    (installed.site / header).rename(installed.site / "include/acme-tools/acme.h")
    assert installed.problems() == []


def test_a_script_of_a_wheel_may_be_a_python_file(tmp_path: Path) -> None:
    script = "acme-1.0.data/scripts/tool.py"
    installed = Installed(tmp_path, make_wheel("acme", "1.0", {"acme.py": "", script: "#!python\n"}))
    (installed.site / "bin/__pycache__").mkdir(parents=True)
    (installed.site / script).rename(installed.site / "bin/tool.py")
    (installed.site / "bin/tool.py").write_text("#!/usr/bin/python3\n")
    (installed.site / "bin/__pycache__/tool.cpython-311.pyc").write_bytes(b"bytecode")
    assert installed.problems() == []
    (installed.site / "bin/other.py").write_text("")
    assert installed.problems() == ["bin/other.py is in no wheel"]


@pytest.mark.parametrize("name", ["hook-a.b.cpython-311.pyc", "hook-a.b.cpython-312.opt-1.pyc"])
def test_the_bytecode_of_a_file_with_dots_in_its_name(tmp_path: Path, name: str) -> None:
    installed = Installed(tmp_path, make_wheel("acme", "1.0", {"hooks/hook-a.b.py": ""}))
    (installed.site / "hooks/__pycache__").mkdir()
    (installed.site / "hooks/__pycache__" / name).write_bytes(b"bytecode")
    assert installed.problems() == []
    (installed.site / "hooks/__pycache__/hook-a.cpython-311.pyc").write_bytes(b"bytecode")
    assert installed.problems() == ["hooks/__pycache__/hook-a.cpython-311.pyc is in no wheel"]
