"""What lies at a path, by names alone."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner.warm.places import OneManifest, Place, of_file, of_folder
from support.workspaces import DictView, Files


@pytest.mark.parametrize(
    ("name", "language", "manifest", "alias"),
    [
        ("requirements.txt", "python", "requirements.txt", "requirements.txt"),
        ("dev-requirements.in", "python", "dev-requirements.in", "requirements.txt"),
        ("setup.py", "python", "setup.py", "setup.py"),
        ("main.py", "python", "", ""),
        ("package.json", "node", "package.json", "package.json"),
        ("app.mjs", "node", "", ""),
        ("go.mod", "go", "go.mod", "go.mod"),
        ("pom.xml", "java", "pom.xml", "pom.xml"),
        ("settings.gradle.kts", "java", "settings.gradle.kts", "settings.gradle.kts"),
        ("Main.java", "java", "", ""),
    ],
)
def test_a_file_is_a_manifest_or_a_program(name: str, language: str, manifest: str, alias: str) -> None:
    found = of_file(name, "f", "shown", resolvers())
    assert found == Place("f", "shown", language, manifest, alias, "" if manifest else name)


@pytest.mark.parametrize("name", ["photo.png", "Makefile", "requirements.lock", ""])
def test_any_other_file_is_none(name: str) -> None:
    assert of_file(name, "f", "shown", resolvers()) is None


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"pom.xml": "", "build.gradle": ""}, [("java", "pom.xml")]),
        ({"settings.gradle": "", "a/A.java": ""}, [("java", "settings.gradle")]),
        (
            {"package.json": "", "requirements.txt": "", "x.go": ""},
            [("python", "requirements.txt"), ("node", "package.json")],
        ),
        ({"a/b/c.py": "", "d.go": "", "node_modules/x.js": "", ".git/y.java": ""}, [("python", ""), ("go", "")]),
        ({"README": ""}, []),
    ],
)
def test_a_folder_has_the_languages_of_its_manifests_or_else_of_its_sources(
    files: Files, found: list[tuple[str, str]]
) -> None:
    places, _ = of_folder(DictView(files), "f", "shown", resolvers())
    assert [(each.language, each.manifest) for each in places] == found


def test_manifests_below_are_told() -> None:
    files: Files = {"go.mod": "", "ui/package.json": "", "vendor/package.json": "", ".x/package.json": ""}
    _, notes = of_folder(DictView(files), "f", "shown", resolvers())
    assert notes == ["shown/ui/package.json: is warmed with what needs it; to warm all of it, name shown/ui too"]


def test_a_manifest_that_is_named_comes_before_those_of_its_language_that_would_decide() -> None:
    files: Files = {
        "pylock.toml": "a",
        "pyproject.toml": "b",
        "requirements.txt": "c",
        "setup.cfg": "d",
        "dev.txt": "e",
    }
    view = DictView(files)
    order = resolvers()["python"].manifests
    chosen = OneManifest(view, Place("f", "", "python", "dev.txt", "requirements.txt"), order)
    assert chosen.read("requirements.txt") == b"e"
    assert (chosen.read("pylock.toml"), chosen.read("pyproject.toml"), chosen.read("setup.cfg")) == (None, None, b"d")
    assert chosen.names("") == ("requirements.txt", "setup.cfg")
    work = OneManifest(
        DictView({"go.mod": "a", "go.work": "b"}), Place("f", "", "go", "go.work", "go.work"), ("go.mod", "go.work")
    )
    assert (work.read("go.mod"), work.read("go.work")) == (b"a", b"b")


def test_sentences_have_the_path_that_people_know() -> None:
    place = Place("f", "some/where", "python", "dev.txt", "requirements.txt")
    assert place.sentence("requirements.txt:3: no") == "some/where/dev.txt:3: no"
    assert place.sentence("more.txt:1: no") == "some/where: more.txt:1: no"
    assert Place("f", ".", "go").sentence("go.mod:1: no") == "go.mod:1: no"
    assert (place.path(""), place.path("scan"), place.path("x")) == ("some/where/dev.txt",) * 2 + ("some/where/x",)
