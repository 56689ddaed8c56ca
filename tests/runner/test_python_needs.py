"""Who needs whom among installed Python packages, for the interpreter that they were installed for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.resolvers.resolver import Locked, Tools
from jhansi_runner.runner.evidence.python_needs import python_needs
from jhansi_runner.runner.evidence.stored import Need

TOOLS = Tools({}, {"python": "3.9.18"}, "cpython-39-x86_64-linux-gnu")
LOCK = [Locked(name, "1", f"pkg:pypi/{name}@1") for name in ("a", "b", "c")]
A, B, C = (one.purl for one in LOCK)


def needs(site: Path, *lines: str, name: str = "A-1.dist-info") -> list[Need]:
    (site / name).mkdir()
    (site / name / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", "Name: a", *lines, "", "body"]))
    return python_needs(str(site), LOCK, TOOLS)


@pytest.mark.parametrize(
    ("required", "needed"),
    [
        ("b", True),
        ("B (>=1)", True),
        ('b; python_version < "3.10"', True),
        ('b; python_version >= "3.10"', False),
        ('b; python_full_version == "3.9.18" and implementation_name == "cpython"', True),
        ('b; platform_python_implementation == "PyPy"', False),
        ('b; sys_platform == "linux"', True),
        ('b; extra == "x"', False),
        ("not-there", False),
        ("b ===== what", False),
        ("b; " + "(" * 5000, False),
    ],
)
def test_markers_are_those_of_the_interpreter_in_use(tmp_path: Path, required: str, needed: bool) -> None:
    assert needs(tmp_path, f"Requires-Dist: {required}") == ([Need(A, "", B)] if needed else [])


def test_extras_are_told_apart(tmp_path: Path) -> None:
    found = needs(
        tmp_path,
        "Provides-Extra: Fast_One",
        "Provides-Extra: other",
        'Requires-Dist: b[x,Y.z]; extra == "fast-one"',
        'Requires-Dist: c; extra == "other" or python_version < "3.0"',
    )
    assert found == [Need(A, "fast-one", B, ("x", "y-z")), Need(A, "other", C)]


def test_what_a_build_left_in_place_of_metadata_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Name: a\nRequires-Dist: b\n\n")
    site = tmp_path / "site"
    (site / "a-1.dist-info").mkdir(parents=True)
    os.symlink(secret, site / "a-1.dist-info" / "METADATA")
    os.symlink(tmp_path, site / "b-1.dist-info")
    (site / "c-1.dist-info").mkdir()
    os.mkfifo(site / "c-1.dist-info" / "METADATA")
    (site / "c-2.dist-info" / "METADATA").mkdir(parents=True)
    assert python_needs(str(site), LOCK, TOOLS) == []
