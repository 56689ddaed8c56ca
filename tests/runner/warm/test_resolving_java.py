"""Projects of Maven and Gradle that are warmed, and then built with the cache alone, by the real tools."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import mavens
from support.clients import program
from support.jars import make_jar
from support.javas import pom
from support.registry.maven import MavenUpstream
from support.user import User
from support.warming import warmed

LONG = {"timeout": 500}
ONE = "org.test:one:1.0"
BUILD = """\
apply plugin: 'java'
repositories { mavenCentral() }
dependencies { compileOnly 'org.test:one:1.0' }
"""
SPY = """\
def seen = []
def paths = {paths}
paths.each {{ name, path -> if (new File(path).exists()) {{ seen << name }} }}
try {{ new URL('{url}').getText(connectTimeout: 5000); seen << 'network' }} catch (IOException e) {{ }}
throw new GradleException("it is in ${{projectDir}} and saw ${{seen}}")
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MavenUpstream]:
    for name in ("java", "javac", "mvn"):
        program(name)
    with MavenUpstream() as up:
        mavens.fill(up, tmp_path_factory.mktemp("plugins"))
        up.add(ONE, files={".jar": make_jar({"one.txt": b"1"})}, dependencies=["org.test:two:1.0"])
        up.add("org.test:two:1.0")
        up.add("org.test:two:2.0")
        yield up


@pytest.fixture
def java(new_user: User, registry: MavenUpstream) -> User:
    """A user with an empty cache, whose policy names that registry."""
    allow(new_user, registry)
    registry.requests.clear()
    return new_user


def allow(user: User, registry: MavenUpstream, more: str = "") -> None:
    enabled = f'registries: {{maven: {{enabled: true, upstream: "{registry.url}"}}}}'
    user.write(user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n{more}")


def modules(user: User) -> None:
    """A build of two modules, with a source and no test."""
    parts = "<packaging>pom</packaging><modules><module>core</module><module>app</module></modules>"
    user.write("pom.xml", pom(more=parts + mavens.plugins()))
    own = "<parent><groupId>test</groupId><artifactId>own</artifactId><version>1</version></parent>"
    for name, needed in (("core", ONE), ("app", "org.test:two:2.0")):
        user.write(f"{name}/pom.xml", pom(needed, more=own).replace("<artifactId>own", f"<artifactId>{name}", 1))
    user.write("core/src/main/java/Core.java", "class Core { }")


def asked(registry: MavenUpstream, part: str) -> bool:
    return any(part in request.path for request in registry.requests)


def other_side(user: User, registry: MavenUpstream) -> None:
    user.work = user.folder(user.root / "other-side")
    registry.requests.clear()


def test_a_build_of_modules_is_built_with_tests_that_are_written_on_the_other_side(
    java: User, registry: MavenUpstream
) -> None:
    modules(java)
    found = warmed(java, ".")
    assert (found["trouble"], found["ran"]) == ([], True), found
    assert asked(registry, "provider-1.0.jar") and asked(registry, "two-2.0.jar")
    assert {"pkg:maven/org.test/provider@1.0", "pkg:maven/org.test/two@2.0"} < set(found["fetched"])
    left = sorted(path.relative_to(java.work).as_posix() for path in java.work.rglob("*") if path.is_file())
    assert left == ["app/pom.xml", "core/pom.xml", "core/src/main/java/Core.java", "pom.xml"]
    other_side(java, registry)
    modules(java)
    java.write("app/src/test/java/AppTest.java", "class AppTest { }")
    done = java.exec("--offline", "--", "mvn", "-B", "clean", "install", **LONG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the tests were run" in done.stdout
    assert registry.requests == []
    again = warmed(java, ".", offline=True)
    assert (again["trouble"], registry.requests) == ([], [])


def test_what_does_not_build_is_told_and_what_a_build_needs_comes_all_the_same(
    java: User, registry: MavenUpstream
) -> None:
    java.write("pom.xml", pom(ONE, more=mavens.plugins()))
    java.write("src/main/java/Broken.java", "class")
    found = warmed(java, "pom.xml")
    (told,) = found["trouble"]
    assert told.startswith("pom.xml: does not build here")
    assert "Broken.java does not compile" in told
    assert asked(registry, "provider-1.0.jar") and asked(registry, "maven-install-plugin-1.0.jar")


def test_what_is_not_in_the_cache_is_told_offline_and_a_denied_plugin_with_its_rule(
    java: User, registry: MavenUpstream
) -> None:
    java.write("pom.xml", pom(more=mavens.plugins()))
    offline = warmed(java, ".", offline=True)
    assert offline["trouble"] and registry.requests == []
    allow(java, registry, "rules:\n  - {deny: 'pkg:maven/org.test/provider', reason: it tests}\n")
    denied = warmed(java, ".")
    assert "it tests" in " ".join(denied["trouble"]) + denied["said"], denied
    assert not asked(registry, "provider-1.0.jar")


def test_a_project_is_not_built_where_programs_may_not_go_to_the_registries(
    java: User, registry: MavenUpstream
) -> None:
    allow(java, registry, "egress: {run: none}\n")
    java.write("pom.xml", pom(more=mavens.plugins()))
    (told,) = warmed(java, ".")["trouble"]
    assert told.startswith("pom.xml: is not built") and "egress.run: none" in told
    assert registry.requests == []


def test_neither_settings_of_a_project_nor_its_links_are_obeyed(java: User) -> None:
    link = java.write(java.home / "secret.txt", "secret")
    java.write("pom.xml", pom(ONE, more=mavens.plugins()))
    java.write(".mvn/maven.config", "-Dnot.obeyed\n-s\n/stage/project/mine.xml\n")
    java.write(
        "mine.xml", "<settings><mirrors><mirror><id>m</id><url>http://evil.test/</url></mirror></mirrors></settings>"
    )
    (java.work / "src").symlink_to(link)
    found = warmed(java, ".")
    assert "evil.test" not in " ".join(found["trouble"]) + found["said"], found
    assert found["trouble"] == []


def test_open_package_urls_and_programs_with_directives(java: User, registry: MavenUpstream) -> None:
    listed = "pkg:maven/org.test/one\npkg:maven/org.test/two [1.0,2.0)\n"
    found = warmed(java, "l.txt", listed=listed)
    assert (found["trouble"], found["ran"]) == ([], True), found
    assert asked(registry, "one-1.0.jar") and asked(registry, "two-1.0.jar") and not asked(registry, "two-2.0.jar")
    assert warmed(java, "l.txt", listed="pkg:maven/org.test/one <bad>")["error"].startswith("l.txt:1: ")
    main = (
        'class Main { public static void main(String[] all) { System.out.print(Main.class.getResource("/one.txt")); } }'
    )
    java.write("Main.java", f"//DEPS {ONE}\n{main}\n")
    assert warmed(java, "Main.java")["trouble"] == []
    other_side(java, registry)
    java.write("Main.java", f"//DEPS {ONE}\n{main}\n")
    done = java.exec("--offline", "Main.java", **LONG)
    assert "one.txt" in done.stdout, done.stderr
    assert registry.requests == []


def test_a_gradle_build_is_built_with_the_cache_alone(java: User, registry: MavenUpstream) -> None:
    program("gradle")
    java.write("build.gradle", BUILD)
    found = warmed(java, "build.gradle")
    assert (found["trouble"], found["ran"]) == ([], True), found
    assert asked(registry, "one-1.0.jar")
    other_side(java, registry)
    java.write("build.gradle", BUILD)
    java.write("src/main/java/Main.java", "class Main { }")
    done = java.exec("--offline", "--", "gradle", "build", **LONG)
    assert done.returncode == 0, done.stdout + done.stderr
    assert registry.requests == []


def test_the_code_of_a_build_sees_its_copy_alone_and_has_no_way_but_the_gate(
    java: User, registry: MavenUpstream
) -> None:
    program("gradle")
    secret = java.write(java.home / "secret.txt", "secret")
    tried = {"secret": secret, "workspace": java.work, "state": java.state}
    named = ", ".join(f"{name}: '{path}'" for name, path in tried.items())
    java.write("build.gradle", SPY.format(url=registry.url, paths=f"[{named}]"))
    found = warmed(java, "build.gradle")
    assert "it is in /stage/project and saw []" in " ".join(found["trouble"]), found
    assert [path.name for path in java.work.iterdir()] == ["build.gradle"]
    assert registry.requests == []
