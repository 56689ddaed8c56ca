"""What Python source imports. Runs alone (`python -I imports.py`): hostile source can crash a parser.

stdin: {"files": [{"path", "data" (base64)}]}
stdout: {"files": [{"path", "imports": [the fields of Found], "problem", "facts"}]}
`facts`: "paths", what the file puts on `sys.path`, each as [whether it is relative to the file's folder, path]; for a
setup.py what it passes to `setup`, as "install_requires" (a list, or false for what only running it would tell) and
"python_requires".
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
MAX_PATHS = 20
SETUP = "setup.py"

GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
LOADERS = frozenset({"import_module", "__import__"})
PROBES = frozenset({"find_spec", "find_loader"})
SKIPS = frozenset({"importorskip"})
EXITS = frozenset({"exit", "quit", "_exit", "abort"})
HERE = {"platform": "linux", "name": "posix", "system": "Linux"}

PYTHON = re.compile(r"python(?:3(?:\.\d+)?)?")
FLAGS = frozenset({"-u", "-B", "-I", "-E", "-s", "-O", "-OO"})
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
        self.probes: set[str] = set()
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
                case ast.List(elts=words) | ast.Tuple(elts=words) if words and is_python(words[0]):
                    self.found.extend(started(words[1:], node.lineno, context))
                    self.push(words, context)
                case ast.Try() | ast.TryStar() if any(map(is_guard, node.handlers)):
                    self.guarded(node, context)
                case ast.If():
                    self.condition(node, context)
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if self.probed(value):
                    self.probes.add(name)
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
        if self.probed(node.test):
            body = orelse = context._replace(optional=True)
        elif mentions(node.test, "TYPE_CHECKING"):
            negated = isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not)
            body, orelse = (context, hidden) if negated else (hidden, context)
        elif mentions(node.test, "version_info") and node.orelse:
            group, branch = self.fork(context)
            body = context._replace(group=group, branch=branch, alternative=False)
            orelse = self.alternative(context, group)
        self.push(node.orelse if verdict is not True else [], orelse)
        self.push(node.body if verdict is not False else [], body)
        self.push([node.test], context)

    def probed(self, test: ast.expr) -> bool:
        """Whether an expression asks if a module can be found, or names what such an answer was kept in."""
        return any(mentions(test, name) for name in (*PROBES, *self.probes))


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
            elif function in SKIPS and NAME.fullmatch(name):
                yield Found(name, node.lineno, *Context(optional=True)[:4])


def is_python(word: ast.expr) -> bool:
    """Whether the first word of a command is the interpreter: `sys.executable`, or its name."""
    match word:
        case ast.Attribute(value=ast.Name(id="sys"), attr="executable"):
            return True
        case ast.Constant(value=str(text)):
            return PYTHON.fullmatch(text) is not None
    return False


def started(words: list[ast.expr], line: int, context: Context) -> Iterator[Found]:
    """The script that `[sys.executable, "scripts/worker.py"]` starts, as a module beside this file."""
    plain = (word.value if isinstance(word, ast.Constant) else None for word in words)
    script = next((text for text in plain if not (isinstance(text, str) and text in FLAGS)), None)
    if isinstance(script, str) and script.endswith(".py"):
        name = script.removesuffix(".py").removeprefix("./").replace("/", ".")
        if NAME.fullmatch(name) and len(name) < MAX_NAME:
            yield Found(f".{name}", line, context.optional, context.type_checking)


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


def search_paths(tree: ast.AST) -> Iterator[tuple[bool, str]]:
    """What a file adds to `sys.path`, as far as it is spelled out."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="sys"), attr="path"), attr="insert" | "append"
                ),
                args=[*_, added],
            ):
                if (found := path_of(added)) and len(found[1]) <= MAX_NAME:
                    yield found


def path_of(node: ast.expr) -> tuple[bool, str] | None:
    """A path, and whether it is relative to the file's own folder: `Path(__file__).parent / "lib"` is (True, "./lib").

    A file itself has the path "" in its folder, so that its parent is ".".
    """
    match node:
        case ast.Constant(value=str(text)):
            return False, text
        case ast.Name(id="__file__"):
            return True, ""
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=str(text))):
            return joined(path_of(left), [text])
        case ast.Attribute(value=inner, attr="parent"):
            return parent(path_of(inner))
        case ast.Subscript(value=ast.Attribute(value=inner, attr="parents"), slice=ast.Constant(value=int(level))):
            found = path_of(inner)
            for _ in range(min(level, 10) + 1):
                found = parent(found)
            return found
        case ast.Call(func=ast.Name(id=function) | ast.Attribute(attr=function), args=[inner, *rest]):
            if function == "dirname":
                return parent(path_of(inner))
            if function == "join" and all(isinstance(one, ast.Constant) for one in rest):
                return joined(path_of(inner), [str(one.value) for one in rest if isinstance(one, ast.Constant)])
            if function in SAME_PATH and not rest:
                return path_of(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute" | "as_posix"), args=[]):
            return path_of(inner)
    return None


def parent(found: tuple[bool, str] | None) -> tuple[bool, str] | None:
    """The folder of a path that is relative to the file's folder."""
    return (True, f"{found[1]}/.." if found[1] else ".") if found and found[0] else None


def joined(found: tuple[bool, str] | None, parts: list[str]) -> tuple[bool, str] | None:
    """A path with more parts behind it."""
    return (found[0], "/".join([found[1] or ".", *parts])) if found else None


SAME_PATH = frozenset({"str", "Path", "PurePath", "abspath", "realpath", "normpath", "fspath"})


def setup_facts(tree: ast.Module) -> dict[str, object]:
    """What a setup.py passes to `setup`."""
    changed = changed_names(tree)
    names = {
        statement.targets[0].id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id not in changed
    }
    facts: dict[str, object] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup"), keywords=keywords):
                given = {keyword.arg: keyword.value for keyword in keywords}
                if "install_requires" in given:
                    listed = strings(given["install_requires"], names)
                    facts["install_requires"] = False if listed is None else listed
                elif None in given:  # setup(**arguments)
                    facts["install_requires"] = False
                match given.get("python_requires"):
                    case ast.Constant(value=str(text)):
                        facts["python_requires"] = text
    return facts


def changed_names(tree: ast.Module) -> set[str]:
    """Names whose list may not be what was first written: bound twice, or something is done with it."""
    bound: set[str] = set()
    changed: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                (changed if name in bound else bound).add(name)
            case ast.AugAssign(target=ast.Name(id=name)) | ast.Attribute(value=ast.Name(id=name)):
                changed.add(name)
            case ast.Subscript(value=ast.Name(id=name)):
                changed.add(name)
    return changed


def strings(node: ast.expr, names: dict[str, ast.expr]) -> list[str] | None:
    """The strings of a list that is spelled out, perhaps under a name or in two parts; None for anything else."""
    match node:
        case ast.Name(id=name) if name in names:
            return strings(names[name], {})
        case ast.List(elts=items) | ast.Tuple(elts=items):
            found = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            return found if len(found) == len(items) else None
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = strings(left, names), strings(right, names)
            return [*parts[0], *parts[1]] if parts[0] is not None and parts[1] is not None else None
    return None


def facts_of(path: str, tree: ast.Module) -> dict[str, object]:
    """What else a file tells; nothing of one that is too deep to be looked through."""
    try:
        facts: dict[str, object] = setup_facts(tree) if path.rpartition("/")[2] == SETUP else {}
        if paths := [found for _, found in zip(range(MAX_PATHS), search_paths(tree), strict=False)]:
            facts["paths"] = paths
    except RecursionError:
        return {}
    return facts


def imports_of(data: bytes, path: str = "") -> tuple[list[Found], str | None, dict[str, object]]:
    """The imports of one file, what was wrong with it if it did not parse, and what else it tells."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
            return Walk().run(tree), None, facts_of(path, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        problem = getattr(fault, "msg", None) or str(fault) or type(fault).__name__
        line = getattr(fault, "lineno", None)
    text = data.decode("utf-8", "replace")
    found = [each for _, each in zip(range(MAX_IMPORTS), by_line(text), strict=False)]
    return found, f"line {line}: {problem}" if line else problem, {}


def main() -> None:
    """Read files from stdin, write their imports to stdout."""
    answers = []
    for file in json.load(sys.stdin)["files"]:
        found, problem, facts = imports_of(base64.b64decode(file["data"]), file["path"])
        imports = [each._asdict() for each in found]
        problem = problem and problem[:MAX_NAME]
        answers.append({"path": file["path"], "imports": imports, "problem": problem, "facts": facts})
    json.dump({"files": answers}, sys.stdout)


if __name__ == "__main__":
    main()
