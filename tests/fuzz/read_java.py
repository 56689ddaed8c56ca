"""Sources, poms and builds of a workspace, and what a failed program said: from the parser to the plan."""

from __future__ import annotations

import json
from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.resolvers.interface import ManifestError, Unbuilt
from jhansi_runner.resolvers.java import gradle_answer
from jhansi_runner.resolvers.java.diagnose import missing
from jhansi_runner.resolvers.java.lock import Lock, read
from jhansi_runner.resolvers.java.parser import read_xml
from jhansi_runner.resolvers.java.pom import made_up
from jhansi_runner.resolvers.java.target import Target as Program
from jhansi_runner.resolvers.resolver import UnfitLock
from support.javas import planned
from support.workspaces import DictView

_MAIN = "class A { public static void main(String[] a) {} }"
_EMPTY = DictView({})
_PLAN = planned({"A.java": _MAIN}, "A.java")


def source(data: bytes) -> Hashable:
    """A program without a manifest."""
    try:
        plan = planned({"A.java": data}, "A.java")
    except ManifestError as error:
        return error.message[-20:]
    target = Program.decode(plan.target)
    assert target.sources == ("A.java",)
    return plan.source, len(plan.requirements), len(plan.undecided), target.plain, target.preview


def pom(data: bytes) -> Hashable:
    """A pom.xml; what is made of it for Maven is a document, without repositories and plugins."""
    try:
        plan = planned({"pom.xml": data, "A.java": _MAIN}, "A.java")
    except ManifestError as error:
        return error.line >= 1, error.message[:12]
    for name, text in plan.files:
        if name.endswith(".xml"):
            _, problem, _ = read_xml(text.encode("utf-8", "replace"))
            assert problem is None or "token" in problem, (problem, text)  # characters that XML cannot hold
            assert not any(word in text for word in ("<repositories>", "<plugins>", "<extensions>", "<modules>"))
    return plan.source, len(plan.requirements), len(plan.notes)


def build(data: bytes) -> Hashable:
    """A Gradle build."""
    try:
        plan = planned({"build.gradle": data, "A.java": _MAIN}, "A.java")
    except ManifestError as error:
        return error.line
    return len(plan.requirements), Program.decode(plan.target).release


def answer(data: bytes) -> Hashable:
    """What a Gradle build said."""
    try:
        told = gradle_answer.told(data.decode("utf-8", "replace"), Unbuilt("x", "x/build.gradle", 1, "Gradle"))
    except ManifestError as error:
        return error.message[:30]
    assert all(each.fit for each in told.artifacts)
    assert not any(folder.startswith(("/", "..")) for folder in told.folders)
    _, problem, _ = read_xml(made_up(told.artifacts).encode("utf-8", "replace"))
    assert problem is None
    return len(told.artifacts), len(told.folders)


def failure(data: bytes) -> Hashable:
    """The last words of a program."""
    found = missing(data.decode("utf-8", "replace"), _EMPTY, _PLAN)
    return tuple((each.requirement is not None, each.line > 0) for each in found[:3])


def listing(data: bytes) -> Hashable:
    """What Maven listed, and what was kept of it."""
    text = data.decode("utf-8", "replace")
    try:
        Lock.decode(text)
    except UnfitLock:
        pass
    listed, _, sums = text.partition("\n\n")
    try:
        lock = read({}, listed, sums)
    except UnfitLock as error:
        return str(error)[:20]
    assert Lock.decode(lock.encode()) == lock
    json.dumps([each.purl for each in lock.locked()])
    return len(lock.artifacts)


_JAVA = (
    b"import ",
    b"package ",
    b"class ",
    b"static ",
    b"void main(",
    b'"""',
    b"/*",
    b"*/",
    b"//DEPS g:a:1",
    b"\n",
    b"a.b.C",
)
_XML = (b"<dependency>", b"</dependency>", b"<version>", b"${", b"}", b"<!DOCTYPE", b"&lt;", b"<![CDATA[", b"<parent>")
_GRADLE = (b"dependencies {", b"implementation", b"'g:a:1'", b"libs.", b"platform(", b"$v", b"\n", b"}")
_WORDS = (
    b"package a.b does not exist",
    b"ClassNotFoundException: ",
    b"\tat A.main(A.java:1)",
    b"symbol: class X",
    b"\n",
)

_ROWS = (b"\t", b"\n", b"artifact\tcompileClasspath\t", b"project\t", b"managed\t", b"../", b".+", b",")

TARGETS = (
    Target("java-source", source, _JAVA),
    Target("java-pom", pom, _XML),
    Target("java-gradle", build, _GRADLE),
    Target("java-answer", answer, _ROWS),
    Target("java-failure", failure, _WORDS),
    Target("java-listing", listing, (b"\t", b"\n", b"/stage/site/repository/", b"compile")),
)
