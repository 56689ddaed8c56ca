"""Go source, manifests and the last words of the go command."""

from __future__ import annotations

from collections.abc import Hashable

from fuzz.engine import Target

from jhansi_runner.resolvers.golang import modfile, recipe, source
from jhansi_runner.resolvers.golang.absent import MAX_LINES, explain
from jhansi_runner.resolvers.golang.diagnosis import diagnose
from jhansi_runner.resolvers.golang.recipe import SCANNED, Recipe
from jhansi_runner.resolvers.interface import ManifestError, Plan


class _Empty:
    """A workspace with nothing in it."""

    def read(self, path: str) -> bytes | None:
        """A path that may be formed at all."""
        assert not {"", ".", ".."} & set(path.split("/"))
        return None

    def names(self, folder: str) -> tuple[str, ...]:
        """Nothing."""
        del folder
        return ()


def go_source(data: bytes) -> Hashable:
    """A Go file: what is passed on can be written into another one."""
    found = source.read("x/main.go", data)
    imports, facts = found["imports"], found["facts"]
    assert isinstance(imports, list)
    assert isinstance(facts, dict)
    for each in imports:
        assert each["name"].isprintable() and " " not in each["name"] and each["line"] >= 1
    return len(imports), facts["package"] == "main", facts["main_line"] > 0, facts["built"], str(found["problem"])[-20:]


def go_modfile(data: bytes) -> Hashable:
    """A go.mod or go.work."""
    try:
        found = modfile.parse("go.mod", data)
    except ManifestError as error:
        return error.message[-20:]
    assert all(each.line >= 1 for each in found.requires) and all(each.line >= 1 for each in found.replaces)
    modfile.numbers(found.go or "1.16")
    return bool(found.module), found.go, len(found.requires), len(found.replaces), len(found.uses)


def go_words(data: bytes) -> Hashable:
    """What the go command says last."""
    plan = Plan("go", "go.mod", files=((recipe.FILE, Recipe(SCANNED, ("a",)).text),))
    words = data.decode("utf-8", "replace")
    found = diagnose(words, _Empty(), plan)
    assert len(explain(words, plan)) <= MAX_LINES
    return tuple((each.requirement is None, each.closest) for each in found)


TARGETS = (
    Target(
        "golang-source", go_source, (b"package ", b"import ", b"//go:build ", b"func main", b'"', b"`", b"/*", b"*/")
    ),
    Target("golang-modfile", go_modfile, (b"require ", b"replace ", b"=> ", b"use ", b"(\n", b")\n", b"// indirect")),
    Target(
        "golang-words",
        go_words,
        (b"no required module provides package ", b"is not in std", b"main.go:1:2: ", b"package ", b"\n"),
    ),
)
