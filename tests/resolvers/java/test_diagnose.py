"""What javac, java, Maven and Gradle say when something is not there, as they say it."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import NOTHING, Missing, Plan
from jhansi_runner.resolvers.java.diagnose import missing
from support.javas import planned, pom
from support.workspaces import DictView, Files

MAIN = "public class A {\n public static void main(String[] a) {}\n}\n"
JAVAC = """\
{file}:1: error: package com.google.gson does not exist
import com.google.gson.Gson;
                      ^
{file}:3: error: cannot find symbol
  Gson g;
  ^
  symbol:   class Gson
  location: class A
2 errors
"""
RUN = """\
Exception in thread "main" java.lang.NoClassDefFoundError: com/google/gson/Gson
\tat x.A.run(A.java:7)
\tat x.A.main(A.java:3)
Caused by: java.lang.ClassNotFoundException: com.google.gson.Gson
\tat java.base/jdk.internal.loader.BuiltinClassLoader.loadClass(BuiltinClassLoader.java:641)
"""
DRIVER = """\
Exception in thread "main" java.sql.SQLException: No suitable driver found for jdbc:sqlite:x.db
\tat java.sql/java.sql.DriverManager.getConnection(DriverManager.java:706)
\tat A.main(A.java:2)
"""
VIRTUAL = """\
A.java:5: error: cannot find symbol
        try (var ex = Executors.newVirtualThreadPerTaskExecutor()) {
                               ^
  symbol:   method newVirtualThreadPerTaskExecutor()
  location: class Executors
1 error
"""
FIRST = """\
[ERROR] /sandbox/A.java:[5,3] cannot find symbol
[ERROR]   symbol:   method getFirst()
[ERROR]   location: variable xs of type java.util.List<java.lang.Integer>
"""
PREVIEW = "A.java:5: error: patterns in switch statements are a preview feature and are disabled by default.\n"
CLASS = """\
A.java:5: error: cannot find symbol
  void f(SequencedCollection<String> c) {}
         ^
  symbol:   class SequencedCollection
  location: class A
"""
WRONG = (
    "A.java:5: error: cannot access X\n  bad class file: x.jar\n    class file has wrong version 65.0, should be 61.0\n"
)
UNSUPPORTED = """\
Error: LinkageError occurred while loading main class A
\tjava.lang.UnsupportedClassVersionError: x/B has been compiled by a more recent version of the Java Runtime \
(class file version 65.0), this version of the Java Runtime only recognizes class file versions up to 61.0
"""
MAVEN = "[ERROR] /sandbox/x/A.java:[1,23] package com.google.gson does not exist\n"
HIDDEN = "A.java:2: error: cannot access Gson\n  class file for com.google.gson.Gson not found\n"


GRADLE = """\
> Task :compileJava FAILED
/sandbox/src/main/java/A.java:1: error: package com.google.gson does not exist
import com.google.gson.Gson;
                      ^
/sandbox/src/main/java/A.java:2: error: cannot find symbol
  symbol:   class Gson
  location: class A
2 errors

FAILURE: Build failed with an exception.

* What went wrong:
Execution failed for task ':compileJava'.
"""
NOT_FOUND = """\
* What went wrong:
Could not resolve all files for configuration ':compileClasspath'.
> Could not find org.slf4j:slf4j-appi:2.0.9.
  Required by:
      project :
"""


def found(words: str, files: Files, entry: str = "A.java") -> list[Missing]:
    return list(missing(words, DictView(files), planned(files, entry)))


@pytest.mark.parametrize(
    ("words", "name", "line", "package"),
    [
        (JAVAC.format(file="A.java"), "com.google.gson.Gson", 1, "com.google.code.gson:gson"),
        (RUN, "com.google.gson.Gson", 7, "com.google.code.gson:gson"),
        (DRIVER, "jdbc:sqlite", 2, "org.xerial:sqlite-jdbc"),
        (HIDDEN, "com.google.gson.Gson", 0, "com.google.code.gson:gson"),
    ],
)
def test_what_provides_it_is_told_with_its_place(words: str, name: str, line: int, package: str) -> None:
    (one,) = found(words, {"A.java": MAIN})
    assert one.requirement is not None
    assert (one.import_name, one.line, one.requirement.name) == (name, line, package)
    assert one.file == ("A.java" if line else "")
    assert one.addition.startswith(f"//DEPS {package}:")


def test_maven_names_the_file_as_the_sandbox_has_it() -> None:
    (one,) = found(MAVEN, {"pom.xml": pom("g:a:1"), "A.java": MAIN})
    assert (one.file, one.line) == ("x/A.java", 1)


@pytest.mark.parametrize(
    ("manifest", "text", "addition"),
    [
        (
            "pom.xml",
            pom("g:a:1"),
            "<dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId>"
            "<version>2.11.0</version></dependency>",
        ),
        (
            "build.gradle",
            "dependencies {\nimplementation 'g:a:1'\n}",
            'implementation("com.google.code.gson:gson:2.11.0")',
        ),
    ],
)
def test_the_line_that_belongs_into_the_manifest(manifest: str, text: str, addition: str) -> None:
    (one,) = found(JAVAC.format(file="A.java"), {manifest: text, "A.java": MAIN})
    assert (one.manifest, one.addition) == (manifest, addition)


def test_a_directive_belongs_into_the_file_that_has_some() -> None:
    (one,) = found(JAVAC.format(file="A.java"), {"A.java": "//DEPS g:a:1\n" + MAIN})
    assert (one.manifest, one.addition) == ("A.java", "//DEPS com.google.code.gson:gson:2.11.0")


def test_a_name_that_no_map_knows_is_told_without_a_guess() -> None:
    words = "A.java:1: error: package com.google.gsson does not exist\nimport com.google.gsson.Gson;\n"
    (one,) = found(words, {"A.java": MAIN})
    assert (one.import_name, one.requirement, one.closest) == (
        "com.google.gsson.Gson",
        None,
        "com.google.code.gson:gson",
    )


def test_a_class_of_a_package_that_is_there_in_part() -> None:
    words = (
        "A.java:1: error: cannot find symbol\nimport javax.annotation.Nullable;\n"
        "  symbol:   class Nullable\n  location: package javax.annotation\n"
    )
    (one,) = found(words, {"A.java": MAIN})
    assert one.requirement is not None
    assert one.requirement.name == "com.google.code.findbugs:jsr305"


@pytest.mark.parametrize(
    "words",
    [
        "A.java:1: error: package com.acme does not exist\nimport com.acme.Gone;\n",
        "java.lang.ClassNotFoundException: com.acme.Gone\n",
        "java.lang.ClassNotFoundException: java.util.Gone\n",
        "java.lang.ClassNotFoundException: Gone\n",
        "A.java:1: error: cannot find symbol\n  symbol:   variable x\n  location: class A\n",
        "everything is fine: ClassNotFoundException\n",
        "",
    ],
)
def test_what_the_workspace_or_java_itself_should_provide_is_no_artifact(words: str) -> None:
    assert found(words, {"A.java": MAIN, "com/acme/There.java": "package com.acme; class There {}"}) == []


def test_what_is_asked_for_already_is_not_added_again() -> None:
    assert found(RUN, {"pom.xml": pom("com.google.code.gson:gson:2.11.0"), "A.java": MAIN}) == []


@pytest.mark.parametrize(
    "words",
    [
        "[ERROR] Could not find artifact com.google.code.gson:gsson:jar:1.0 in central\n",
        "   > Could not resolve com.google.code.gson:gsson:1.0.\n",
        "   > Could not find com.google.code.gson:gsson:1.0.\n",
    ],
)
def test_an_artifact_that_does_not_exist_is_told_with_its_line_and_the_closest(words: str) -> None:
    files = {"pom.xml": pom("g:a:1", "com.google.code.gson:gsson:1.0"), "A.java": MAIN}
    (one,) = found(words, files)
    assert (one.file, one.line, one.requirement) == ("pom.xml", 6, None)
    assert one.closest == "com.google.code.gson:gson"
    assert one.import_name.startswith("com.google.code.gson:gsson:")


def test_a_flood_of_words_is_read_in_bounds() -> None:
    words = "".join(f"java.lang.ClassNotFoundException: a{number}.b.C\n" for number in range(5_000))
    assert len(found(words, {"A.java": MAIN})) == 100


@pytest.mark.parametrize(
    ("words", "manifest", "addition"),
    [
        (GRADLE, "build.gradle", 'implementation("com.google.code.gson:gson:'),
        ("\x1b[0m\x1b[0m" + MAVEN.replace("/x/", "/src/main/java/"), "pom.xml", "<dependency><groupId>com.google.code"),
    ],
)
def test_of_a_command_the_line_is_for_the_nearest_manifest(words: str, manifest: str, addition: str) -> None:
    """A command's plan has none. Gradle and Maven said these words."""
    files: Files = {manifest: "", "src/main/java/A.java": MAIN}
    (one,) = missing(words, DictView(files), Plan("java", NOTHING))
    assert (one.file, one.line, one.manifest) == ("src/main/java/A.java", 1, manifest)
    assert one.addition.startswith(addition)


def test_what_gradle_does_not_find_is_told_with_the_closest_that_is_known() -> None:
    (one,) = missing(NOT_FOUND, DictView({}), Plan("java", NOTHING))
    assert (one.import_name, one.requirement, one.closest) == (
        "org.slf4j:slf4j-appi:2.0.9",
        None,
        "org.slf4j:slf4j-api",
    )


@pytest.mark.parametrize(
    ("words", "what", "line"),
    [
        (VIRTUAL, "Executors.newVirtualThreadPerTaskExecutor", 5),
        (FIRST, "List.getFirst", 5),
        (PREVIEW, "patterns in switch statements", 5),
        (CLASS, "SequencedCollection", 5),
        (WRONG, "a package that is installed", 0),
        (UNSUPPORTED, "x.B", 0),
    ],
)
def test_what_only_a_newer_java_knows_is_told_as_that(words: str, what: str, line: int) -> None:
    (one,) = found(words, {"A.java": MAIN})
    assert (one.import_name, one.file, one.line, one.requirement) == ("Java 21", "A.java" if line else "", line, None)
    assert one.reason == f"{what} needs it, and the host's is older: put a JDK 21 first on PATH"


def test_a_name_of_ones_own_is_not_taken_for_that_of_a_newer_java() -> None:
    own = VIRTUAL.replace("class Executors", "class Pool")
    assert found(own, {"A.java": MAIN}) == []
    assert found(FIRST.replace("List<", "Queue<"), {"A.java": MAIN}) == []
