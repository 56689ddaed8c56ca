"""The line that each manifest wants, put where it belongs: then the manifest asks for the package."""

from __future__ import annotations

import pytest

from jhansi_runner.resolvers.interface import Plan
from jhansi_runner.resolvers.python.additions import addition
from jhansi_runner.resolvers.python.plan import plan
from jhansi_runner.resolvers.python.requirement import from_pep508
from support.workspaces import DictView, parse_here

NEW = from_pep508("humanize[x]>=4", "main.py", 1)
SCRIPT = "# /// script\n# %s\n# ///\nimport humanize\n"


def planned(files: dict[str, str]) -> Plan:
    return plan(DictView(files), "main.py", parse_here)


@pytest.mark.parametrize(
    "line",
    [
        'dependencies=["six"]',
        "dependencies = [ 'six' , ]",
        'dependencies = ["six", "uvicorn[standard]>=1"]  # more',
        "dependencies = [\"six; python_version > '3'\"]",
    ],
)
@pytest.mark.parametrize("inline", [False, True])
def test_a_list_on_one_line_is_given_whole(line: str, inline: bool) -> None:
    files = {"main.py": SCRIPT % line} if inline else {"main.py": "", "pyproject.toml": f"[project]\n{line}\n"}
    before = planned(files)
    path, told = addition(before, NEW, DictView(files))
    old = f"# {line}" if inline else line
    assert files[path].count(old) == 1
    after = planned({**files, path: files[path].replace(old, told)})
    assert {each.text for each in after.requirements} == {each.text for each in before.requirements} | {NEW.text}


@pytest.mark.parametrize("inline", [False, True])
def test_a_list_of_several_lines_gets_one_more(inline: bool) -> None:
    lines = ["dependencies = [", '  "six",', "]"]
    text = "\n# ".join(lines) if inline else "\n".join(lines)
    files = {"main.py": SCRIPT % text} if inline else {"main.py": "", "pyproject.toml": f"[project]\n{text}\n"}
    path, told = addition(planned(files), NEW, DictView(files))
    after = planned({**files, path: files[path].replace("[\n", f"[\n{told}\n")})
    assert [each.text for each in after.requirements] == [NEW.text, "six"]


def test_another_table_s_list_is_not_taken_for_the_project_s() -> None:
    text = "[project]\ndependencies = [\n 'six',\n]\n[tool.x]\ndependencies = ['pytest']\n"
    files = {"main.py": "", "pyproject.toml": text}
    assert addition(planned(files), NEW, DictView(files)) == ("pyproject.toml", f'    "{NEW.text}",')


def test_a_list_that_cannot_be_edited_so_gets_a_line() -> None:
    files = {"main.py": "", "pyproject.toml": "[project]\ndependencies = ['six'] # [a]\n"}
    assert addition(planned(files), NEW, DictView(files)) == ("pyproject.toml", f'    "{NEW.text}",')
