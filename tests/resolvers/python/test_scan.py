"""Which files a scan reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from jhansi_runner.resolvers import reading
from jhansi_runner.resolvers.interface import FileImports, ParseImports, SourceFile, View, ViewError
from jhansi_runner.resolvers.python.scan import scan

MakeView = Callable[[Mapping[str, str]], View]


def test_the_entry_reaches_local_modules_only(workspace: MakeView, parse: ParseImports) -> None:
    files = {
        "app/main.py": "import helper, pkg.sub, json, requests",
        "app/helper.py": "import helper, main",
        "app/pkg/__init__.py": "",
        "app/pkg/sub.py": "from . import other\nfrom .. import helper",
        "app/pkg/other.py": "import shared",
        "app/unrelated.py": "import flask",
        "app/json.py": "import django",
        "shared.py": "",
    }
    reached = [file.path for file in scan(workspace(files), "app/main.py", parse).files]
    assert reached == [
        "app/helper.py",
        "app/main.py",
        "app/pkg/__init__.py",
        "app/pkg/other.py",
        "app/pkg/sub.py",
        "shared.py",
    ]


def test_type_checking_imports_are_not_followed(workspace: MakeView, parse: ParseImports) -> None:
    files = {"main.py": "if TYPE_CHECKING:\n    import other", "other.py": ""}
    assert [file.path for file in scan(workspace(files), "main.py", parse).files] == ["main.py"]


def test_without_an_entry_the_whole_workspace_counts(workspace: MakeView, parse: ParseImports) -> None:
    foreign = [".git/a.py", ".hidden/a.py", "node_modules/a.py", "build/a.py", "x/__pycache__/a.py", "p.egg-info/a.py"]
    files = dict.fromkeys(["a.py", "x/b.py", "x/y/c.py", "x/notes.txt", *foreign], "")
    files |= {"myenv/pyvenv.cfg": "", "myenv/lib/python3.11/d.py": ""}
    assert [file.path for file in scan(workspace(files), None, parse).files] == ["a.py", "x/b.py", "x/y/c.py"]


def test_an_absent_entry_is_an_error(workspace: MakeView, parse: ParseImports) -> None:
    with pytest.raises(ViewError, match="does not exist"):
        scan(workspace({}), "main.py", parse)


def test_what_cannot_be_read_is_noted(
    refusing: Callable[[Mapping[str, str], Sequence[str]], View], parse: ParseImports
) -> None:
    view = refusing({"main.py": "import a", "a.py": ""}, ["a.py"])
    assert scan(view, "main.py", parse).notes == ("a.py: not scanned: is a symbolic link",)
    with pytest.raises(ViewError):
        scan(view, "a.py", parse)


def test_what_does_not_parse_is_noted(workspace: MakeView, parse: ParseImports) -> None:
    found = scan(workspace({"main.py": "import a\nimport b\nx = (", "b.py": "import c"}), "main.py", parse)
    assert [[each.name for each in file.imports] for file in found.files] == [["c"], ["a", "b"]]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("main.py: parsed by line only: line 3: ")


@pytest.mark.parametrize(("bound", "value"), [("MAX_FILES", 3), ("MAX_BYTES", 30), ("MAX_FOLDERS", 3)])
def test_bounds(
    workspace: MakeView, parse: ParseImports, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    monkeypatch.setattr(reading, bound, value)
    files = {f"d{number}/a.py": "import abcdef" for number in range(20)}
    found = scan(workspace(files), None, parse)
    assert 0 < len(found.files) <= 3
    assert any("the scan stopped here" in note for note in found.notes)


def test_each_file_is_parsed_once(workspace: MakeView, parse: ParseImports) -> None:
    seen: list[str] = []

    def counting(sources: Sequence[SourceFile]) -> Sequence[FileImports]:
        seen.extend(source.path for source in sources)
        return parse(sources)

    scan(workspace({"main.py": "import a, b", "a.py": "import b", "b.py": "import a, main"}), "main.py", counting)
    assert sorted(seen) == ["a.py", "b.py", "main.py"]


def test_folders_that_the_program_puts_on_its_path_are_looked_in(workspace: MakeView, parse: ParseImports) -> None:
    added = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'shared'))\n"
    files = {
        "app/main.py": added + "sys.path.append('vendor')\nsys.path.append('../../etc')\nimport tools, other, passwd",
        "shared/tools.py": "import yaml",
        "vendor/other.py": "",
        "etc/passwd.py": "",
    }
    found = scan(workspace(files), "app/main.py", parse)
    assert [file.path for file in found.files] == ["app/main.py", "shared/tools.py", "vendor/other.py"]
    assert found.modules.absolute("passwd") is None


@pytest.mark.parametrize("facts", [None, 3, {"paths": 3}, {"paths": [3, [True], [True, 3], [1, "a"], [False, "/etc"]]}])
def test_what_the_parser_says_of_paths_is_checked(workspace: MakeView, facts: object) -> None:
    def parse(files: Sequence[SourceFile]) -> Sequence[FileImports]:
        return [FileImports(file.path, (), facts=facts) for file in files]

    view = workspace({"main.py": "", "etc/x.py": "", "a/x.py": ""})
    assert scan(view, "main.py", parse).modules.absolute("x") is None


def test_one_broken_file_does_not_stop_the_rest(workspace: MakeView, parse: ParseImports) -> None:
    files = {
        "main.py": "import old, new, n",
        "old.py": "import yaml\nprint 'two'",
        "new.py": "import rich",
        "n.py": "\0",
    }
    found = scan(workspace(files), "main.py", parse)
    assert [file.path for file in found.files] == ["main.py", "n.py", "new.py", "old.py"]
    assert [each.name for file in found.files for each in file.imports] == ["old", "new", "n", "rich", "yaml"]
    assert len(found.notes) == 2


@pytest.mark.parametrize(
    "command",
    [
        "[sys.executable, 'jobs/worker.py']",
        "[sys.executable, '-u', './jobs/worker.py', '--fast']",
        "['python3', 'jobs/worker.py']",
        "('python3.12', 'jobs/worker.py')",
    ],
)
def test_a_script_that_the_program_starts_is_looked_into(
    workspace: MakeView, parse: ParseImports, command: str
) -> None:
    files = {"main.py": f"import subprocess, sys\nsubprocess.run({command})", "jobs/worker.py": "import yaml"}
    assert [file.path for file in scan(workspace(files), "main.py", parse).files] == ["jobs/worker.py", "main.py"]


@pytest.mark.parametrize(
    "command",
    [
        "['cat', 'worker.py']",
        "[sys.executable, '-m', 'worker']",
        "[sys.executable, '-c', 'worker.py']",
        "[sys.executable, '../worker.py']",
        "[sys.executable, path, 'worker.py']",
        "['worker.py']",
    ],
)
def test_no_other_words_of_a_command_are_scripts(workspace: MakeView, parse: ParseImports, command: str) -> None:
    files = {"main.py": f"run({command})", "worker.py": "import yaml"}
    assert [file.path for file in scan(workspace(files), "main.py", parse).files] == ["main.py"]
