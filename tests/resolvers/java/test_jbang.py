"""JBang's directives."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import ManifestError
from jhansi_runner.resolvers.java.artifact import Artifact
from jhansi_runner.resolvers.java.jbang import read


def test_directives() -> None:
    lines = [
        ("//DEPS a:b:1 c:d:2", 1),
        ("//DEPS e:f:3 // why", 2),
        ("//SOURCES x/Y.java Z.java", 3),
        ("//JAVA 21+", 4),
        ("//MAIN x.Y", 5),
        ("//PREVIEW", 6),
    ]
    found = read(lines, "A.java")
    assert found.artifacts == ((Artifact("a", "b", "1"), 1), (Artifact("c", "d", "2"), 1), (Artifact("e", "f", "3"), 2))
    assert (found.sources, found.java, found.main, found.preview) == (("x/Y.java", "Z.java"), "21+", "x.Y", True)
    assert found.notes == ()


def test_what_is_not_obeyed_is_told_with_its_line() -> None:
    found = read([("//REPOS https://evil.example/", 3), ("//JAVAAGENT x", 4)], "A.java")
    assert [note.partition(" ")[0] for note in found.notes] == ["A.java:3:", "A.java:4:"]
    assert "evil" not in " ".join(found.notes)


@pytest.mark.parametrize("text", ["a", "a:b:c:d:e", "a/b:c:1", "https://x.test/a.jar", "${x}:b:1"])
def test_a_dependency_that_is_none_is_an_error_with_its_line(text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read([(f"//DEPS {text}", 7)], "A.java")
    assert (caught.value.file, caught.value.line) == ("A.java", 7)


def test_options_for_javac_and_for_java() -> None:
    lines = [("//COMPILE_OPTIONS -Xlint 'a b'", 1), ("//JAVAC_OPTIONS -parameters", 2), ("//JAVA_OPTIONS -Dx=y -ea", 3)]
    found = read([*lines, ("//RUNTIME_OPTIONS -Xmx1g // why", 4)], "A.java")
    assert found.compile_options == ("-Xlint", "a b", "-parameters")
    assert found.run_options == ("-Dx=y", "-ea", "-Xmx1g")
    with pytest.raises(ManifestError, match="not closed"):
        read([("//JAVA_OPTIONS 'x", 1)], "A.java")


def test_another_word_for_java_is_left_alone() -> None:
    assert read([("//JAVA 17-ea;rm", 1)], "A.java").java == ""
