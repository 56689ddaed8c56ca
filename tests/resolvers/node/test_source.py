"""What the parser finds in JavaScript and TypeScript, however the source is written."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jhansi_runner.resolvers.node import source
from jhansi_runner.resolvers.node.source import MAX_IMPORTS, MAX_SOURCE, Found, imports_of


def found(text: str, path: str = "main.ts") -> list[Found]:
    return imports_of(path, text.encode())[0]


def names(text: str, path: str = "main.ts") -> list[str]:
    return [each.name for each in found(text, path) if not each.type_checking]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import a from 'a'", ["a"]),
        ("import{b,c as d}from\"b/x\";import*as e from'@s/e/f';import'g'", ["b/x", "@s/e/f", "g"]),
        ("import a, {\n  b, // c\n  d,\n} from 'a'", ["a"]),
        ("import a, * as b from 'a' with { type: 'json' }", ["a"]),
        ("export * from 'a'; export * as b from 'b'; export { c } from 'c'", ["a", "b", "c"]),
        ("export const a = 'b'; export default 'c'; export { d }; const from = 'e'", []),
        ("const a = require('a'), b = require(`b`), c = require.resolve('c')", ["a", "b", "c"]),
        ("require(a); require('b' + c); require(`d${e}`); x.require('f'); import(g)", []),
        ("await import('a'); import('b').then(c); const d = cond ? e : import('f')", ["a", "b", "f"]),
        ("import a = require('a')", ["a"]),
        ("import.meta.url; import.meta.resolve", []),
        ("import type from 'a'; import type, { b } from 'b'", ["a", "b"]),
        ("import type A from 'a'; import type { B } from 'b'; import type * as C from 'c'", []),
        ("export type { A } from 'a'; export type * from 'b'", []),
        ("let a: import('a').A; type B = typeof import('b'); f<import('c').C>()", []),
        ("declare module 'x' { import a from 'a' }\nimport b from 'b'", ["b"]),
        ("// import 'a'\n/* require('b')\n import 'c' */ require('d')", ["d"]),
        ("const a = \"require('a')\", b = 'import \"b\"'", []),
        ("const a = `import 'a' ${require('b')} require('c') ${`${require('d')}`}`", ["b", "d"]),
        ("a = /require('a')/; b = c / require('b') / d; if (x) /['\"]/.test(require('e'))", ["b", "e"]),
        ("return /[/'\"]/; require('a')", ["a"]),
        ("const a = <p>Don't stop</p>\nrequire('b')", ["b"]),
        ("<a href=\"x\">import y from 'z'</a>", []),
        ("#!/usr/bin/env node\nrequire('a')", ["a"]),
        ("import a from 'lo\\u0064ash'; require('\\x61b')", ["lodash", "ab"]),
        ("require('')", []),
        ("require('a\\nb')", []),
        ("const x = 'unclosed\nrequire('a')", ["a"]),
        ("/* unclosed require('a')", []),
        ("`unclosed ${require('a')", ["a"]),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_byte_order_mark_and_other_line_ends_are_no_obstacle() -> None:
    assert imports_of("a.js", b"\xef\xbb\xbfimport 'a'\r\nimport 'b'\rimport 'c'")[0] == [
        Found("a", 1),
        Found("b", 2),
        Found("c", 3),
    ]


def test_lines_are_those_of_the_import() -> None:
    assert [each.line for each in found("/*\n\n*/ import 'a'\n`\n\n`; require('b')\nimport {\n c\n} from 'c'")] == [
        3,
        6,
        7,
    ]


def test_types_are_found_and_marked() -> None:
    assert found("import type A from 'a'") == [Found("a", 1, type_checking=True)]


def test_alternatives_share_a_group() -> None:
    text = "let x;\ntry { x = require('a') } catch (e) { x = require('b') }\nrequire('c')"
    assert found(text) == [Found("a", 2, True, False, 1, 0), Found("b", 2, False, False, 1, 1), Found("c", 3)]


def test_a_chain_of_alternatives_is_one_group() -> None:
    text = "try { require('a') } catch { try { require('b') } catch { require('c') } }"
    assert [(each.name, each.group, each.branch) for each in found(text)] == [("a", 1, 0), ("b", 1, 1), ("c", 1, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "try { require('a') } catch {}",
        "import('a').catch(() => 0)",
        "try { f(() => { require('a') }) } catch (e) { log(e) }",
    ],
)
def test_what_the_program_can_do_without_is_optional(text: str) -> None:
    assert [each.optional for each in found(text)] == [True]


@pytest.mark.parametrize("ending", ["throw e", "process.exit(1)", "if (x) { console.error(e); process.exit(1) }"])
def test_a_catch_that_gives_up_leaves_the_import_required(ending: str) -> None:
    assert [each.optional for each in found(f"try {{ require('a') }} catch (e) {{ {ending} }}")] == [False]


def test_try_with_finally_alone_is_no_guard_of_what_follows() -> None:
    assert [each.group for each in found("try { f() } finally { g() }\n{ require('a') }")] == [None]


def test_there_is_an_end_to_imports_and_to_sources() -> None:
    assert len(found("require('a')\n" * (MAX_IMPORTS + 5))) == MAX_IMPORTS
    nothing, problem, _ = imports_of("a.js", b"require('a')" + b" " * MAX_SOURCE)
    assert nothing == []
    assert problem == "it is larger than 4 MiB"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*"'\"`/*${}()[]\\\n;.a ", "import ", "require(", "from ", "try{", "catch"])))
def test_no_source_breaks_it(parts: list[str]) -> None:
    for each in found("require" + "".join(parts)):
        assert each.name.isprintable()
        assert each.line >= 1


def test_it_runs_alone_as_the_runner_runs_it() -> None:
    data = base64.b64encode(b"import 'a'").decode()
    asked = {"files": [{"path": "a.js", "data": data}, {"path": "b.js", "data": ""}]}
    command = [sys.executable, "-I", "-S", source.__file__]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    first, second = json.loads(done.stdout)["files"]
    assert (first["path"], first["problem"], [each["name"] for each in first["imports"]]) == ("a.js", None, ["a"])
    assert second["imports"] == []


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("const a = require('a')", {"require", "whole"}),
        ("var x = y, a = require(`a`);", {"require", "whole"}),
        ("require('a')('b')", {"require", "whole"}),
        ("const { b, c: d } = require('a')", {"require"}),
        ("const b = require('a').b", {"require"}),
        ("import a from 'a'", {"default", "whole"}),
        ("import a, { b } from 'a'", {"default", "whole"}),
        ("import a, * as b from 'a'", {"default", "whole"}),
        ("import { b } from 'a'", set()),
        ("import * as a from 'a'", set()),
        ("import type a from 'a'", set()),
        ("import 'a'", set()),
        ("export * from 'a'", set()),
        ("const a = await import('a')", set()),
        ("// const a = require('a')\nimport { b } from 'a'", set()),
        ("import a = require('a')", {"require", "whole"}),
    ],
)
def test_how_something_is_imported(text: str, forms: set[str]) -> None:
    facts = imports_of("a.ts", text.encode())[2]
    assert facts == {"forms": [(form, "a") for form in sorted(forms)]}


@pytest.mark.parametrize(
    "text",
    [
        "new Worker('./w.js')",
        "new Worker(new URL('./w.js', import.meta.url))",
        "fork('w.js')",
        "fork(require('x').join(__dirname, 'w.js'))",
        "cp.fork(path.join(__dirname, 'w.js'), [])",
        "const f = new URL('./w.js', import.meta.url);",
    ],
)
def test_a_file_that_is_started_is_looked_into(text: str) -> None:
    names = {each.name for each in imports_of("a.mjs", f"import 'x'\n{text}".encode())[0]}
    assert names == {"x", "./w.js"}


@pytest.mark.parametrize(
    "text", ["fork(file)", "new URL('https://h.test/w.js')", "fork('../w.js')", "x = fork; y('w.js')"]
)
def test_what_is_started_from_elsewhere_is_not(text: str) -> None:
    assert [each.name for each in imports_of("a.mjs", f"import 'x'\n{text}".encode())[0]] == ["x"]
