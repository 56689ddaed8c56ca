"""What the parser finds in Python source, however the source is written."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.resolvers.python import imports
from jhansi_runner.resolvers.python.imports import MAX_IMPORTS, Found, imports_of


def names(source: str | bytes) -> list[str]:
    data = source.encode() if isinstance(source, str) else source
    return [found.name for found in imports_of(data)[0] if not found.type_checking]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b as c", ["a.b"]),
        ("import a, b.c", ["a", "b.c"]),
        ("from a.b import c, d as e", ["a.b.c", "a.b.d"]),
        ("from a import *", ["a"]),
        ("from . import x", [".x"]),
        ("from ..pkg.mod import x", ["..pkg.mod.x"]),
        ("def f():\n    if True:\n        import a", ["a"]),
        ("import importlib\nimportlib.import_module('a.b')", ["importlib", "a.b"]),
        ("m = __import__('a')", ["a"]),
        ("__import__(name)", []),
        ("import_module('not a name')", []),
        ("# -*- coding: latin-1 -*-\nx = '\xe9'\nimport a".encode("latin-1"), ["a"]),
        (b"\xef\xbb\xbfimport a", ["a"]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", ["b"]),
        ("if typing.TYPE_CHECKING:\n    import a", []),
        ("if not TYPE_CHECKING:\n    import a\nelse:\n    import b", ["a"]),
        ("import sys\nif sys.platform == 'win32':\n    import a\nelse:\n    import b", ["sys", "b"]),
        ("if os.name != 'nt':\n    import a", ["a"]),
        ("if platform.system() == 'Windows':\n    import a", []),
        ("if sys.platform.startswith('darwin'):\n    import a", []),
        ("match x:\n    case 1:\n        import a", ["a"]),
        ("x = '\\d'\nimport a", ["a"]),
        ("a = pytest.importorskip('a.b')", ["a.b"]),
        ("if importlib.util.find_spec('a'):\n    import a", ["a"]),
    ],
)
def test_names(source: str | bytes, expected: list[str]) -> None:
    assert names(source) == expected


def test_alternatives_share_a_group() -> None:
    found, *_ = imports_of(b"try:\n    import a as x\nexcept ImportError:\n    import b as x")
    assert found == [Found("a", 2, True, False, 1, 0, "x"), Found("b", 4, False, False, 1, 1, "x")]


def test_a_chain_of_alternatives_is_one_group() -> None:
    source = b"""
try:
    import a as x
except ImportError:
    try:
        import b as x
    except ImportError:
        import c as x
"""
    assert [(each.name, each.group, each.branch) for each in imports_of(source)[0]] == [
        ("a", 1, 0),
        ("b", 1, 1),
        ("c", 1, 2),
    ]


def test_a_version_test_makes_alternatives() -> None:
    source = b"if sys.version_info >= (3, 11):\n    import tomllib\nelse:\n    import tomli as tomllib"
    assert [(each.name, each.branch, each.binds) for each in imports_of(source)[0]] == [
        ("tomllib", 0, "tomllib"),
        ("tomli", 1, "tomllib"),
    ]


@pytest.mark.parametrize("ending", ["raise", "sys.exit(1)", "exit()", "os._exit(1)"])
def test_a_guard_that_gives_up_leaves_the_import_required(ending: str) -> None:
    found, *_ = imports_of(f"try:\n    import a\nexcept ImportError:\n    print('no')\n    {ending}".encode())
    assert [each.optional for each in found] == [False]


@pytest.mark.parametrize("handler", ["pass", "a = None", "print('no')", "HAS_A = False"])
def test_a_guard_that_goes_on_makes_it_optional(handler: str) -> None:
    found, *_ = imports_of(f"try:\n    import a\nexcept (ImportError, OSError):\n    {handler}".encode())
    assert [each.optional for each in found] == [True]


def test_a_guard_against_something_else_is_no_guard() -> None:
    found, *_ = imports_of(b"try:\n    import a\nexcept ValueError:\n    import b")
    assert [(each.name, each.optional, each.group) for each in found] == [("a", False, None), ("b", False, None)]


@pytest.mark.parametrize(
    "source",
    [
        "import a.b\nfrom c import d\nprint 'python 2'\n",
        "import a.b\n  from c import (d,\n x)\n",
        "import a.b # comment\nfrom c import d; x = (\n",
    ],
)
def test_a_file_that_does_not_parse_is_read_by_line(source: str) -> None:
    found, problem, _ = imports_of(source.encode())
    assert [each.name for each in found] == ["a.b", "c.d"]
    assert problem is not None


@pytest.mark.parametrize(
    "source",
    [
        b"import a\n" + b"(" * 100_000,
        b"import a\nx = " + b"-" * 100_000 + b"1",
        b"import a\nx = " + b"1+" * 20_000 + b"1",
        b"import a\n\x00",
        b"import a\n\xff\xfe",
        b"# coding: no-such-codec\nimport a",
    ],
    ids=["parentheses", "unary", "binary", "null", "not-utf8", "codec"],
)
def test_hostile_source_yields_what_can_be_had(source: bytes) -> None:
    answer = run([("x.py", source)])
    assert [each["name"] for each in answer[0]["imports"]] == ["a"]


def test_the_number_of_imports_is_bounded() -> None:
    many = "".join(f"import m{number}\n" for number in range(MAX_IMPORTS * 2))
    assert len(names(many)) == MAX_IMPORTS
    assert len(names(many + "x = (")) == MAX_IMPORTS


def run(files: list[tuple[str, bytes]]) -> list[dict[str, Any]]:
    request = {"files": [{"path": path, "data": base64.b64encode(data).decode()} for path, data in files]}
    command = [sys.executable, "-I", imports.__file__]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    assert done.stderr == ""
    answer: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return answer


def test_it_runs_alone_and_keeps_the_order() -> None:
    answer = run([("b.py", b"import x.y as z"), ("a.py", b"(")])
    assert answer[0] == {
        "path": "b.py",
        "imports": [Found("x.y", 1, binds="z")._asdict()],
        "problem": None,
        "facts": {},
    }
    assert answer[1]["path"] == "a.py"
    assert answer[1]["problem"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    imports_of(b"import first\n" + data)


FRAGMENTS = ["import a", "from b import c", "try:", "except ImportError:", "    import d", "if x:", "else:", "(", "\\"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12))
def test_no_arrangement_of_lines_raises(lines: list[str]) -> None:
    found, *_ = imports_of("\n".join(lines).encode())
    assert all(each.line >= 1 for each in found)


@pytest.mark.parametrize(
    ("source", "optional"),
    [
        ("if find_spec('a'):\n    import a", True),
        ("if importlib.util.find_spec('a') is not None:\n    import a\nelse:\n    x = 1", True),
        ("HAS = importlib.util.find_spec('a') is not None\nif HAS:\n    import a", True),
        ("HAS = bool(find_spec('a'))\nif HAS and x:\n    import a", True),
        ("a = pytest.importorskip('a')", True),
        ("if find_spec('b'):\n    pass\nimport a", False),
        ("if find_spec('a') is None:\n    raise SystemExit\nimport a", False),
        ("HAS = True\nif HAS:\n    import a", False),
    ],
)
def test_what_is_looked_for_first_is_optional(source: str, optional: bool) -> None:
    found, *_ = imports_of(source.encode())
    assert [each.optional for each in found if each.name == "a"] == [optional]


@pytest.mark.parametrize(
    ("expression", "path"),
    [
        ("'lib'", (False, "lib")),
        ("'../lib'", (False, "../lib")),
        ("os.path.dirname(__file__)", (True, ".")),
        ("os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'src')", (True, "./../src")),
        ("os.path.dirname(os.path.dirname(os.path.realpath(__file__)))", (True, "./..")),
        ("str(Path(__file__).resolve().parent / 'lib')", (True, "./lib")),
        ("str(pathlib.Path(__file__).parents[1] / 'lib')", (True, "./../lib")),
        ("os.path.join('a', name)", None),
        ("find_it()", None),
    ],
)
@pytest.mark.parametrize("method", ["insert(0, {})", "append({})"])
def test_what_is_put_on_the_path_is_told(expression: str, path: tuple[bool, str] | None, method: str) -> None:
    *_, facts = imports_of(f"import sys\nsys.path.{method.format(expression)}".encode())
    assert facts.get("paths") == (None if path is None else [path])
