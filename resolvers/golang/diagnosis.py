"""What a Go program did not find, from the last words of the go command.

Source: cmd/go/internal/modload, ImportMissingError and ImportMissingSumError; cmd/go/internal/work, on C compilers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jhansi_runner.proxy.registries.golang_names import coordinate
from jhansi_runner.resolvers.golang import recipe
from jhansi_runner.resolvers.golang.mismatch import mismatched
from jhansi_runner.resolvers.golang.names import MISSED, Names, default_names
from jhansi_runner.resolvers.golang.recipe import join
from jhansi_runner.resolvers.interface import SCAN, Missing, Plan, Requirement, View, ViewError

MAX_MISSING = 50
_OTHER_VERSION = (
    "the newest version was installed, and it is not as it is used here: a go.mod can require the one that this was "
    "written for"
)

_PLACE = r"^(?:(?P<file>[^\s:]+\.go):(?P<line>[0-9]{1,7})(?::[0-9]+)?: |(?:go: |package [^\n]*: )?)"
_NAME = r"(?P<name>[A-Za-z0-9._~+/-]{1,500})(?=[\s;:,]|$)"
"""What is written into a Go file to be installed, though a program can say it who wants to. Source: x/mod/module."""
_LINES = (
    re.compile(rf"{_PLACE}(?:[^\n]*\b)?no required module provides package {_NAME}", re.MULTILINE),
    re.compile(rf"{_PLACE}(?:[^\n]*\b)?cannot find module providing package {_NAME}", re.MULTILINE),
    re.compile(rf"{_PLACE}(?:[^\n]*\b)?missing go\.sum entry for module providing package {_NAME}", re.MULTILINE),
    re.compile(rf"{_PLACE}(?:[^\n]*\b)?package {_NAME} is not in (?:std|GOROOT)", re.MULTILINE),
)
_GRAPH = re.compile(
    r"^(?P<file>[^\s:]+\.go):(?P<line>[0-9]{1,7}):[0-9]+: [^\s@]{1,500}@[^\s:]{1,200}"
    r"(?: requires\n(?:\t[^\n]*\n){0,50}?\t[^\n]*)?: missing go\.sum entry for go\.mod file",
    re.MULTILINE,
)
"""Where no required module has a package, the go command looks through all that these require, and may not get far."""
_IMPORTED = re.compile(r'"(?P<name>[A-Za-z0-9._~+/-]{1,500})"')
_COMPILER = re.compile(
    r'C compiler "(?P<name>[^"]+)" not found|exec: "(?P<exec>gcc|cc|clang)": executable file not found'
)
_STUB = re.compile(
    r"CGO_ENABLED=0|requires cgo to work|build constraints exclude all Go files|^go: no Go source files", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Words:
    name: str
    file: str
    line: int


def diagnose(words: str, view: View, plan: Plan, names: Names | None = None) -> Sequence[Missing]:
    """The packages that the go command missed, each once, in the order in which it says so."""
    names = names or default_names()
    found: dict[str, Missing] = {}
    for each in (*_missed(words), *_unlooked(words, view, plan, names)):
        if each.name not in found and len(found) < MAX_MISSING:
            found[each.name] = _explained(each, view, plan, names)
    for one, file, line in mismatched(words, plan):
        name = one.import_name or one.name
        if name not in found and len(found) < MAX_MISSING:
            found[name] = Missing(name, _in_workspace(file, view, plan), line, _OTHER_VERSION)
    compiler = _no_compiler(words, plan)
    return (*found.values(), *((compiler,) if compiler else ()))


def _missed(words: str) -> Iterator[_Words]:
    matches = [match for pattern in _LINES for match in pattern.finditer(words)]
    for match in sorted(matches, key=lambda each: each.start()):
        yield _Words(match["name"].rstrip(",."), match["file"] or "", int(match["line"] or 0))


def _unlooked(words: str, view: View, plan: Plan, names: Names) -> Iterator[_Words]:
    """What is imported at the places where the go command gave up to look for it."""
    for match in _GRAPH.finditer(words):
        path, line = _in_workspace(match["file"], view, plan), int(match["line"])
        found = _IMPORTED.search(_line(view, path, line)) if path else None
        if found and not names.is_std(found["name"]):
            yield _Words(found["name"], match["file"], line)


def _line(view: View, path: str, line: int) -> str:
    lines = (view.read(path) or b"").decode("utf-8", "replace").split("\n")
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _explained(each: _Words, view: View, plan: Plan, names: Names) -> Missing:
    file = _in_workspace(each.file, view, plan) if each.file else ""
    line = each.line if file else 0
    module = names.module_of(each.name)
    manifest = "" if recipe.of(plan).made or plan.source == SCAN else plan.source

    def nothing(reason: str, closest: str | None) -> Missing:
        return Missing(each.name, file, line, reason, closest=closest, manifest=manifest)

    if module is None or "." not in each.name.partition("/")[0]:
        return nothing(
            "no package of Go's has this path, no folder of the workspace, and no module can", names.closest(each.name)
        )
    imitated = names.imitates(module)
    if imitated is not None:
        return nothing("nobody widely known has this module, and its path looks like another's", imitated)
    if any(_provides(one, each.name) for one in plan.requirements):
        return nothing(f"{module} was asked for, and has no such package", _other(names.closest(each.name), module))
    requirement = Requirement(module, "", coordinate(module).purl, each.name, file, line, MISSED)
    reason = f"{manifest} requires no module that has it" if manifest else "no module that has it is installed"
    return Missing(each.name, file, line, reason, requirement, addition=f"require {module} latest", manifest=manifest)


def _provides(one: Requirement, package: str) -> bool:
    return package == one.name or package.startswith(one.name + "/")


def _other(closest: str | None, module: str) -> str | None:
    return None if closest == module else closest


def _in_workspace(file: str, view: View, plan: Plan) -> str:
    """The path in the workspace of a file that the go command names as its own folder sees it."""
    found = recipe.of(plan)
    for folder in (*found.folders, *found.members, ""):
        path = _normal(file.removeprefix("/sandbox/") if file.startswith("/sandbox/") else join(folder, file))
        if path and _is_there(view, path):
            return path
    return ""


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == "..":
            return ""
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _is_there(view: View, path: str) -> bool:
    try:
        return view.read(path) is not None
    except ViewError:
        return False


def _no_compiler(words: str, plan: Plan) -> Missing | None:
    found = _COMPILER.search(words)
    if found:
        lack = f"{found['name'] or found['exec']} is not on this host"
    elif _STUB.search(words):
        lack = "there was no C compiler to build it with"
    else:
        return None
    return Missing("C", plan.source, 0, f"a package has C code in it, and {lack}: install gcc")
