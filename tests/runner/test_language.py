"""Which language it is, and which manifests a plan did not look at."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.resolvers.interface import ViewError
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.language import choose, elsewhere


class Files:
    """A view of files that are given."""

    def __init__(self, files: Mapping[str, str], *, crowded: bool = False) -> None:
        self._files, self._crowded = files, crowded

    def read(self, path: str) -> bytes | None:
        text = self._files.get(path)
        return None if text is None else text.encode()

    def names(self, folder: str) -> tuple[str, ...]:
        if self._crowded:
            raise ViewError(folder, "holds too much")
        inside = [path.removeprefix(f"{folder}/" if folder else "") for path in self._files if path.startswith(folder)]
        return tuple(sorted({f"{name.split('/')[0]}/" if "/" in name else name for name in inside}))


@pytest.mark.parametrize(
    ("entry", "text", "language"),
    [
        ("a.py", "", "python"),
        ("a.ipynb", "", "python"),
        ("a.mjs", "", "node"),
        ("a.ts", "", "node"),
        ("a.go", "", "go"),
        ("A.java", "", "java"),
        ("A.JAVA", "", "java"),
        ("run", "#!/usr/bin/env python3.11\n", "python"),
        ("run", "#!/usr/bin/env -S uv run --script\n", "python"),
        ("run", "#!/usr/bin/node\n", "node"),
    ],
)
def test_a_program_tells_its_language_by_its_name_or_its_first_line(entry: str, text: str, language: str) -> None:
    assert choose(resolvers(), None, entry, "", Files({entry: text})).language == language
    assert choose(resolvers(), "go", entry, "", Files({entry: text})).language == "go"


@pytest.mark.parametrize("text", ["", "#!/bin/sh\n", "x" * 1000, "\x00\x01"])
def test_what_does_not_tell_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(RunnerError, match="cannot tell the language of run") as caught:
        choose(resolvers(), None, "run", "", Files({"run": text}))
    assert "go, java, node, python" in caught.value.lines[1]
    with pytest.raises(RunnerError, match="--language cobol: there are go, java, node, python"):
        choose(resolvers(), "cobol", "run", "", Files({"run": text}))


@pytest.mark.parametrize(
    ("command", "files", "language"),
    [
        ("npm", {}, "node"),
        ("/usr/local/go/bin/go", {"requirements.txt": ""}, "go"),
        ("mvn", {}, "java"),
        ("pytest", {"package.json": ""}, "python"),
        ("sh", {}, "python"),
        ("sh", {"package.json": ""}, "node"),
        ("sh", {"go.mod": ""}, "go"),
        ("make", {"pom.xml": ""}, "java"),
        ("sh", {"package.json": "", "requirements.txt": ""}, "python"),
    ],
)
def test_a_command_tells_by_its_name_or_by_the_manifest_that_lies_there(
    command: str, files: Mapping[str, str], language: str
) -> None:
    assert choose(resolvers(), None, None, command, Files(files)).language == language


def test_a_folder_with_too_much_in_it_tells_nothing() -> None:
    assert choose(resolvers(), None, None, "sh", Files({}, crowded=True)).language == "python"
    assert elsewhere(resolvers(), "python", Files({}, crowded=True)) == []


def test_manifests_that_were_not_looked_at_are_named_with_what_to_do() -> None:
    names = ("package.json", "py/requirements.txt", "web/package.json", ".hidden/go.mod", "a.py")
    assert elsewhere(resolvers(), "python", Files(dict.fromkeys(names, ""))) == [
        "package.json: not looked at; for node: jhansi-runner deps plan . --language node",
        "py/requirements.txt: not looked at; for python: jhansi-runner deps plan py",
        "web/package.json: not looked at; for node: jhansi-runner deps plan web",
    ]
