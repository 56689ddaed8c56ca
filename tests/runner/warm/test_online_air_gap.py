"""Two sides: one that has the registries, and one without any route, which builds, tests and runs what was carried."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clients import program
from support.projects import GIN, GIN_TEST, MAIN, POM, TEST
from support.user import PATH, User, ordinary_user

pytestmark = pytest.mark.online

NO_ROUTE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-current-user", "--net")
REQUIREMENTS = "numpy\npandas\n"
FRAME = "import numpy as np, pandas as pd\nprint(pd.DataFrame({'x': np.arange(3)}).sum().to_dict())\n"
PACKAGE = '{"name": "app", "version": "1.0.0", "dependencies": {"express": "4.21.2"}}'
EXPRESS = "console.log(typeof require('express')())\n"


class Isolated(User):
    """Somebody whose commands all run where there is no interface but a loopback that is down."""

    def _argv(self, words: tuple[str, ...]) -> list[str]:
        return [*NO_ROUTE, *super()._argv(words)]


class Sides:
    """The near side and the far side; `folder` is the medium, and below it lie both sides' keys."""

    def __init__(self, near: User) -> None:
        self.near = near
        self.far = Isolated(near.folder(near.root / "far"))
        self.medium = near.folder(near.root / "medium")
        for side in (self.near, self.far):
            enabled = ", ".join(f"{name}: {{enabled: true}}" for name in ("pypi", "npm", "golang", "maven"))
            side.write(side.state / "policy.yaml", f"version: 1\nregistries: {{{enabled}}}\ndefault: allow\n")
            side.env |= {"JHANSI_KEY_PASSWORD": "", "JHANSI_PROXY_IDLE": "3"}
        self.far.env["JHANSI_OFFLINE"] = "1"
        self.done(near, "cache", "keygen", str(self.medium / "k"))
        self.far.write(self.far.state / "keys/k.pub", (self.medium / "k.pub").read_bytes())

    def write(self, files: dict[str, str]) -> None:
        """Have files in both workspaces."""
        for side in (self.near, self.far):
            for path, text in files.items():
                side.write(path, text)

    def carry(self, *warmed: str) -> None:
        """Warm, export in volumes, and import what was carried."""
        self.done(self.near, "cache", "warm", *warmed)
        bundle = self.medium / "bundle"
        self.done(
            self.near, "cache", "export", str(bundle), "--key", str(self.medium / "k.key"), "--volume-size", "8MiB"
        )
        assert (self.medium / "bundle.001").exists()
        self.done(self.far, "cache", "review", str(bundle))
        self.done(self.far, "cache", "import", str(bundle))

    def done(self, side: User, *words: str) -> subprocess.CompletedProcess[Any]:
        """Run a command that succeeds."""
        done = side.run(*words, timeout=900)
        assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
        return done


@pytest.fixture
def sides() -> Iterator[Sides]:
    with ordinary_user() as near:
        yield Sides(near)


def test_a_data_science_requirements_file(sides: Sides) -> None:
    sides.write({"requirements.txt": REQUIREMENTS, "main.py": FRAME})
    sides.carry("requirements.txt")
    assert sides.done(sides.far, "exec", "main.py").stdout == "{'x': 3}\n"


def test_an_express_lock_file(sides: Sides) -> None:
    program("npm")
    sides.write({"package.json": PACKAGE, "main.js": EXPRESS})
    sides.done(sides.near, "exec", "--", "npm", "install", "--package-lock-only")
    sides.far.write("package-lock.json", (sides.near.work / "package-lock.json").read_bytes())
    sides.carry("package-lock.json")
    sides.done(sides.far, "exec", "--", "npm", "ci")
    assert sides.done(sides.far, "exec", "main.js").stdout == "function\n"


def test_a_gin_module(sides: Sides) -> None:
    go = program("go")
    for side in (sides.near, sides.far):
        side.env["PATH"] = f"{os.path.dirname(shutil.which('go') or go)}:{PATH}"
    sides.write({"main.go": GIN, "main_test.go": GIN_TEST, "go.mod": "module main.test/main\n\ngo 1.21\n"})
    sides.carry(".")
    for words in (["mod", "tidy"], ["build", "./..."], ["vet", "./..."], ["test", "./..."]):
        sides.done(sides.far, "exec", "--", "go", *words)


def test_a_spring_boot_project(sides: Sides) -> None:
    program("mvn")
    source = "src/main/java/demo/Main.java"
    sides.write({"pom.xml": POM, source: MAIN, "src/test/java/demo/MainTest.java": TEST})
    sides.carry(".")
    built = sides.done(sides.far, "exec", "--", "mvn", "-B", "-ntp", "clean", "verify")
    assert "Tests run: 1, Failures: 0" in built.stdout
    assert "it ran" in sides.done(sides.far, "exec", source).stdout


def test_without_the_bundle_each_says_what_to_warm(sides: Sides) -> None:
    sides.write({"requirements.txt": REQUIREMENTS, "main.py": FRAME})
    listed: Path = sides.medium / "missing.txt"
    done = sides.far.exec("--missing", str(listed), "main.py", timeout=900)
    assert done.returncode == 125
    assert [line for line in listed.read_text().splitlines() if line[:1] != "#"] == [
        "pkg:pypi/numpy",
        "pkg:pypi/pandas",
    ]
    sides.carry(str(listed))
    assert sides.done(sides.far, "exec", "main.py").stdout == "{'x': 3}\n"
