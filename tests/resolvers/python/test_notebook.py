"""Notebooks: what is their code, and what running it shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.python import notebook
from jhansi_runner.resolvers.python.launching import launch_for
from jhansi_runner.resolvers.python.notebook import NotANotebook, script

MakePlan = Callable[[Mapping[str, str | bytes], str | None], Plan]


def written(*cells: str, indent: int | None = 1, **metadata: object) -> str:
    """A notebook with cells of code, one of text before them."""
    listed: list[dict[str, object]] = [{"cell_type": "markdown", "source": ["import never\n"]}]
    listed += [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4}, indent=indent)


def ran(folder: Path, *cells: str, arguments: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    (folder / "n.ipynb").write_text(written(*cells))
    return subprocess.run(
        [sys.executable, notebook.__file__, "n.ipynb", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_code_stands_on_the_lines_of_the_file() -> None:
    text = written("import yaml\nx = 'é'\n", "\nimport numpy as np")
    lines = text.splitlines()
    found = script(text.encode()).lines
    for number, line in enumerate(found):
        assert not line or json.dumps(line)[1:-1] in lines[number]
    assert [line for line in found if line] == ["import yaml", "x = 'é'", "import numpy as np"]


@pytest.mark.parametrize(
    "text", [written("import a\n", "b = 1", indent=None), written("import a\n", "b = 1", indent=4)]
)
def test_however_it_is_written(text: str) -> None:
    assert [line for line in script(text.encode()).lines if line] == ["import a", "b = 1"]


def test_the_third_format() -> None:
    cells = [{"cell_type": "code", "input": ["import a\n", "b = 1"]}]
    data = json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode()
    assert [line for line in script(data).lines if line] == ["import a", "b = 1"]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("%matplotlib inline\nx = 1", ["pass", "x = 1"]),
        ("if x:\n    !ls -l", ["if x:", "    pass"]),
        ("files = !ls\nn = %timeit x", ["files = None", "n = None"]),
        ("df.head?\nlen??\n?len", ["pass", "pass", "pass"]),
        ("%%time\nx = 1", ["", "x = 1"]),
        ("%%bash\npip install x", ["", ""]),
        ("!pip install a \\\n  b\nimport a", ["pass", "", "import a"]),
        ("x = (a\n  % b\n  != c)\ny = '%s' % z  # really?", ["x = (a", "  % b", "  != c)", "y = '%s' % z  # really?"]),
        ("x %= 2\nx = y % 2", ["x %= 2", "x = y % 2"]),
    ],
)
def test_magics_are_left_out(source: str, kept: list[str]) -> None:
    made = script(written(source).encode())
    (cell,) = made.cells
    assert made.lines[cell.start - 1 : cell.end - 1] == kept


@pytest.mark.parametrize(
    "line",
    [
        "%pip install x",
        "!pip install -q x",
        "!pip3 install x",
        "! python -m pip install x",
        "!{sys.executable} -m pip install x",
        "%conda install x",
        "!uv pip install x",
    ],
)
def test_installations_are_told_and_not_obeyed(planned: MakePlan, line: str) -> None:
    plan = planned({"n.ipynb": written(f"{line}\nimport yaml")}, "n.ipynb")
    assert [each.name for each in plan.requirements] == ["pyyaml"]
    assert len(plan.notes) == 1
    assert "not obeyed, the imports decide" in plan.notes[0]


def test_imports_of_a_notebook_have_their_line(planned: MakePlan) -> None:
    text = written("import helper\n", "import yaml\n")
    plan = planned({"n.ipynb": text, "helper.py": "import numpy"}, "n.ipynb")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "import yaml" in each)
    assert [(each.name, each.file, each.line) for each in plan.requirements] == [
        ("numpy", "helper.py", 1),
        ("pyyaml", "n.ipynb", line),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', "[" * 100_000, written("x <- 1", kernelspec={"language": "R"})],
    ids=["empty", "list", "nothing", "number", "cell", "deep", "another language"],
)
def test_what_is_no_notebook_of_python(planned: MakePlan, text: str) -> None:
    with pytest.raises(NotANotebook):
        script(text.encode())
    plan = planned({"n.ipynb": text, "main.py": "import yaml"}, None)
    assert [each.name for each in plan.requirements] == ["pyyaml"]
    assert plan.notes[0].startswith("n.ipynb: is ")


@given(st.lists(st.text(alphabet="%!?=\\ \n'#abc()é:", max_size=40), max_size=6), st.sampled_from([None, 1]))
def test_any_cells_are_read(cells: list[str], indent: int | None) -> None:
    made = script(written(*cells, indent=indent).encode())
    places = [place for cell in made.cells for place in (cell.start, cell.end)]
    assert places == sorted(places)
    assert places == [] or (places[0] >= 1 and places[-1] == len(made.lines) + 1)


def test_cells_run_in_order_and_show_their_last_value(tmp_path: Path) -> None:
    done = ran(tmp_path, "x = 20", "x + 1", "x;", "print('hello')\ndisplay([x])\nNone")
    assert (done.returncode, done.stdout, done.stderr) == (0, "21\nhello\n[20]\n", "")


def test_magics_are_skipped_with_a_word(tmp_path: Path) -> None:
    done = ran(tmp_path, "%matplotlib inline\nprint(1)")
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "cell 2: left out: %matplotlib inline" in done.stderr


def test_a_failure_shows_the_code_and_its_cell(tmp_path: Path) -> None:
    done = ran(tmp_path, "print(1)", "def f():\n    return 1 / 0\n", "f()", "print('never')")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "return 1 / 0" in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\nn.ipynb: cell 4 failed\n")
    assert "notebook.py" not in done.stderr


def test_it_is_main_with_arguments_and_local_modules(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("value = 7\n")
    cells = ("import sys, helper", "import __main__\n__main__.helper.value", "sys.argv", "__name__", "sys.exit(3)")
    done = ran(tmp_path, *cells, arguments=("a", "b"))
    assert (done.returncode, done.stdout) == (3, "7\n['n.ipynb', 'a', 'b']\n'__main__'\n")


def test_await_works_at_the_top(tmp_path: Path) -> None:
    done = ran(tmp_path, "import asyncio\nawait asyncio.sleep(0)", "await asyncio.sleep(0, 5)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")


def test_a_broken_cell_stops_there(tmp_path: Path) -> None:
    done = ran(tmp_path, "print(1)", "x = (")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "SyntaxError" in done.stderr


def test_only_a_notebook_is_started_by_our_runner() -> None:
    words, mounts = launch_for("a/n.ipynb")
    assert words == ("/launch/notebook.py", "{entry}")
    assert mounts == ((os.path.abspath(notebook.__file__), "/launch/notebook.py"),)
    assert launch_for("main.py") == (("{entry}",), ())
    assert launch_for(None) == (("{entry}",), ())
