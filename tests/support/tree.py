"""This repository as data: its root, its files, the four packages and what they import."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("client", "proxy", "resolvers", "runner")
MADE = {".git", ".venv", ".link", "build", "dist", "__pycache__"}
MADE_BY_TOOLS = {".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


def files(below: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the source: not what make and other tools leave in the tree."""
    for directory, folders, names in os.walk(below):
        folders[:] = sorted(f for f in folders if f not in MADE | MADE_BY_TOOLS and not f.endswith(".egg-info"))
        yield from (Path(directory, name) for name in sorted(names))


def copy(destination: Path) -> None:
    """A clean copy of the source, links kept as links, as a clone would give."""
    for file in files():
        target = destination / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target, follow_symlinks=False)


def import_name(file: Path, root: Path = ROOT) -> str:
    """The dotted name that the package mapping gives a file: `proxy/a.py` is `jhansi_runner.proxy.a`."""
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(("jhansi_runner", *parts)).removesuffix(".__init__")


def imports(source: str, name: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """The line and the absolute name of all that a module imports, for types and inside functions too.

    A name of ours in a string counts: that is how `importlib`, entry points and `python -m` get at modules.
    """
    package = name if is_package else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            origin = ".".join(filter(None, (base, node.module)))
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, word) for word in _modules_named(node.value))


def _modules_named(text: str) -> list[str]:
    words = text.replace(":", " ").split()
    return [word for word in words if word.startswith("jhansi_runner.") and word.replace(".", "").isidentifier()]
