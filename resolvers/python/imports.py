"""What Python source imports. Runs alone (`python -I imports.py`): hostile source can crash a parser.

stdin: {"files": [{"path", "data" (base64)}]}
stdout: {"files": [{"path", "imports": [the fields of Found], "problem"}]}
Only the standard library is imported, and nothing of ours.
"""

from __future__ import annotations

import ast
import base64
import json
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_IMPORTS = 2_000
MAX_NAME = 200

GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
LOADERS = frozenset({"import_module", "__import__"})
EXITS = frozenset({"exit", "quit", "_exit", "abort"})
HERE = {"platform": "linux", "name": "posix", "system": "Linux"}

NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
LINE_IMPORT = re.compile(r"\s*import\s+(?P<names>[^#;]+)")
LINE_FROM = re.compile(r"\s*from\s+(?P<module>\.*[\w.]*)\s+import\s+(?P<names>[^#;]+)")


class Found(NamedTuple):
    """One import; the fields are those of `resolvers.interface.Import`."""

    name: str
    line: int
    optional: bool = False
    type_checking: bool = False
    group: int | None = None
    branch: int = 0
    binds: str = ""


class Context(NamedTuple):
    """Where a statement stands."""

    optional: bool = False
    type_checking: bool = False
    group: int | None = None
    branch: int = 0
    alternative: bool = False


class Walk:
    """Walks a module's statements in their order, with a stack of its own: depth is the author's choice."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.groups = 0
        self.branches: dict[int, int] = {}
        self.stack: list[tuple[ast.AST, Context]] = []

    def run(self, tree: ast.AST) -> list[Found]:
        """All imports of a tree, at most MAX_IMPORTS."""
        self.push([tree], Context())
        while self.stack and len(self.found) < MAX_IMPORTS:
            node, context = self.stack.pop()
            match node:
                case ast.Import() | ast.ImportFrom() | ast.Call():
                    self.found.extend(f for f in named(node, context) if len(f.name) <= MAX_NAME)
                    self.push(ast.iter_child_nodes(node), context)
                case ast.Try() | ast.TryStar() if any(map(is_guard, node.handlers)):
                    self.guarded(node, context)
                case ast.If():
                    self.condition(node, context)
                case _:
                    self.push(ast.iter_child_nodes(node), context)
        return self.found

    def push(self, nodes: Iterable[ast.AST], context: Context) -> None:
        self.stack.extend((node, context) for node in reversed(list(nodes)))

    def fork(self, context: Context) -> tuple[int, int]:
        """The group and branch for a new choice; a choice inside an alternative only lengthens the chain."""
        if context.group is not None and context.alternative:
            return context.group, context.branch
        self.groups += 1
        self.branches[self.groups] = 0
        return self.groups, 0

    def alternative(self, context: Context, group: int) -> Context:
        self.branches[group] += 1
        return context._replace(group=group, branch=self.branches[group], alternative=True)

    def guarded(self, node: ast.Try | ast.TryStar, context: Context) -> None:
        handlers = [handler for handler in node.handlers if is_guard(handler)]
        survives = not any(ends(handler.body) for handler in handlers)
        group, branch = self.fork(context)
        preferred = context._replace(
            optional=context.optional or survives, group=group, branch=branch, alternative=False
        )
        parts: list[tuple[list[ast.stmt], Context]] = [(node.body + node.orelse, preferred)]
        for handler in node.handlers:
            guards = handler in handlers
            parts.append((handler.body, self.alternative(context, group) if guards else context))
        parts.append((node.finalbody, context))
        for body, inner in reversed(parts):
            self.push(body, inner)

    def condition(self, node: ast.If, context: Context) -> None:
        verdict = holds(node.test)
        hidden = context._replace(type_checking=True)
        body, orelse = context, context
        if mentions(node.test, "TYPE_CHECKING"):
            negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
            body, orelse = (context, hidden) if negated else (hidden, context)
        elif mentions(node.test, "version_info") and node.orelse:
            group, branch = self.fork(context)
            body = context._replace(group=group, branch=branch, alternative=False)
            orelse = self.alternative(context, group)
        self.push(node.orelse if verdict is not True else [], orelse)
        self.push(node.body if verdict is not False else [], body)
        self.push([node.test], context)


def named(node: ast.AST, context: Context) -> Iterator[Found]:
    """The imports that one node makes; `from a.b import c` is `a.b.c`, which may be a module or not."""
    place = (context.optional, context.type_checking, context.group, context.branch)
    match node:
        case ast.Import():
            for alias in node.names:
                yield Found(alias.name, node.lineno, *place, alias.asname or alias.name)
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Found(member(module, alias.name), node.lineno, *place, alias.asname or alias.name)
        case ast.Call(
            func=ast.Name(id=function) | ast.Attribute(attr=function),
            args=[ast.Constant(value=str(name)), *_],
        ):
            if function in LOADERS and NAME.fullmatch(name):
                yield Found(name, node.lineno, *place)


def member(module: str, name: str) -> str:
    """The dotted name of `name` taken from `module`."""
    if name == "*":
        return module
    return module + name if module.endswith(".") else f"{module}.{name}"


def is_guard(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches a missing module."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in GUARDS) for kind in kinds)


def ends(body: list[ast.stmt]) -> bool:
    """Whether a handler gives up: it raises or leaves the program at its own level."""
    for statement in body:
        if isinstance(statement, ast.Raise):
            return True
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            function = statement.value.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in EXITS:
                return True
    return False


def mentions(test: ast.expr, name: str) -> bool:
    """Whether an expression names `name`, bare or as an attribute."""
    return any(
        (isinstance(part, ast.Name) and part.id == name) or (isinstance(part, ast.Attribute) and part.attr == name)
        for part in ast.walk(test)
    )


def holds(test: ast.expr) -> bool | None:
    """Whether a test of the platform holds on Linux; None where it is about something else."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[ast.Constant(value=str(text))]):
            here = platform_value(left)
            return None if here is None else (here == text) is isinstance(op, ast.Eq)
        case ast.Call(func=ast.Attribute(value=left, attr="startswith"), args=[ast.Constant(value=str(text))]):
            here = platform_value(left)
            return None if here is None else here.startswith(text)
    return None


def platform_value(node: ast.expr) -> str | None:
    """What `sys.platform`, `os.name` or `platform.system()` is on Linux."""
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="platform" as name):
            return HERE[name]
        case ast.Attribute(value=ast.Name(id="os"), attr="name" as name):
            return HERE[name]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="platform"), attr="system" as name), args=[]):
            return HERE[name]
    return None


def by_line(text: str) -> Iterator[Found]:
    """Imports by the look of each line, for a file that does not parse."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := LINE_FROM.match(line):
            module = found["module"]
            for name in names_of(found["names"]):
                yield Found(member(module, name), number, binds=name)
            if found["names"].strip(" (\t\\") in ("", "*") and module.strip("."):
                yield Found(module, number)
        elif found := LINE_IMPORT.match(line):
            yield from (Found(name, number, binds=name) for name in names_of(found["names"]))


def names_of(text: str) -> Iterator[str]:
    """The names in `a, b.c as d`."""
    for part in text.strip(" ()\\\t\r\n").split(","):
        words = part.split()
        if words and NAME.fullmatch(words[0]) and len(words[0]) <= MAX_NAME and (len(words) == 1 or words[1] == "as"):
            yield words[0]


def imports_of(data: bytes) -> tuple[list[Found], str | None]:
    """The imports of one file, and what was wrong with it if it did not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Walk().run(ast.parse(data)), None
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        problem = getattr(fault, "msg", None) or str(fault) or type(fault).__name__
        line = getattr(fault, "lineno", None)
    text = data.decode("utf-8", "replace")
    found = [each for _, each in zip(range(MAX_IMPORTS), by_line(text), strict=False)]
    return found, f"line {line}: {problem}" if line else problem


def main() -> None:
    """Read files from stdin, write their imports to stdout."""
    answers = []
    for file in json.load(sys.stdin)["files"]:
        found, problem = imports_of(base64.b64decode(file["data"]))
        imports = [each._asdict() for each in found]
        answers.append({"path": file["path"], "imports": imports, "problem": problem and problem[:MAX_NAME]})
    json.dump({"files": answers}, sys.stdout)


if __name__ == "__main__":
    main()
