"""What whole projects need. Each folder of `tests/projects` says in `expected.toml` what its plan must be."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from jhansi_runner.resolvers.interface import ManifestError, ViewError
from jhansi_runner.resolvers.java.pom import mentions
from jhansi_runner.resolvers.java.steps import poms
from jhansi_runner.resolvers.java.target import Target
from support.javas import planned, pom

PROJECTS = Path(__file__).parents[2] / "projects"
CASES = sorted(folder.name for folder in PROJECTS.iterdir() if folder.name.startswith("java-"))


def files_of(case: str) -> dict[str, str | bytes]:
    folder = PROJECTS / case
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES)
def test_project(case: str) -> None:
    expected = tomllib.loads((PROJECTS / case / "expected.toml").read_text())
    plan = planned(files_of(case), expected.get("entry"))
    assert plan.language == "java"
    assert plan.source == expected["source"]
    if "texts" in expected:
        assert [each.text for each in plan.requirements] == expected["texts"]
        assert {each.origin for each in plan.requirements} == {"manifest"}
    else:
        found = {each.name: [each.import_name, each.origin, f"{each.file}:{each.line}"] for each in plan.requirements}
        assert found == expected.get("requirements", {})
    assert {each.import_name: each.closest or "" for each in plan.undecided} == expected.get("undecided", {})
    target = Target.decode(plan.target)
    assert target.main == expected.get("main", "")
    assert sorted(target.sources) == expected.get("sources", [])
    assert list(target.roots) == expected.get("roots", [])
    assert target.release == expected.get("release", 0)
    if "resources" in expected:
        assert list(target.resources) == expected["resources"]
    assert len(plan.notes) == expected.get("notes", 0)
    assert bool(plan.files) == bool(plan.requirements)


def test_there_are_projects_of_both_kinds() -> None:
    assert {case.split("-")[1] for case in CASES} == {"manifest", "scan"}


MAIN = "class A { public static void main(String[] a) {} }"


def test_one_file_that_needs_nothing_is_started_as_it_is() -> None:
    assert Target.decode(planned({"A.java": MAIN}, "A.java").target).plain


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("A.java", "class B {}\n" + MAIN),  # java would start the first class
        ("A.java", "import com.google.gson.Gson;\n" + MAIN),
        ("A.java", "//MAIN x.B\n" + MAIN),
    ],
)
def test_what_java_could_not_start_as_it_is_is_compiled(name: str, source: str) -> None:
    assert not Target.decode(planned({name: source}, name).target).plain


@pytest.mark.parametrize(
    ("source", "misnamed"),
    [
        ("public class Application {}", True),
        ("public class A {} @X public final class B {}", True),
        ('@X("y") public class A {} class B { public class C {} public void f() {} } record D(int x) {}', False),
    ],
)
def test_a_public_class_in_a_file_of_another_name_is_compiled_all_the_same(source: str, *, misnamed: bool) -> None:
    assert Target.decode(planned({"A.java": source}, "A.java").target).misnamed == misnamed
    files = {"pom.xml": pom("com.google.code.gson:gson:2.11.0"), "A.java": source}
    assert Target.decode(planned(files, "A.java").target).misnamed == misnamed


@pytest.mark.parametrize(
    ("directives", "java"),
    [("", "21+"), ("//PREVIEW\n//JAVA 20\n", "20"), ("//PREVIEW\n", ""), ("//JAVA 22+\n", "22+")],
)
def test_what_only_a_newer_java_reads_asks_for_it(directives: str, java: str) -> None:
    source = f"{directives}class A {{ void f(Object o) {{ if (o instanceof P(int x)) {{}} }} }}"
    assert Target.decode(planned({"A.java": source}, "A.java").target).java == java


def test_a_program_without_a_class_asks_for_a_java_that_knows_them() -> None:
    target = Target.decode(planned({"A.java": "void main() {}"}, "A.java").target)
    assert (target.main, target.preview, target.java) == ("A", True, "21+")


@pytest.mark.parametrize(
    ("text", "line"),
    [("<project>", 1), ("<settings/>", 1), ("\n<!DOCTYPE a><a/>", 1), (pom("g::1"), 5), (pom("g:a b:1"), 5)],
)
def test_a_pom_that_cannot_be_obeyed_is_an_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ManifestError) as caught:
        planned({"pom.xml": text, "A.java": MAIN}, "A.java")
    assert (caught.value.file, caught.value.line) == ("pom.xml", line)


def test_what_is_only_written_out_is_followed_here_and_asked_for_where_it_is_certain() -> None:
    source = "class A { b.B x = rx.Value; Object y = new com.google.gson.Gson(); com.zz.Unknown z; small s; }"
    files = {"A.java": source, "b/B.java": "package b; public class B {}", "parts.java": "class small {}"}
    plan = planned(files, "A.java")
    assert [each.name for each in plan.requirements] == ["com.google.code.gson:gson"]
    assert plan.undecided == ()
    assert Target.decode(plan.target).sources == ("A.java", "parts.java", "b/B.java")


def test_a_binding_comes_with_what_it_binds_whatever_others_ask_for() -> None:
    plan = planned({"A.java": "import com.zaxxer.hikari.HikariDataSource;\n" + MAIN}, "A.java")
    assert [each.name for each in plan.requirements] == ["com.zaxxer:HikariCP", "org.slf4j:slf4j-simple"]
    (written,) = (text for name, text in plan.files if name == "pom.xml")
    assert mentions(written, "org.slf4j:slf4j-api") and written.count("<version>2.0.16</version>") == 2
    alone = planned({"A.java": "import com.google.gson.Gson;\n" + MAIN}, "A.java")
    assert not any(mentions(text, "org.slf4j:slf4j-api") for _, text in alone.files)


def test_tests_without_a_main_are_started_by_junits_console() -> None:
    source = "package x; import org.junit.jupiter.api.Test;\nclass ATest { @Test void works() {} }"
    plan = planned({"ATest.java": source}, "ATest.java")
    assert [each.name for each in plan.requirements] == [
        "org.junit.jupiter:junit-jupiter",
        "org.junit.platform:junit-platform-console",
    ]
    target = Target.decode(plan.target)
    assert target.main == "org.junit.platform.console.ConsoleLauncher"
    assert target.arguments[-2:] == ("--select-class", "x.ATest")
    with_main = planned({"A.java": "import org.junit.jupiter.api.*;\n" + MAIN}, "A.java")
    assert [each.name for each in with_main.requirements] == ["org.junit.jupiter:junit-jupiter"]


def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ViewError):
        planned({}, "A.java")


def test_modules_and_parents_outside_of_the_workspace_are_not_read() -> None:
    more = "<packaging>pom</packaging><modules><module>../../etc</module><module>/etc</module></modules>"
    parent = "<parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent>"
    plan = planned({"pom.xml": pom("g:a:1", more=more + parent)}, None)
    assert [each.text for each in plan.requirements] == ["g:a 1"]


def test_poms_that_name_each_other_come_to_an_end() -> None:
    head = (
        "<groupId>g</groupId><artifactId>{}</artifactId><version>1</version><relativePath>../{}/pom.xml</relativePath>"
    )
    files = {
        "a/pom.xml": pom(
            "g:x:1", more=f"<parent>{head.format('own', 'b')}</parent><modules><module>../b</module></modules>"
        ),
        "b/pom.xml": pom(
            "g:y:1", more=f"<parent>{head.format('own', 'a')}</parent><modules><module>../a</module></modules>"
        ),
        "a/A.java": MAIN,
    }
    assert planned(files, "a/A.java").source == "a/pom.xml"


def test_the_nearest_manifest_decides() -> None:
    gradle = "dependencies {\nimplementation 'g:near:1'\n}"
    files = {"pom.xml": pom("g:far:1"), "x/build.gradle": gradle, "x/A.java": MAIN, "x/y/pom.xml": pom("g:nearest:1")}
    assert [each.name for each in planned(files, "x/A.java").requirements] == ["g:near"]
    assert [each.name for each in planned({**files, "x/y/A.java": MAIN}, "x/y/A.java").requirements] == ["g:nearest"]


def test_a_whole_build_asks_for_what_all_modules_need_and_resolves_them_together() -> None:
    plan = planned(files_of("java-manifest-modules"), None)
    assert [each.name for each in plan.requirements] == [
        "com.fasterxml.jackson.core:jackson-databind",
        "commons-io:commons-io",
    ]
    files = dict(plan.files)
    modules = [line.split(" ") for line in files["modules.txt"].splitlines()]
    assert {(name, version) for _, name, version, _, _ in modules} == {
        (name, "1.0-SNAPSHOT") for name in ("parent", "core", "app", "extra")
    }
    assert all(f"<module>{row[3]}</module>" in files["pom.xml"] for row in modules)


@pytest.mark.parametrize("version", ["../../x", "a b", "..", "${unknown}", "/etc"])
def test_a_module_whose_version_is_no_name_gets_no_place_in_the_repository(version: str) -> None:
    text = pom("g:a:1").replace("<version>1</version>", f"<version>{version}</version>", 1)
    assert dict(planned({"pom.xml": text}, None).files)["modules.txt"] == ""


def test_what_a_run_missed_is_resolved_as_well() -> None:
    files = {"pom.xml": pom("g:a:1"), "A.java": MAIN}
    plan = planned(files, "A.java")
    missed = planned({"A.java": "import com.google.gson.Gson;\n" + MAIN}, "A.java").requirements
    both = replace(plan, requirements=(*plan.requirements, *missed))
    assert mentions(poms(both)["pom.xml"], "com.google.code.gson:gson")
    assert mentions(poms(both)["pom.xml"], "g:a")
    assert poms(plan)["pom.xml"] == dict(plan.files)["pom.xml"]
    alone = replace(plan, requirements=missed, files=())
    assert mentions(poms(alone)["pom.xml"], "com.google.code.gson:gson")
