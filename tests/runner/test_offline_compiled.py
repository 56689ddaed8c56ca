"""`exec --offline` for Go and Java: what is missing is named by release, and what was only tried is not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.clients import program
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.user import PATH, User

LONG = {"timeout": 300}
GO = shutil.which("go") or ""
MAIN = 'package main\n\nimport "example.test/a/helper"\n\nfunc main() { println(helper.Version) }\n'
MOD = "module main.test/main\n\ngo 1.21\n\nrequire example.test/a/helper {}\n"
JAVA = 'class Main {{ public static void main(String[] all) {{ System.out.println("hello"); }} }}\n'
POM = (
    "<project><modelVersion>4.0.0</modelVersion>{}<groupId>a</groupId><artifactId>b</artifactId><version>1</version>"
    "<packaging>pom</packaging></project>"
)


def listed(stderr: str) -> list[str]:
    (line,) = [line for line in stderr.splitlines() if "written to " in line] or [""]
    path = line.partition("written to ")[2].partition(":")[0]
    return [line for line in Path(path).read_text().splitlines() if not line.startswith("#")] if path else []


@pytest.fixture
def go(new_user: User) -> User:
    """Somebody who has helper v1.0.0 by a go.mod with its go.sum; v1.2.0 and others exist and are not here."""
    program("go")
    new_user.env["PATH"] = f"{os.path.dirname(GO)}:{PATH}"
    with GoUpstream() as up:
        for version in ("v1.0.0", "v1.2.0"):
            up.add("example.test/a/helper", version)
        enabled = f'registries: {{golang: {{enabled: true, upstream: "{up.url}"}}}}'
        new_user.write(new_user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n")
        record = up.sums.lookup("example.test/a/helper@v1.0.0")
        assert record is not None
        new_user.write("go.sum", "".join(record.decode().splitlines(keepends=True)[1:3]))
        new_user.write("go.mod", MOD.format("v1.0.0"))
        new_user.write("main.go", MAIN)
        assert new_user.exec("main.go", **LONG).stderr.endswith("v1.0.0\n")
    return new_user


def test_what_go_misses_is_listed(go: User) -> None:
    (go.work / "go.sum").unlink()
    unproven = go.exec("--offline", "main.go", **LONG)
    assert (unproven.returncode, listed(unproven.stderr)) == (125, ["pkg:golang/example.test/a/helper@v1.0.0"])
    go.write("go.mod", MOD.format("v1.2.0"))
    other = go.exec("--offline", "main.go", **LONG)
    assert (other.returncode, listed(other.stderr)) == (125, ["pkg:golang/example.test/a/helper@v1.2.0"])
    (go.work / "go.mod").unlink()
    go.write("main.go", MAIN.replace("a/helper", "b/c/unknown"))
    unknown = go.exec("--offline", "main.go", **LONG)
    assert unknown.returncode == 125
    assert listed(unknown.stderr) == ["pkg:golang/example.test/b/c/unknown"], unknown.stderr


@pytest.fixture
def java(new_user: User) -> User:
    """Somebody who has org.test:one:1.0 and what it needs."""
    for name in ("java", "javac", "mvn"):
        program(name)
    with MavenUpstream() as up:
        up.add("org.test:one:1.0", dependencies=["org.test:two:1.0"])
        up.add("org.test:two:1.0")
        enabled = f'registries: {{maven: {{enabled: true, upstream: "{up.url}"}}}}'
        new_user.write(new_user.state / "policy.yaml", f"version: 1\n{enabled}\ndefault: allow\n")
        new_user.write("Main.java", f"//DEPS org.test:one:1.0\n{JAVA.format()}")
        assert new_user.exec("Main.java", **LONG).stdout == "hello\n"
    return new_user


def test_what_java_misses_is_listed(java: User) -> None:
    java.write("Main.java", f"//DEPS org.test:two:1.0\n{JAVA.format()}")
    here = java.exec("--offline", "Main.java", **LONG)
    assert (here.stdout, listed(here.stderr)) == ("hello\n", []), here.stderr
    java.write("Main.java", f"//DEPS org.test:one:2.0\n//DEPS org.test:none:1.0\n{JAVA.format()}")
    done = java.exec("--offline", "Main.java", **LONG)
    assert done.returncode == 125
    assert listed(done.stderr) == ["pkg:maven/org.test/none@1.0", "pkg:maven/org.test/one@2.0"]


@pytest.mark.parametrize(
    ("parent", "goal", "missing"),
    [
        ("<parent><groupId>p</groupId><artifactId>q</artifactId><version>3</version><relativePath/></parent>",
         "validate", ["pkg:maven/p/q@3"]),
        ("", "org.test:my-plugin:1.0:go", ["pkg:maven/org.test/my-plugin@1.0"]),
        ("", "dependency:tree", ["pkg:maven/org.apache.maven.plugins/maven-dependency-plugin@2.8"]),
        ("", "foo:go", []),
    ],
)  # fmt: skip
def test_what_a_maven_build_misses_is_listed(java: User, parent: str, goal: str, missing: list[str]) -> None:
    java.work = java.folder(java.root / "build")
    java.write("pom.xml", POM.format(parent))
    done = java.exec("--offline", "--no-install", "--", "mvn", "-B", goal, **LONG)
    assert done.returncode == 1
    assert listed(done.stderr) == missing, done.stderr
