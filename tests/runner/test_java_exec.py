"""Java, from the command to the program's exit code, with a repository on loopback that stands for the registry."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import program
from support.jars import make_jar
from support.javas import pom
from support.registry.maven import MavenUpstream
from support.user import User

GSON = "com.google.code.gson:gson:2.11.0"
USE = """\
import com.google.gson.Gson;

public class Main {
    public static void main(String[] args) {
        System.out.println(new Gson().toJson(args));
        System.exit(args.length);
    }
}
"""
WARM = {"timeout": 300}
"""What these machines may need for a JVM's start, three times, when others work on them too."""


@pytest.fixture(scope="module")
def jar(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Something that looks like Gson from afar."""
    for name in ("java", "javac", "mvn"):
        program(name)
    folder = tmp_path_factory.mktemp("gson")
    source = folder / "Gson.java"
    source.write_text(
        "package com.google.gson; public class Gson {"
        ' public String toJson(Object[] all) { return "JSON " + String.join(",", (String[]) all); } }'
    )
    subprocess.run(["javac", "--release", "11", "-d", folder, source], check=True)
    return make_jar({"com/google/gson/Gson.class": (folder / "com/google/gson/Gson.class").read_bytes()})


@pytest.fixture(scope="module")
def registry(jar: bytes) -> Iterator[MavenUpstream]:
    with MavenUpstream() as up:
        up.add(GSON, files={".jar": jar}, dependencies=["org.test:needed:1.0"])
        up.add("org.test:needed:1.0")
        up.add("org.test:alone:1.0")
        up.add("org.test:parent:1.0", packaging="pom")
        yield up


@pytest.fixture
def java(user: User, registry: MavenUpstream) -> User:
    """The user, whose policy names that registry."""
    return with_policy(user, registry)


def with_policy(user: User, registry: MavenUpstream, more: str = "") -> User:
    enabled = f'registries: {{maven: {{enabled: true, upstream: "{registry.url}"}}}}'
    user.write(user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n{more}")
    return user


def test_a_program_that_needs_nothing_runs_as_it_is(java: User) -> None:
    java.write(
        "A.java", "class A { public static void main(String[] a) { System.out.println(a[0]); System.exit(3); } }"
    )
    done = java.exec("A.java", "x", **WARM)
    assert (done.stdout, done.stderr, done.returncode) == ("x\n", "", 3)


def test_what_is_imported_is_installed_once_and_the_second_run_says_nothing(
    java: User, registry: MavenUpstream
) -> None:
    java.write("Main.java", USE)
    first = java.exec("Main.java", "a", "b", **WARM)
    assert (first.stdout, first.returncode) == ("JSON a,b\n", 2), first.stderr
    assert "com.google.code.gson:gson 2.11.0  <- import com.google.gson, Main.java:1 (curated)" in first.stderr
    assert "installing 2 packages" in first.stderr
    asked = len(registry.requests)
    second = java.exec("Main.java", "c", **WARM)
    assert (second.stdout, second.stderr, second.returncode) == ("JSON c\n", "", 1)
    assert len(registry.requests) == asked
    assert sorted(path.name for path in java.work.iterdir()) == ["Main.java"]


def test_another_workspace_needs_no_network_for_the_same(java: User) -> None:
    java.write("Main.java", USE)
    assert java.exec("Main.java", **WARM).stdout == "JSON \n"
    java.work = java.folder(java.root / "offline")
    java.write("Main.java", USE)
    done = java.exec("--offline", "Main.java", **WARM)
    assert done.stdout == "JSON \n", done.stderr


def test_what_was_compiled_is_found_again_until_a_source_changes(java: User) -> None:
    java.write("Main.java", "class Main { public static void main(String[] a) { System.out.print(Other.word()); } }")
    java.write("Other.java", 'class Other { static String word() { return "one"; } }')
    assert java.exec("Main.java", **WARM).stdout == "one"
    kept = next((java.state / "state/private").glob("*/keep/java/keep/java"))
    before = sorted(path.name for path in kept.iterdir())
    assert java.exec("Main.java", **WARM).stdout == "one"
    assert sorted(path.name for path in kept.iterdir()) == before
    java.write("Other.java", 'class Other { static String word() { return "two"; } }')
    assert java.exec("Main.java", **WARM).stdout == "two"


def test_a_source_that_does_not_compile_is_told_as_javac_tells_it(java: User) -> None:
    java.write("Main.java", "class Main { public static void main(String[] a) { Other.x(); } }")
    java.write("Other.java", "class Other { static void x() { int y = ; } }")
    done = java.exec("Main.java", **WARM)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Other.java:1: error: illegal start of expression\n")


def test_modules_of_a_build_are_compiled_together_with_a_parent_of_the_registry(java: User) -> None:
    parent = "<parent><groupId>org.test</groupId><artifactId>parent</artifactId><version>1.0</version></parent>"
    modules = "<packaging>pom</packaging><modules><module>core</module><module>app</module></modules>"
    java.write("pom.xml", pom(more=parent + modules))
    own = "<parent><groupId>test</groupId><artifactId>own</artifactId><version>1</version></parent>"
    for name, needs in (("core", GSON), ("app", "test:core:1")):
        text = pom(needs, more=own)
        java.write(f"{name}/pom.xml", text.replace("<artifactId>own", f"<artifactId>{name}", 1))
    core = "public class Core { public static String of(String[] a) { return new com.google.gson.Gson().toJson(a); } }"
    java.write("core/src/main/java/core/Core.java", f"package core; {core}")
    java.write("core/src/main/resources/word.txt", "found")
    java.write(
        "app/src/main/java/app/Main.java",
        "package app; public class Main { public static void main(String[] a) throws Exception {"
        ' byte[] word = Main.class.getResourceAsStream("/word.txt").readAllBytes();'
        " System.out.print(core.Core.of(a) + new String(word)); } }",
    )
    done = java.exec("app/src/main/java/app/Main.java", "x", **WARM)
    assert done.stdout == "JSON xfound", done.stderr


def test_what_only_a_run_misses_is_installed_and_the_program_run_again(java: User) -> None:
    java.write(
        "Main.java",
        "class Main { public static void main(String[] a) throws Exception {"
        ' String name = "com.google.gson." + "Gson"; System.out.print(Class.forName(name).getName()); } }',
    )
    done = java.exec("Main.java", **WARM)
    assert done.stdout == "com.google.gson.Gson", done.stderr
    assert "installing com.google.code.gson:gson 2.11.0, and running again" in done.stderr


def test_what_a_pom_forgot_is_told_with_the_line_to_add(java: User) -> None:
    java.write("pom.xml", pom("org.test:alone:1.0"))
    java.write("Main.java", USE)
    done = java.exec_json("Main.java", **WARM)
    assert done["exit_code"] == 1
    (one,) = done["unlisted_imports"]
    assert (one["package"], one["file"], one["line"], one["allowed"]) == (
        "com.google.code.gson:gson",
        "Main.java",
        1,
        True,
    )
    assert one["addition"].startswith("<dependency><groupId>com.google.code.gson</groupId>")
    assert java.exec("--fix", "Main.java", **WARM).stdout == "JSON \n"


def test_what_is_denied_is_not_installed_and_the_rule_is_told(new_user: User, registry: MavenUpstream) -> None:
    rules = "rules:\n  - deny: pkg:maven/org.test/needed\n    reason: it steals keys\n"
    java = with_policy(new_user, registry, rules)
    java.write("Main.java", USE)
    done = java.exec("Main.java", **WARM)
    assert (done.returncode, done.stdout) == (126, ""), done.stderr
    assert "it steals keys" in done.stderr
    assert "policy.yaml:5" in done.stderr
    assert "re-run Maven" not in done.stderr


@pytest.mark.attack
def test_nothing_of_the_workspace_configures_maven(java: User) -> None:
    java.write("Main.java", USE)
    marker = "<settings><localRepository>/tmp/evil</localRepository></settings>"
    for name in ("settings.xml", ".m2/settings.xml", ".mvn/settings.xml"):
        java.write(name, marker)
    java.write(".mvn/maven.config", "-Devil\n--no-such-option\n")
    java.write(".mvn/jvm.config", "-XX:NoSuchOption\n")
    java.write(".mvn/extensions.xml", "<extensions><extension><groupId>org.test</groupId></extension></extensions>")
    assert java.exec("Main.java", **WARM).stdout == "JSON \n"


def test_maven_itself_runs_as_a_command_with_what_was_installed(java: User) -> None:
    java.write("pom.xml", pom(GSON))
    done = java.exec("--", "mvn", "-B", "-q", "-o", "validate", **WARM)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = next((java.state / "state/private").glob("*/keep/java/keep/maven"))
    assert (kept / "repository/com/google/code/gson/gson/2.11.0/gson-2.11.0.jar").is_file()


@pytest.mark.online
def test_a_program_with_a_pom_of_spring_boot_runs(new_user: User) -> None:
    new_user.write(new_user.state / "policy.yaml", "version: 1\nregistries: {maven: {enabled: true}}\ndefault: allow\n")
    parent = (
        "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>"
        "<version>3.3.3</version></parent>"
    )
    new_user.write("pom.xml", pom("org.springframework.boot:spring-boot-starter", more=parent))
    new_user.write("src/main/resources/application.properties", "spring.main.web-application-type=none\n")
    new_user.write(
        "src/main/java/demo/App.java",
        "package demo;\n"
        "@org.springframework.boot.autoconfigure.SpringBootApplication\n"
        "public class App implements org.springframework.boot.CommandLineRunner {\n"
        "  public static void main(String[] a) { org.springframework.boot.SpringApplication.run(App.class, a); }\n"
        '  public void run(String... a) { System.out.println("spring " + a[0]); }\n}\n',
    )
    done = new_user.exec("src/main/java/demo/App.java", "x", timeout=600)
    assert "spring x\n" in done.stdout, done.stderr


def test_a_jar_of_an_artifact_that_a_rule_names_teaches_its_packages(
    new_user: User, registry: MavenUpstream, tmp_path: Path
) -> None:
    source = tmp_path / "Tool.java"
    source.write_text('package com.acme.tool; public class Tool { public static String word() { return "learned"; } }')
    subprocess.run(["javac", "--release", "11", "-d", tmp_path, source], check=True)
    made = make_jar({"com/acme/tool/Tool.class": (tmp_path / "com/acme/tool/Tool.class").read_bytes()})
    registry.add("com.acme:acme-tool:1.2", files={".jar": made})
    rule = "rules:\n  - {allow: 'pkg:maven/com.acme/acme-tool', reason: ours}\n"
    use = "class Main { public static void main(String[] a) { System.out.println(com.acme.tool.Tool.word()); } }\n"
    imported = use.replace("com.acme.tool.Tool.", "Tool.")
    with_policy(new_user, registry, rule).write("Main.java", f"//DEPS com.acme:acme-tool:1.2\n{use}")
    assert new_user.exec("Main.java", **WARM).stdout == "learned\n"
    new_user.work = new_user.folder(new_user.root / "second")
    new_user.write("Main.java", f"import com.acme.tool.Tool;\n{imported}")
    done = new_user.exec("Main.java", **WARM)
    assert done.stdout == "learned\n", done.stderr
    assert "com.acme:acme-tool 1.2  <- import com.acme.tool, Main.java:1 (learned)" in done.stderr
    with_policy(new_user, registry)
    new_user.work = new_user.folder(new_user.root / "third")
    new_user.write("Main.java", f"import com.acme.tool.Tool;\n{imported}")
    assert "undecided: import com.acme.tool" in new_user.exec("Main.java", **WARM).stderr


def test_a_public_class_in_a_file_of_another_name_runs_and_errors_keep_their_place(java: User) -> None:
    java.write(
        "my program.java", 'public class App { public static void main(String[] a) { System.out.println("ran"); } }'
    )
    done = java.exec("my program.java", **WARM)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
    java.write("my program.java", "public class App { public static void main(String[] a) { nothing; } }")
    failed = java.exec("my program.java", **WARM)
    assert failed.returncode == 1
    assert failed.stderr.startswith("my program.java:1: error: not a statement")
