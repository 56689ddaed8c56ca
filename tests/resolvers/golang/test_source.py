"""What a Go file imports, whatever it looks like."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.golang import source


def read(text: str, path: str = "main.go") -> dict[str, Any]:
    return source.read(path, text.encode())


def imports(text: str) -> list[tuple[str, int, str]]:
    return [(each["name"], each["line"], each["binds"]) for each in read(text)["imports"]]


def test_each_form_of_an_import() -> None:
    text = (
        'package main // "not/this"\n\nimport "fmt"\nimport (\n\t_ "a.b/c" // x\n\t. `d.e/f`; x "g.h/i"\n)\n'
        'import /* "nor/that" */ y "j.k/l"\nimport "C"\n\nvar s = "import \\"m.n/o\\""\n'
    )
    assert imports(text) == [
        ("fmt", 3, ""),
        ("a.b/c", 5, "_"),
        ("d.e/f", 6, "."),
        ("g.h/i", 6, "x"),
        ("j.k/l", 8, "y"),
        ("C", 9, ""),
    ]


def test_what_looks_like_an_import_elsewhere_is_none() -> None:
    text = '/*\nimport "a.b/c"\n*/\n// import "a.b/c"\npackage main\n\nvar s = `\nimport "a.b/c"\n`\n'
    assert imports(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("package main\n\nfunc main() {}\n", 3),
        ("package main\nfunc (t T) main() {}\n", 0),
        ("package main\nvar s = `func main() {}`\n", 0),
        ("package main\n// func main() {}\n", 0),
        ("package main\nfunc f() { func() { main() }() }\nfunc main() {}", 3),
        ("package main\nvar r = '{'\nvar q = '\\''\nfunc main() {}", 4),
        ("package lib\nfunc main() {}\n", 0),
        ("package main\nfunc mainly() {}\n", 0),
    ],
)
def test_where_a_program_starts(text: str, line: int) -> None:
    assert read(text)["facts"]["main_line"] == line


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 1), ("\n\nfunc main() {}", 3), ("package main\nimport fmt\n", 2), ('package main\nimport (\n"a" "b.c/d', 3)],
)
def test_what_is_not_go_is_told_with_its_line(text: str, line: int) -> None:
    assert read(text)["problem"].startswith(f"line {line}: ")


@pytest.mark.parametrize("path", ['"a\\u0062"', '"a b"', '""', "``", '"a`b\x01"'])
def test_a_path_that_no_package_can_have_is_not_passed_on(path: str) -> None:
    found = read(f"package main\nimport {path}\n")
    assert found["problem"] and found["imports"] == []


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("linux", True),
        ("!linux", False),
        ("ignore", False),
        ("windows || (linux && !ignore)", True),
        ("go1.18 && unix", True),
        ("cgo", True),
        ("!!linux", True),
        ("integration", False),
        ("", False),
        ("linux &&", False),
        ("(linux", False),
        ("linux)", False),
        ("linux darwin", False),
        ("linux & darwin", False),
        ("(" * 5000 + "linux" + ")" * 5000, False),
        ("!" * 5000 + "linux", False),
    ],
)
def test_build_constraints(expression: str, expected: bool) -> None:
    assert source.holds(expression) is expected


def test_only_a_constraint_above_the_package_counts() -> None:
    assert read("// words\n\n//go:build ignore\n\npackage main\n")["facts"]["built"] is False
    assert read("package main\n\n//go:build ignore\n")["facts"]["built"] is True
    assert read("// go:build ignore\npackage main\n")["facts"]["built"] is True


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("a/main.go", True),
        ("linux.go", True),
        ("a_linux.go", True),
        ("a_windows.go", False),
        ("a_windows_test.go", False),
        ("a_linux_test.go", True),
        (f"a_linux_{source.MACHINE}.go", True),
        ("a_linux_s390.go", False),
        ("a_unix.go", True),
        ("_a.go", False),
        (".a.go", False),
    ],
)
def test_file_names_that_keep_a_file_out(path: str, fits: bool) -> None:
    assert source.name_fits(path) is fits


@given(st.text(max_size=300))
def test_nothing_breaks_the_parser(text: str) -> None:
    for each in source.read("x.go", text.encode("utf-8", "surrogatepass"))["imports"]:  # type: ignore[attr-defined]
        assert each["name"].isprintable()


PATH = st.from_regex(r"[a-z]{1,8}(\.[a-z]{2,3})?(/[A-Za-z0-9._-]{1,8}){0,3}", fullmatch=True)
GAP = st.sampled_from([" ", "\n", "\t", ' /* " */ ', "// `\n", "\n\n"])


@given(st.lists(st.tuples(PATH, GAP, st.sampled_from(["", "_ ", ". ", "x "])), max_size=6), st.booleans())
def test_whatever_stands_between_imports_they_are_found(rows: list[tuple[str, str, str]], block: bool) -> None:
    specs = [f'{gap}{binds}"{path}"\n' for path, gap, binds in rows]
    text = "package p\n" + (f"import ({''.join(specs)})\n" if block else "".join(f"import {spec}" for spec in specs))
    assert [name for name, _, _ in imports(text)] == [path for path, _, _ in rows]


def test_it_runs_alone() -> None:
    asked = {"files": [{"path": "a.go", "data": base64.b64encode(b'package a\nimport "x.y/z"').decode()}]}
    command = [sys.executable, "-I", "-S", source.__file__]
    done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["files"][0]["imports"] == [{"name": "x.y/z", "line": 2, "binds": ""}]
