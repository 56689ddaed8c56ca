"""How Java is resolved, installed and started: pure answers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from jhansi_runner.proxy.cell.doorway import PORT
from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java.lock import Lock
from jhansi_runner.resolvers.java.resolver import JavaResolver
from jhansi_runner.resolvers.java.target import Target
from jhansi_runner.resolvers.resolver import ENTRY, Tools, UnfitLock
from support.javas import planned, pom
from support.workspaces import Files

JAVA = JavaResolver()
MAIN = "class A { public static void main(String[] a) {} }"
FOLDER = Path(__file__).parents[3] / "resolvers/java"


def tools(version: str = "17.0.2") -> Tools:
    paths = {"java": "/usr/bin/java", "javac": "/usr/bin/javac", "mvn": "/usr/share/maven/bin/mvn"}
    return Tools(paths, {"java": version, "javac": version, "mvn": "3.8.7"}, "tag")


def argv(files: Files, entry: str, version: str = "17.0.2", *, installed: bool = False) -> list[str]:
    return list(JAVA.launch(planned(files, entry), entry, tools(version), installed=installed).argv)


def test_it_is_one_of_the_languages() -> None:
    assert resolvers()["java"].suffixes == JAVA.suffixes


def test_a_script_is_started_as_it_is_and_a_source_is_compiled() -> None:
    assert argv({"tool": MAIN}, "tool") == ["/bin/sh", "/launch/java.sh", "-1", "-n", "17", "--", ENTRY]
    words = argv({"A.java": MAIN}, "A.java")
    assert words[2:4] == ["-m", "A"]
    assert words[-1] == "--"
    assert ENTRY not in words


def test_a_build_says_for_which_java_and_what_lies_where() -> None:
    more = "<properties><maven.compiler.source>1.8</maven.compiler.source></properties>"
    files = {"pom.xml": pom("g:a:1", more=more), "src/main/java/x/A.java": "package x; " + MAIN}
    words = argv(files, "src/main/java/x/A.java")
    assert words[2:] == ["-m", "x.A", "-j", "17.0.2", "-n", "8", "-s", "src/main/java", "--"]


@pytest.mark.parametrize(
    ("source", "version", "message"),
    [
        ("//JAVA 21\n" + MAIN, "17", "written for Java 21"),
        ("//JAVA 21+\n" + MAIN, "17", "written for Java 21"),
        ("//JAVA 17\n" + MAIN, "21", "written for Java 17"),
        ("void main() {}", "17", "written for Java 21"),
    ],
)
def test_what_this_java_cannot_run_is_an_error_that_says_so(source: str, version: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        argv({"A.java": source}, "A.java", version)


def test_a_build_for_a_later_java_is_an_error() -> None:
    more = "<properties><maven.compiler.release>21</maven.compiler.release></properties>"
    with pytest.raises(ManifestError, match="asks for Java 21"):
        argv({"pom.xml": pom("g:a:1", more=more), "A.java": MAIN}, "A.java")


@pytest.mark.parametrize(("version", "preview"), [("21.0.1", True), ("24", True), ("25", False), ("25.0.1", False)])
def test_programs_without_a_class_are_a_preview_for_some_time(version: str, preview: bool) -> None:
    assert ("-p" in argv({"A.java": "void main() {}"}, "A.java", version)) is preview


def test_a_command_finds_maven_with_a_repository_of_its_own() -> None:
    launch = JAVA.launch(planned({}, None), None, tools(), installed=True)
    assert launch.path == ("/launch",)
    assert "-Dmaven.repo.local=/keep/maven/repository" in launch.env["MAVEN_OPTS"]
    assert launch.keeps == ("/keep/maven", "/keep/gradle")


def test_the_launchers_can_be_started_and_are_shell() -> None:
    assert os.access(FOLDER / "launch/mvn", os.X_OK)
    for script in (FOLDER / "launch/mvn", *FOLDER.glob("*/*.sh")):
        subprocess.run(["sh", "-n", script], check=True)


def test_maven_is_told_of_the_gate_where_it_reads_no_properties() -> None:
    (resolve,) = JAVA.resolve(planned({"pom.xml": pom("g:a:1")}, None), tools(), build=True)
    assert f"<port>{PORT}</port>" in resolve.files["settings.xml"]
    assert "<host>127.0.0.1</host>" in resolve.files["settings.xml"]


def test_a_lock_leads_to_the_files_that_it_was_made_from() -> None:
    plan = planned({"pom.xml": pom("g:a:1")}, None)
    (resolve,) = JAVA.resolve(plan, tools(), build=True)
    row = "g\ta\t1\tjar\t\tcompile\t/stage/site/repository/g/a/1/a-1.jar\t\n"
    left = {"artifacts.txt": row, "sums.txt": "a" * 64 + "  ./g/a/1/a-1.jar\n"}
    lock = JAVA.lock(plan, left)
    (install,) = JAVA.install(lock, tools(), build=True)
    assert resolve.files.items() <= install.files.items()
    assert install.files["wanted.txt"] == "a" * 64 + "  ./g/a/1/a-1.jar\n"
    assert install.files["classpath.txt"] == "compile g/a/1/a-1.jar\n"
    assert [each.purl for each in JAVA.locked(lock)] == ["pkg:maven/g/a@1"]
    assert Lock.decode(lock).files["pom.xml"] == dict(plan.files)["pom.xml"]


def test_without_maven_only_what_needs_an_artifact_is_refused() -> None:
    bare = Tools({"java": "/j/java", "javac": "/j/javac"}, {"java": "17", "javac": "17"}, "tag")
    assert JAVA.launch(planned({"A.java": MAIN}, "A.java"), "A.java", bare, installed=False).argv
    with pytest.raises(UnfitLock, match="apt install maven"):
        JAVA.resolve(planned({"pom.xml": pom("g:a:1")}, None), bare, build=True)


def test_a_target_survives_its_text() -> None:
    target = Target("x.A", True, ("a", "b"), ("c",), ("d",), 17, True, True, "17+")
    assert Target.decode(target.encode()) == target
    assert Target.decode("") == Target()
