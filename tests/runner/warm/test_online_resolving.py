"""Projects of the public registries: warmed, and then built, tested and run in a new workspace with the cache alone."""

from __future__ import annotations

import os
import shutil

import pytest

from support.clients import program
from support.projects import GIN, GIN_TEST, MAIN, POM, TEST
from support.user import PATH, User
from support.warming import purls, warmed

pytestmark = pytest.mark.online

LONG = {"timeout": 900}
UUID = """\
package main

import "github.com/google/uuid"

func main() { println(uuid.NewString()) }
"""


@pytest.fixture
def public(new_user: User) -> User:
    """A user whose policy lets in what the public registries have, however new."""
    enabled = ", ".join(f"{name}: {{enabled: true}}" for name in ("pypi", "npm", "golang", "maven"))
    new_user.write(new_user.state / "policy.yaml", f"version: 1\nregistries: {{{enabled}}}\ndefault: allow\n")
    return new_user


def elsewhere(user: User) -> None:
    """Work in another folder from now on, which nothing was installed for."""
    user.work = user.folder(user.root / "elsewhere")


def test_a_spring_boot_project_whose_tests_are_written_on_the_other_side(public: User) -> None:
    program("mvn")
    public.write("pom.xml", POM)
    public.write("src/main/java/demo/Main.java", MAIN)
    found = warmed(public, ".", seconds=900)
    assert (found["ran"], found["trouble"]) == (True, []), found
    assert sorted(path.name for path in public.work.iterdir()) == ["pom.xml", "src"]
    elsewhere(public)
    public.write("pom.xml", POM)
    public.write("src/main/java/demo/Main.java", MAIN)
    public.write("src/test/java/demo/MainTest.java", TEST)
    done = public.exec("--offline", "--", "mvn", "-B", "-ntp", "clean", "verify", **LONG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Tests run: 1, Failures: 0" in done.stdout
    ran = public.exec("--offline", "src/main/java/demo/Main.java", **LONG)
    assert "it ran" in ran.stdout, ran.stderr


def test_a_gin_module_that_is_tidied_and_tested_on_the_other_side(public: User) -> None:
    go = program("go")
    public.env["PATH"] = f"{os.path.dirname(shutil.which('go') or go)}:{PATH}"
    public.write("main.go", GIN)
    public.write("main_test.go", GIN_TEST)
    public.write("go.mod", "module main.test/main\n\ngo 1.21\n")
    found = warmed(public, ".", seconds=900)
    assert (found["ran"], found["trouble"]) == (True, []), found
    assert any(purl.startswith("pkg:golang/github.com/gin-gonic/gin@v1.") for purl in purls(found))
    elsewhere(public)
    public.write("main.go", GIN)
    public.write("main_test.go", GIN_TEST)
    public.write("go.mod", "module main.test/main\n\ngo 1.21\n")
    for words in (["mod", "tidy"], ["build", "./..."], ["vet", "./..."], ["test", "./..."]):
        done = public.exec("--offline", "--", "go", *words, **LONG)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert "testify" in (public.work / "go.mod").read_text()


def test_a_source_tree_without_a_manifest_and_open_modules(public: User) -> None:
    go = program("go")
    public.env["PATH"] = f"{os.path.dirname(shutil.which('go') or go)}:{PATH}"
    public.write("main.go", UUID)
    assert warmed(public, ".")["trouble"] == []
    listed = "pkg:golang/github.com/google/uuid <v1.6.0\npkg:maven/org.slf4j/slf4j-api [2.0.0,2.0.10)\n"
    found = warmed(public, "l.txt", listed=listed)
    assert found["trouble"] == []
    assert "pkg:golang/github.com/google/uuid@v1.5.0" in purls(found)
    assert "pkg:maven/org.slf4j/slf4j-api@2.0.9" in found["fetched"]
    assert warmed(public, "l.txt", listed=listed, offline=True)["trouble"] == []
    elsewhere(public)
    public.write("main.go", UUID)
    done = public.exec("--offline", "main.go", **LONG)
    assert done.returncode == 0, done.stderr


def test_data_science_requirements_for_two_pythons_and_two_machines(public: User) -> None:
    public.write("requirements.txt", "numpy\npandas\n")
    found = warmed(public, "requirements.txt", ("3.11", "x86_64"), ("3.12", "aarch64"))
    assert found["trouble"] == []
    assert {purl.partition("@")[0] for purl in purls(found)} >= {"pkg:pypi/numpy", "pkg:pypi/pandas"}


def test_an_express_project(public: User) -> None:
    program("npm")
    public.write("package.json", '{"dependencies": {"express": "^4", "esbuild": "0.25.0"}}')
    found = warmed(public, "package.json", ("3.11", "x86_64"), ("3.11", "aarch64"))
    assert found["trouble"] == []
    wanted = purls(found)
    assert any(purl.startswith("pkg:npm/express@4.") for purl in wanted)
    assert {f"pkg:npm/%40esbuild/linux-{cpu}@0.25.0" for cpu in ("x64", "arm64")} <= set(wanted)
    assert not [purl for purl in wanted if "darwin" in purl or "win32" in purl]
