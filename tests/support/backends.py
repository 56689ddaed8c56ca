"""A back end of the tests' own, as a wheel of an index and in a project's own tree."""

from __future__ import annotations

from support.registry import BuiltFile
from support.wheels import make_wheel

HOOKS = """\
import os

def _written(folder, lines):
    info = os.path.join(folder, "x-1.dist-info")
    os.mkdir(info)
    with open(os.path.join(info, "METADATA"), "w") as file:
        file.write("\\n".join(["Metadata-Version: 2.1", "Name: x", "Version: 1", *lines, ""]))
    return "x-1.dist-info"

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    print("what a back end prints is not its answer")
    return _written(folder, ["Requires-Dist: " + line.strip() for line in open("needs.in")])
"""
"""A back end: the project depends on what is in `needs.in`."""


def backend_wheel(source: str = HOOKS, **more: str) -> BuiltFile:
    """The package `jr-backend`, whose module `jr_backend` is a back end."""
    return make_wheel("jr-backend", "1.0", {"jr_backend.py": source, **more})


def pyproject(requires: str = "'jr-backend'", backend: str = "jr_backend", more: str = "") -> str:
    """A `pyproject.toml` that leaves its dependencies to this back end."""
    project = "[project]\nname = 'x'\nversion = '1'\ndynamic = ['dependencies']\n"
    return f"{project}[build-system]\nrequires = [{requires}]\nbuild-backend = '{backend}'\n{more}"


def in_tree() -> str:
    """A `pyproject.toml` whose back end is the project's own `backend.py`, and requires nothing."""
    return pyproject("", "backend", 'backend-path = ["."]\n')
