"""What whole projects need. Each folder of `tests/projects` says in `expected.toml` what its plan must be."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from jhansi_runner.resolvers.interface import ManifestError, Plan, ViewError
from jhansi_runner.resolvers.python.plan import DEVICE

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]

PROJECTS = Path(__file__).parents[2] / "projects"
CASES = sorted(folder.name for kind in ("manifest", "scan") for folder in PROJECTS.glob(f"{kind}-*"))


def files_of(case: str) -> dict[str, str | bytes]:
    folder = PROJECTS / case
    paths = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("case", CASES)
def test_project(case: str, planned: MakePlan) -> None:
    expected = tomllib.loads((PROJECTS / case / "expected.toml").read_text())
    plan = planned(files_of(case), expected.get("entry"))
    assert plan.language == "python"
    assert plan.source == expected["source"]
    if "texts" in expected:
        assert [each.text for each in plan.requirements] == expected["texts"]
        assert {each.origin for each in plan.requirements} == {"manifest"}
    else:
        found = {each.name: [each.import_name, each.origin, f"{each.file}:{each.line}"] for each in plan.requirements}
        assert found == expected.get("requirements", {})
    assert {each.import_name: each.closest or "" for each in plan.undecided} == expected.get("undecided", {})
    assert [each.name for each in plan.requirements if each.optional] == expected.get("optional", [])
    assert [each.text for each in plan.constraints] == expected.get("constraints", [])
    assert plan.requires_python == expected.get("requires_python", "")
    assert len(plan.notes) == expected.get("notes", 0)


def test_there_are_projects_of_both_kinds() -> None:
    assert {case.split("-")[0] for case in CASES} == {"manifest", "scan"}


def test_the_plan_as_json(planned: MakePlan) -> None:
    plan = planned({"main.py": "import yaml\nimport zzqqxx"}, "main.py").to_json()
    assert json.loads(json.dumps(plan)) == plan
    assert {"language", "source", "requirements", "undecided"} <= plan.keys()
    assert plan["requirements"] == [
        {
            "name": "pyyaml",
            "specifier": "",
            "purl": "pkg:pypi/pyyaml",
            "import": "yaml",
            "file": "main.py",
            "line": 1,
            "origin": "curated",
            "extras": [],
            "marker": "",
            "url": None,
            "optional": False,
        }
    ]


def test_a_manifest_that_decides_spares_the_scan(planned: MakePlan) -> None:
    plan = planned({"requirements.txt": "flask", "main.py": "import (", "a.py": "x = ("}, "main.py")
    assert [each.text for each in plan.requirements] == ["flask"]
    assert plan.notes == ()


def test_several_imports_of_one_package_are_one_requirement(planned: MakePlan) -> None:
    source = "import sqlalchemy\nfrom sqlalchemy.ext.asyncio import create_async_engine"
    (found,) = planned({"main.py": source}, "main.py").requirements
    assert (found.text, found.import_name, found.line) == ("sqlalchemy[asyncio]", "sqlalchemy", 1)


def test_a_package_needed_once_for_certain_is_not_optional(planned: MakePlan) -> None:
    source = "try:\n    import torch\nexcept ImportError:\n    pass\nimport torch.nn"
    assert [each.optional for each in planned({"main.py": source}, "main.py").requirements] == [False]


def test_windows_packages_are_named_and_skipped(planned: MakePlan) -> None:
    (found,) = planned({"main.py": "import win32api"}, "main.py").requirements
    assert found.text == 'pywin32; sys_platform == "win32"'


def test_a_local_name_shadows_a_distribution(planned: MakePlan) -> None:
    assert planned({"main.py": "import requests", "requests.py": ""}, "main.py").source == "none"
    assert planned({"main.py": "import requests", "requests/data.txt": ""}, "main.py").source == "scan"


def test_a_broken_manifest_stops(planned: MakePlan) -> None:
    with pytest.raises(ManifestError, match=r"^pyproject.toml:1: is not TOML"):
        planned({"main.py": "", "pyproject.toml": "["}, "main.py")


def test_an_absent_entry_stops(planned: MakePlan) -> None:
    with pytest.raises(ViewError, match=r"^main.py: does not exist"):
        planned({}, "main.py")


def test_a_mistyped_name_in_a_manifest_is_said_and_asked_for(planned: MakePlan) -> None:
    made = planned({"requirements.txt": "requests\nreqeusts==1\nmy-own-thing\n", "main.py": ""}, "main.py")
    assert len(made.requirements) == 3
    (note,) = made.notes
    assert note.startswith("requirements.txt:2: reqeusts is no widely used package")
    assert "close to that of requests" in note


@pytest.mark.parametrize("name", ["utils", "qqzzxx"])
def test_an_undecided_name_says_what_to_do_next(planned: MakePlan, name: str) -> None:
    (found,) = planned({"main.py": f"import {name}\n"}, "main.py").undecided
    assert found.reason.endswith("name it in requirements.txt")


FALLBACK = "try:\n    import cupy as xp\nexcept ImportError:\n    {}\n"


def test_what_needs_a_device_gives_way_to_what_the_program_falls_back_to(planned: MakePlan) -> None:
    plan = planned({"main.py": FALLBACK.format("import numpy as xp")}, "main.py")
    assert ([each.name for each in plan.requirements], plan.undecided) == (["numpy"], ())


def test_what_needs_a_device_is_left_out_where_the_program_goes_on_without_it(planned: MakePlan) -> None:
    plan = planned(
        {"main.py": FALLBACK.format("xp = None") + "try: import RPi.GPIO\nexcept ImportError: pass"}, "main.py"
    )
    assert plan.requirements == ()
    assert [(each.import_name, each.line, each.reason, each.closest) for each in plan.undecided] == [
        ("RPi", 5, DEVICE, None),
        ("cupy", 2, DEVICE, None),
    ]


@pytest.mark.parametrize("text", ["import cupy", FALLBACK.format("raise SystemExit('no cupy')")])
def test_what_needs_a_device_is_installed_for_a_program_that_cannot_do_without_it(planned: MakePlan, text: str) -> None:
    (found,) = planned({"main.py": text}, "main.py").requirements
    assert found.import_name == "cupy"
