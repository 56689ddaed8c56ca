"""Java programs in Gradle builds, with the host's real Gradle where it has one, and a repository on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.clients import program
from support.jars import make_jar
from support.registry.maven import MavenUpstream
from support.user import User

SLOW = {"timeout": 500}
"""What a busy machine may need for a Gradle, a Maven and a JVM."""
MAIN = """\
package app;
public class Main {
    public static void main(String[] args) throws Exception {
        System.out.println(l.L.word());
        for (String name : new String[] {"/one.txt", "/two.txt", "/three.txt"}) {
            System.out.println(name + " " + (Main.class.getResource(name) != null));
        }
    }
}
"""
BUILD = """\
dependencies {
    implementation project(':lib')
    implementation "org.test:one:${rootProject.ext.version_of.one}"
    testImplementation 'org.test:three:1.0'
}
"""
LIB = (
    "dependencies { ['org.test:two:1.0'].each { implementation(it) { exclude group: 'org.test', module: 'never' } } }\n"
)
ENTRY = "app/src/main/java/app/Main.java"


@pytest.fixture(scope="module")
def registry() -> Iterator[MavenUpstream]:
    for name in ("java", "javac", "mvn", "gradle"):
        program(name)
    with MavenUpstream() as up:
        up.add("org.test:one:1.0", files={".jar": make_jar({"one.txt": b"1"})})
        up.add("org.test:two:1.0", files={".jar": make_jar({"two.txt": b"2"})}, dependencies=["org.test:never:9"])
        up.add("org.test:three:1.0", files={".jar": make_jar({"three.txt": b"3"})})
        yield up


@pytest.fixture
def build(user: User, registry: MavenUpstream) -> User:
    """A build of two projects, whose scripts are more than a text to read."""
    policy(user, registry)
    user.write("settings.gradle", "include 'app', 'lib'\n")
    user.write("build.gradle", "ext.version_of = [one: '1.0']\nsubprojects { apply plugin: 'java' }\nprintln 'noise'\n")
    user.write("app/build.gradle", BUILD)
    user.write("lib/build.gradle", LIB)
    user.write(ENTRY, MAIN)
    user.write(
        "lib/src/main/java/l/L.java", 'package l; public class L { public static String word() { return "L"; } }'
    )
    return user


def policy(user: User, registry: MavenUpstream, more: str = "") -> None:
    enabled = f'registries: {{maven: {{enabled: true, upstream: "{registry.url}"}}}}'
    user.write(user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n{more}")


def test_what_the_build_declares_is_installed_once_and_a_repeat_asks_nobody(build: User) -> None:
    plugin = "plugins { id 'org.gradle.toolchains.foojay-resolver-convention' version '0.8.0' }\n"  # by `gradle init`
    build.write("settings.gradle", f"{plugin}include 'app', 'lib'\n")
    first = build.exec(ENTRY, **SLOW)
    assert first.stdout == "L\n/one.txt true\n/two.txt true\n/three.txt false\n", first.stderr
    assert "app/build.gradle:3: the build (Gradle) is asked what the project depends on" in first.stderr
    assert "org.test:one 1.0  <- app/build.gradle:3 (built)" in first.stderr
    again = build.exec("--offline", ENTRY, **SLOW)
    assert (again.stdout, again.stderr) == (first.stdout, "")
    build.write(ENTRY, MAIN.replace("L.word()", "L.word() + 1"))
    (kept,) = (build.state / "state/private").glob("*/asked/*")
    before = kept.stat().st_mtime_ns
    assert build.exec("--offline", ENTRY, **SLOW).stdout.startswith("L1\n")
    assert kept.stat().st_mtime_ns == before
    assert sorted(path.name for path in build.work.iterdir()) == ["app", "build.gradle", "lib", "settings.gradle"]


def test_what_the_policy_denies_is_refused_with_its_place(build: User, registry: MavenUpstream) -> None:
    policy(build, registry, "rules:\n  - deny: pkg:maven/org.test/two\n    reason: canary-reason\n")
    done = build.exec(ENTRY, **SLOW)
    assert (done.returncode, done.stdout) == (126, ""), done.stderr
    assert "canary-reason" in done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("apply plugin: 'no.such'", "Plugin with id 'no.such' not found."),
        ("implementation(", "Could not compile build file 'app/build.gradle'."),
        ("plugins { id 'a.b' version '1' }", "such as a.b, is there when a build is asked"),
        (
            "buildscript { dependencies { classpath 'g:a:1' }; repositories { mavenCentral() } }",
            "is fetched when it is",
        ),
    ],
)
def test_a_build_that_fails_is_told_in_its_own_words_without_advice(build: User, line: str, said: str) -> None:
    build.write("app/build.gradle", f"{line}\n{BUILD}")
    done = build.exec(ENTRY, **SLOW)
    assert (done.returncode, done.stdout) == (125, "")
    assert said in done.stderr, done.stderr
    assert "app/build.gradle:4: the project's build (Gradle) could not say" in done.stderr
    assert "--stacktrace" not in done.stderr


def test_a_command_has_gradle_fetch_through_the_gate_whatever_repository_is_declared(
    build: User, registry: MavenUpstream
) -> None:
    files = "task files { doLast { configurations.runtimeClasspath.files.each { println 'FILE ' + it.name } } }\n"
    declared = (
        "repositories { maven { url 'https://others.test/' }; ivy { url 'https://ivy.test/' }; mavenCentral() }\n"
    )
    build.write("app/build.gradle", f"{declared}{files}{BUILD}")
    done = build.exec("--", "gradle", "-q", ":app:files", **SLOW)
    assert done.returncode == 0, done.stderr
    assert "FILE lib.jar\nFILE one-1.0.jar\n" in done.stdout
    assert "for a command nothing is installed, and the build is not asked" not in done.stderr
    policy(build, registry, "rules:\n  - deny: pkg:maven/org.test/four\n    reason: canary-reason\n")
    build.write(
        "app/build.gradle", f"{declared}{files}{BUILD}".replace("test:three", "test:four").replace("testI", "i")
    )
    done = build.exec("--", "gradle", "-q", ":app:files", **SLOW)
    assert done.returncode == 1
    assert "Could not resolve org.test:four:1.0" in done.stderr, done.stderr
    assert "canary-reason" in done.stderr


@pytest.mark.attack
def test_a_build_that_is_asked_reaches_nobody_and_writes_to_memory_alone(build: User, registry: MavenUpstream) -> None:
    build.write(build.home / ".ssh/id_canary", "canary")
    look = f"""\
def found = []
[['127.0.0.1', {registry.port}], ['127.0.0.1', 3128], ['192.0.2.1', 80]].each {{ to ->
    try {{ new Socket().connect(new InetSocketAddress(to[0], to[1]), 1000); found << to }} catch (IOException e) {{ }}
}}
['/', '/deps', '/etc', '/keep', '/launch', '/sandbox', '/stage', '/usr'].each {{
    try {{ new File(it, 'canary').text = 'x'; found << it }} catch (IOException e) {{ }}
}}
[{str(build.home)!r}, {str(build.work)!r}, {str(build.state)!r}, '/sandbox'].each {{
    if (new File(it).exists()) found << it
}}
throw new RuntimeException('RESULT ' + found)
"""
    build.write("app/build.gradle", look + BUILD)
    registry.requests.clear()
    done = build.exec(ENTRY, **SLOW)
    assert (done.returncode, done.stdout) == (125, "")
    assert "RESULT []" in done.stderr, done.stderr
    assert registry.requests == []
