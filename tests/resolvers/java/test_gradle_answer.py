"""What a Gradle build says when it is asked, and a plan of it."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan, Unbuilt
from jhansi_runner.resolvers.java import gradle_answer
from jhansi_runner.resolvers.java.artifact import IMPORT, MANAGED, Artifact
from jhansi_runner.resolvers.java.resolver import JavaResolver
from jhansi_runner.resolvers.java.target import Target
from jhansi_runner.resolvers.resolver import Tools
from support.javas import parse_here, planned
from support.workspaces import DictView, Files

STRANGE = "dependencies {\n  implementation(foo())\n}\n"
MAIN = "class Main { public static void main(String[] a) {} }"
UNBUILT = Unbuilt("", "build.gradle", 2, "Gradle", reason="cannot tell")
FILES: Files = {
    "settings.gradle": "include 'app', 'lib'",
    "app/build.gradle": STRANGE,
    "lib/build.gradle": "",
    "app/src/main/java/Main.java": MAIN,
    "lib/src/main/java/l/L.java": "package l; class L {}",
}
ENTRY = "app/src/main/java/Main.java"


def row(*words: str) -> str:
    return "\t".join(words)


def artifact(where: str, coordinate: str, kind: str = "jar", classifier: str = "", without: str = "") -> str:
    return row("artifact", where, *coordinate.split(":"), kind, classifier, without)


def said(*rows: str) -> tuple[Artifact, ...]:
    return gradle_answer.told("\n".join([row("project", ""), *rows]), UNBUILT).artifacts


def unbuilt(plan: Plan) -> Unbuilt:
    assert plan.unbuilt is not None
    return plan.unbuilt


def after(files: Files, entry: str, *rows: str) -> Plan:
    """The plan after the build said this."""
    resolver = JavaResolver().told(unbuilt(planned(files, entry)), "\n".join(rows))
    return resolver.plan(DictView(files), entry, parse_here)


@pytest.mark.parametrize(
    ("places", "scope"),
    [
        (("compileClasspath", "runtimeClasspath", "testRuntimeClasspath"), "compile"),
        (("runtimeClasspath", "testRuntimeClasspath"), "runtime"),
        (("compileClasspath",), "provided"),
        (("annotationProcessor",), "provided"),
        (("testCompileClasspath", "testRuntimeClasspath"), "test"),
    ],
)
def test_the_class_paths_that_have_an_artifact_are_its_scope(places: tuple[str, ...], scope: str) -> None:
    assert said(*(artifact(place, "g:a:1") for place in places)) == (Artifact("g", "a", "1", scope=scope),)


def test_platforms_versions_that_are_managed_exclusions_types_and_classifiers() -> None:
    assert said(
        artifact("compileClasspath", "g:bom:1", "platform"),
        row("managed", "compileClasspath", "g", "m", "2"),
        artifact("compileClasspath", "g:a:", "zip", "linux", "x:y,z:*"),
    ) == (
        Artifact("g", "bom", "1", "pom", scope=IMPORT),
        Artifact("g", "m", "2", scope=MANAGED),
        Artifact("g", "a", "", "zip", "linux", "provided", ("x:y", "z:*")),
    )


@pytest.mark.parametrize(
    ("version", "maven"),
    [
        ("1.2", "1.2"),
        ("1.+", "[1,2)"),
        ("1.9.+", "[1.9,1.10)"),
        ("+", "[0,)"),
        ("latest.release", "[0,)"),
        ("[1,2[", "[1,2)"),
        ("]1,2]", "(1,2]"),
        ("1.5!!", "1.5"),
    ],
)
def test_versions_as_maven_writes_them(version: str, maven: str) -> None:
    assert gradle_answer.as_maven(version) == maven


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "hello",
        row("artifact", "compileClasspath", "g", "a"),
        row("project", "../.."),
        row("project", "/etc"),
        artifact("compileClasspath", "g:a:1"),
        row("project", "") + "\n" + artifact("elsewhere", "g:a:1"),
        row("project", "") + "\n" + artifact("compileClasspath", "g:<a>:1"),
        row("project", "") + "\n" + artifact("compileClasspath", "g:a:1", without="x</groupId>"),
        row("project", "") + "\n" + row("managed", "compileClasspath", "g", "a", "1&2"),
        "\n".join([row("project", "")] * 20_001),
    ],
)
def test_what_is_no_answer_is_refused(answer: str) -> None:
    with pytest.raises(ManifestError) as caught:
        gradle_answer.told(answer, UNBUILT)
    assert (caught.value.file, caught.value.line) == ("build.gradle", 2)


def test_a_build_whose_text_does_not_tell_is_to_be_asked_in_the_folder_of_its_settings() -> None:
    plan = planned(FILES, ENTRY)
    asked = unbuilt(plan)
    assert (asked.folder, asked.file, asked.line, plan.requirements) == ("", "app/build.gradle", 2, ())
    launch = JavaResolver().ask(asked, Tools({"gradle": "/opt/gradle/bin/gradle"}, {}, ""))
    assert launch.argv[-2:] == ("/opt/gradle/bin/gradle", "app")


def test_without_a_gradle_the_error_says_what_the_text_does_not_tell_and_that_one_would_be_asked() -> None:
    with pytest.raises(ManifestError, match="cannot tell which artifact") as caught:
        JavaResolver().ask(unbuilt(planned(FILES, ENTRY)), Tools({}, {}, ""))
    assert "a Gradle on PATH of the host would be asked" in caught.value.hint


def test_what_it_says_is_installed_with_the_sources_of_the_projects_it_needs() -> None:
    plan = after(
        FILES,
        ENTRY,
        row("project", "app"),
        row("project", "lib"),
        artifact("compileClasspath", "g:a:1", without="x:y"),
        artifact("runtimeClasspath", "g:a:1", without="x:y"),
        row("managed", "compileClasspath", "g", "m", "2"),
    )
    assert plan.unbuilt is None
    assert [(each.text, each.file, each.origin) for each in plan.requirements] == [
        ("g:a 1", "app/build.gradle", "built")
    ]
    assert Target.decode(plan.target).roots == ("app/src/main/java", "lib/src/main/java")
    text = dict(plan.files)["pom.xml"]
    assert "<exclusion><groupId>x</groupId><artifactId>y</artifactId></exclusion>" in text
    managed = (
        "<dependency><groupId>g</groupId><artifactId>m</artifactId><version>2</version><type>jar</type></dependency>"
    )
    assert managed in text


def test_a_project_that_another_needs_and_what_all_share_are_read_too() -> None:
    files: Files = {
        "settings.gradle": "",
        "build.gradle": "subprojects {\n dependencies {\n  implementation 'g:shared:1'\n }\n}\n",
        "app/build.gradle": "dependencies {\n api project(':libs:one')\n api project(':gone')\n}\n",
        "libs/one/build.gradle": "dependencies {\n implementation('g:one:1')\n api project(path: ':app')\n}\n",
        "libs/one/src/main/java/l/L.java": "package l; class L {}",
        ENTRY: MAIN,
    }
    plan = planned(files, ENTRY)
    assert [(each.text, each.file, each.line) for each in plan.requirements] == [
        ("g:one 1", "libs/one/build.gradle", 2),
        ("g:shared 1", "build.gradle", 3),
    ]
    assert Target.decode(plan.target).roots == ("app/src/main/java", "libs/one/src/main/java")
    assert plan.notes[1:] == ("app/build.gradle:3: the other project's artifacts are not added",)


def test_a_project_that_another_needs_and_whose_text_does_not_tell_has_the_build_asked() -> None:
    files = {
        **FILES,
        "app/build.gradle": "dependencies { implementation project(':lib') }",
        "lib/build.gradle": STRANGE,
    }
    asked = unbuilt(planned(files, ENTRY))
    assert (asked.folder, asked.file, asked.line) == ("", "app/build.gradle", 1)
    assert asked.reason.startswith("needs lib/build.gradle:2: cannot tell which artifact")


def test_properties_and_scripts_that_are_applied_are_read() -> None:
    files: Files = {
        "settings.gradle": "",
        "gradle.properties": "# words\none.version = 1\ntwoVersion=2\n",
        "gradle/more.gradle": "dependencies {\n api 'g:more:3'\n}\n",
        "build.gradle": "ext.four = '4'\napply from: 'https://scripts.test/x.gradle'\n",
        "app/build.gradle": (
            'apply from: "$rootDir/gradle/more.gradle"\napply(from = "../../out.gradle")\n'
            'dependencies {\n api "g:two:$twoVersion"\n api "g:one:${one.version}"\n api "g:four:$four"\n}\n'
        ),
        ENTRY: MAIN,
    }
    plan = planned(files, ENTRY)
    assert [each.text for each in plan.requirements] == ["g:four 4", "g:more 3", "g:one 1", "g:two 2"]
    assert next(each.file for each in plan.requirements if each.name == "g:more") == "gradle/more.gradle"
    assert plan.notes[1:] == ("app/build.gradle:2: ../../out.gradle is not read",)


def test_for_a_command_no_build_is_asked() -> None:
    plan = planned({"build.gradle": STRANGE}, None)
    assert (plan.unbuilt, plan.requirements) == (None, ())
    assert "build.gradle:2: cannot tell which artifact" in plan.notes[0]
