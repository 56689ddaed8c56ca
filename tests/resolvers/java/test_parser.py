"""What is read in a Java source, a document and a build, and what only looks like it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.java import parser
from jhansi_runner.resolvers.java.parser import read_gradle, read_java, read_xml


def imports(source: str) -> list[tuple[str, int]]:
    found, _, _ = read_java(source.encode())
    return [(str(each["name"]), int(str(each["line"]))) for each in found]


def facts(source: str) -> dict[str, object]:
    return read_java(source.encode())[2]


def test_imports_have_their_lines_and_static_ones_name_the_class() -> None:
    source = "package a.b;\n\nimport java.util.*;\nimport static x.Y.of;\nimport static x.Z.*;import q.W;\nclass A {}"
    assert imports(source) == [("java.util.*", 3), ("x.Y", 4), ("x.Z", 5), ("q.W", 5)]


@pytest.mark.parametrize(
    "source",
    [
        "// import a.B;\nclass A {}",
        "/* import a.B;\n import c.D; */ class A {}",
        'class A { String s = "import a.B;"; }',
        'class A { String s = """\n import a.B;\n """; }',
        "class A { char c = '\"'; /* import a.B; */ }",
        "class A { } import a.b;",
    ],
)
def test_what_only_looks_like_an_import_is_none(source: str) -> None:
    assert imports(source) == []


def test_the_first_line_of_a_script_hides_nothing() -> None:
    assert imports("#!/usr/bin/env -S java --source 17\nimport a.B;\nclass A {}") == [("a.B", 2)]


@pytest.mark.parametrize(
    ("code", "release"),
    [
        ("switch (o) { case Integer i when i > 3 -> 1; }", 21),
        ("switch (o) { case java.util.List l -> 1; default -> 2; }", 21),
        ("switch (o) { case P(int x, var y) -> 1; }", 21),
        ("if (o instanceof P(int x)) {}", 21),
        ("if (o instanceof P p && p.x() > (1)) {}", 0),
        ("if (o instanceof P) (p).x();", 0),
        ("switch (o) { case A, B -> f(x); case p.C: case (int) 'x': case \"y\": z(); default: }", 0),
        ('String s = "case Integer i when"; // case Integer i', 0),
    ],
)
def test_patterns_tell_which_java_first_reads_them(code: str, release: int) -> None:
    assert facts(f"class A {{ void f(Object o) {{ {code} }} }}")["release"] == release


def test_an_import_of_a_module_names_no_package() -> None:
    assert imports("import module java.base;\nimport a.B;\nvoid main() {}") == [("a.B", 2)]


def test_drivers_and_classes_in_strings_are_found() -> None:
    source = 'class A { void f() { Class.forName("org.x.Driver"); get("jdbc:sqlite::memory:"); forget("a.b.C"); } }'
    assert imports(source) == [("org.x.Driver", 1), ("jdbc:sqlite", 1)]


def test_a_class_that_is_written_out_is_found_and_a_field_is_not() -> None:
    source = "class A { Object f = new com.acme.Thing(); int g = this.x.Y; int h = a.b; Object i = p.B.c; }"
    assert imports(source) == [("com.acme.Thing", 1), ("p.B", 1)]


@pytest.mark.parametrize(
    ("source", "types"),
    [
        ("class A { public static void main(String[] a) {} }", [("A", "static")]),
        ("class A { class B { static void main(String[] a) {} } }", [("A", "")]),
        ("class B {}\npublic final class A { static void main(String... a) {} }", [("B", ""), ("A", "static")]),
        ("record P(int x) { public static void main(String[] a) {} }", [("P", "static")]),
        ("enum E { X; public static void main(String[] a) {} }", [("E", "static")]),
        ("interface I { static void main(String[] a) {} }", [("I", "static")]),
        ("class A { void main() {} }", [("A", "instance")]),
        ("class A { int record = 1; Class<?> c = A.class; }", [("A", "")]),
        ("@interface N {}", [("N", "")]),
        ("void main() {}", []),
    ],
)
def test_types_and_their_main(source: str, types: list[tuple[str, str]]) -> None:
    found = facts(source)["types"]
    assert isinstance(found, list)
    assert [(each["name"], each["main"]) for each in found] == types


def test_a_main_outside_of_any_type_is_told() -> None:
    assert facts('void main() { println("x"); }')["implicit"] == "instance"
    assert facts("class A { void main() {} }")["implicit"] == ""


def test_lines_that_speak_to_jbang_are_facts() -> None:
    source = '///usr/bin/env jbang "$0" "$@" ; exit $?\n//DEPS a:b:1\n// DEPS no\n//JAVA 17+\nclass A {}'
    assert facts(source)["directives"] == [["//DEPS a:b:1", 2], ["//JAVA 17+", 4]]


def test_elements_have_their_lines_and_no_namespace() -> None:
    _, problem, found = read_xml(b'<p:a xmlns:p="x">\n<b> text </b><c/></p:a>')
    assert problem is None
    assert found == ["a", 1, "", [["b", 2, "text", []], ["c", 2, "", []]]]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "document type"),
        (b"<a>&x;</a>", "line 1: undefined entity"),
        (b"<a>", "line 1: no element found"),
        (b"", "no element found"),
        (b"<a>" * 100, "too many elements"),
        (b"<a>" + b"<b/>" * 30_000 + b"</a>", "too many elements"),
    ],
)
def test_a_hostile_document_is_a_problem_and_no_more(document: bytes, problem: str) -> None:
    imports_, said, found = read_xml(document)
    assert (imports_, found) == ([], None)
    assert said is not None
    assert problem in said


def test_a_build_is_its_lines_without_comments() -> None:
    _, _, found = read_gradle(b"a // no\n/* no\nno */ b\nurl 'https://x.test' // no\n")
    assert found == [["a", 1], ["b", 3], ["url 'https://x.test'", 4]]


def test_the_script_runs_alone() -> None:
    asked = {"files": [{"path": "A.java", "data": "aW1wb3J0IGEuQjs="}, {"path": "pom.xml", "data": "PGEvPg=="}]}
    command = [sys.executable, "-I", "-S", parser.__file__]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    first, second = json.loads(done.stdout)["files"]
    assert first["imports"][0]["name"] == "a.B"
    assert second["facts"] == ["a", 1, "", []]


WORDS = """import package class record main ( ) { } ; " ' \\ /* */ // . * @ static void A a é < forName jdbc:x"""
PIECES = st.sampled_from([*WORDS.split(), '"' * 3, "\n", " ", "\x00", "\N{BYTE ORDER MARK}"])


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_source_breaks_the_parser(source: str) -> None:
    found, _, told = read_java(source.encode())
    assert len(found) <= parser.MAX_IMPORTS
    json.dumps(told)


@given(st.binary(max_size=200))
def test_no_bytes_break_a_parser(data: bytes) -> None:
    for read in (read_java, read_xml, read_gradle):
        json.dumps(read(data))
