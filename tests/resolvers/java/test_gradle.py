"""What the text of a Gradle build tells of its dependencies."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java import catalog, gradle
from jhansi_runner.resolvers.java.artifact import IMPORT, Artifact

CATALOG = b"""\
[versions]
gson = "2.11.0"
[libraries]
gson = { module = "com.google.code.gson:gson", version.ref = "gson" }
commons-lang3 = { group = "org.apache.commons", name = "commons-lang3", version = "3.14.0" }
short_one = "g:short:1"
strict = { module = "g:strict", version = { strictly = "2" } }
bom = "g:bom:1"
free = { module = "g:free" }
lost = { module = "g:lost", version.ref = "nowhere" }
[bundles]
all = ["gson", "short_one"]
broken = ["gson", "nothing"]
"""
NAMED = catalog.parse(CATALOG, "gradle/libs.versions.toml")


def artifacts(build: str) -> list[Artifact]:
    lines = [(line.strip(), number) for number, line in enumerate(build.splitlines(), 1)]
    return [each for each, _ in gradle.artifacts(lines, "build.gradle", NAMED)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("implementation 'g:a:1'", Artifact("g", "a", "1")),
        ('implementation("g:a:1")', Artifact("g", "a", "1")),
        ('api("g:a:1") { exclude(group = "x") }', Artifact("g", "a", "1")),
        ("implementation group: 'g', name: 'a', version: '1'", Artifact("g", "a", "1")),
        ('implementation(group = "g", name = "a", version = "1")', Artifact("g", "a", "1")),
        ("testImplementation 'g:a:1'", Artifact("g", "a", "1", scope="test")),
        ("compileOnly 'g:a:1'", Artifact("g", "a", "1", scope="provided")),
        ("runtimeOnly 'g:a'", Artifact("g", "a", scope="runtime")),
        ("implementation platform('g:bom:1')", Artifact("g", "bom", "1", "pom", scope=IMPORT)),
        ('implementation(enforcedPlatform("g:bom:1"))', Artifact("g", "bom", "1", "pom", scope=IMPORT)),
        ('implementation "g:a:$v"', Artifact("g", "a", "7")),
        ('implementation "g:a:${v}"', Artifact("g", "a", "7")),
    ],
)
def test_dependencies(line: str, found: Artifact) -> None:
    assert artifacts(f"def v = '7'\ndependencies {{\n{line}\n}}") == [found]


@pytest.mark.parametrize(
    ("build", "found"),
    [
        ("implementation 'g:a:1',\n  'g:b:2'", ["a", "b"]),
        ("implementation('g:a:1', 'g:b:2')", ["a", "b"]),
        ("implementation(\n  'g:a:1'\n)", ["a"]),
        ("implementation(\n  'g:a:1',\n  platform('g:b:2'),\n)\napi 'g:c:3'", ["a", "b", "c"]),
        ("implementation group: 'g',\n  name: 'a',\n  version: '1'", ["a"]),
        ("implementation([group: 'g', name: 'a', version: '1'], [group: 'g', name: 'b', version: '2'])", ["a", "b"]),
        ("implementation 'g:a:1'; api 'g:b:2'", ["a", "b"]),
        ("implementation project(':x'), 'g:a:1'", ["a"]),
        ("implementation('g:a:1') {\n  exclude group: 'x', module: 'y'\n}", ["a"]),
        ("implementation 'g:a:1', {\n  transitive = false\n}", ["a"]),
        ('"implementation"("g:a:1")', ["a"]),
        ('add("implementation", "g:a:1")', ["a"]),
        ("testImplementation(testFixtures(project(':x')))", []),
    ],
)
def test_all_that_one_statement_names(build: str, found: list[str]) -> None:
    assert [each.name for each in artifacts(f"dependencies {{\n{build}\n}}")] == found


def test_several_on_the_line_that_opens_the_block() -> None:
    assert [each.name for each in artifacts("dependencies { api 'g:a:1'; api 'g:b:2' }")] == ["a", "b"]


@pytest.mark.parametrize(
    ("build", "line"),
    [
        ("api 'g:a:1',\n other", 2),
        ("api 'g:a:1',\n 'g:b:$unknown'", 2),
        ("api 'g:a:' + v", 2),
        ("api 'g:a:1' + v", 2),
        ("\napi(\n" + "// x\n" * 60, 3),
        ("api group: 'g', name: 'a', group: 'h', name: 'b'", 2),
    ],
)
def test_half_of_a_statement_is_not_taken(build: str, line: int) -> None:
    with pytest.raises(ManifestError) as caught:
        artifacts(f"dependencies {{\n{build}\n}}")
    assert caught.value.line == line


HOSTILE = ("id" + " " * 4000, "a." * 2000 + "!", "release" + " " * 4000, "a='" * 1300, "$" + "a." * 2000, "api (" * 800)


@pytest.mark.parametrize("line", HOSTILE)
def test_a_hostile_build_is_read_in_proportion_to_its_length(line: str) -> None:
    """The system ends a child that needs a hundred times the processor's time that it should."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
        "from jhansi_runner.resolvers.interface import ManifestError\n"
        "from jhansi_runner.resolvers.java import gradle\n"
        "managed = \"id 'io.spring.dependency-management' version '1'\"\n"
        f"lines = [(managed, 1), ('dependencies {{', 2), *(({line!r}, number) for number in range(3, 500))]\n"
        "gradle.release(lines)\n"
        "try: gradle.artifacts(lines, 'build.gradle', {})\n"
        "except ManifestError: pass\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_what_is_no_dependency_is_left_alone() -> None:
    build = "implementation 'g:a:1'\ndependencies {\nimplementation project(':core')\nimplementation files('x.jar')\n}"
    assert artifacts(build) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("implementation(libs.gson)", ["com.google.code.gson:gson:2.11.0"]),
        ("implementation libs.commons.lang3", ["org.apache.commons:commons-lang3:3.14.0"]),
        ("api libs.short.one", ["g:short:1"]),
        ("api(libs.strict.get())", ["g:strict:2"]),
        ("api(libs.free)", ["g:free:"]),
        ("implementation(libs.bundles.all)", ["com.google.code.gson:gson:2.11.0", "g:short:1"]),
        ("implementation(platform(libs.bom))", ["g:bom:1"]),
    ],
)
def test_names_of_a_catalog(line: str, found: list[str]) -> None:
    assert [f"{each.key}:{each.version}" for each in artifacts(f"dependencies {{\n{line}\n}}")] == found


@pytest.mark.parametrize("name", ["lost", "nothing", "bundles.broken"])
def test_a_name_that_the_catalog_does_not_tell_is_an_error(name: str) -> None:
    with pytest.raises(ManifestError):
        artifacts(f"dependencies {{\nimplementation(libs.{name})\n}}")


def test_a_catalog_that_is_no_toml_is_an_error_with_its_line() -> None:
    with pytest.raises(ManifestError) as caught:
        catalog.parse(b"[versions]\na = x\n", "libs.versions.toml")
    assert caught.value.line == 2
    assert catalog.parse(b"libraries = 1\nbundles = [1]\nversions = 2", "x") == {}


def test_springs_plugins_manage_versions() -> None:
    build = "id 'org.springframework.boot' version '3.3.3'\nid 'io.spring.dependency-management' version '1.1.6'"
    (bom,) = artifacts(build)
    assert (bom.key, bom.version, bom.scope) == ("org.springframework.boot:spring-boot-dependencies", "3.3.3", IMPORT)


@pytest.mark.parametrize("line", ["implementation libs.other", 'implementation "g:a:$unknown"', "implementation('a')"])
def test_a_dependency_that_the_text_does_not_tell_is_an_error_with_its_line(line: str) -> None:
    with pytest.raises(ManifestError) as caught:
        artifacts(f"dependencies {{\n{line}\n}}")
    assert caught.value.line == 2
    assert "a Gradle on PATH of the host would be asked" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "release"),
    [
        ("languageVersion = JavaLanguageVersion.of(21)", 21),
        ("sourceCompatibility = '1.8'", 8),
        ("sourceCompatibility = JavaVersion.VERSION_17", 17),
        ("sourceCompatibility = JavaVersion.VERSION_1_8", 8),
        ("options.release = 11", 11),
        ("version = '21'", 0),
    ],
)
def test_the_version_of_java(line: str, release: int) -> None:
    assert gradle.release([(line, 1)]) == release
