"""A ticket holds while nothing has changed that it rests on, and no longer than it says."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from jhansi_runner.resolvers.all import resolvers
from jhansi_runner.runner import ticket
from jhansi_runner.runner.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "main.py").write_text("import this\n")
    return Workspace(str(folder), os.open(folder, os.O_RDONLY | os.O_DIRECTORY))


def _ticket(workspace: Workspace, until: int = 0) -> ticket.Ticket:
    made = ticket.Ticket("python", "digest", "registries")
    made.programs = ((sys.executable, ticket.signature(sys.executable)),)
    made.shown, made.hidden = (sys.prefix + "\todd%\n",), ("/a\tb", "/c")
    made.argv, made.env = (sys.executable, ticket.ENTRY), (("NAME", "a value\n"), ("EMPTY", ""))
    made.inputs = (("file", "main.py", ticket.digest_of(workspace, "file", "main.py")),)
    made.until = until
    return made


def test_what_is_written_is_read(workspace: Workspace, tmp_path: Path) -> None:
    made = _ticket(workspace, 12345)
    ticket.write(str(tmp_path), "one", made)
    found = ticket.read(str(tmp_path), "one")
    assert found is not None
    assert all(getattr(found, name) == getattr(made, name) for name in ticket.Ticket.__slots__)


def test_it_ends_with_what_it_rests_on(workspace: Workspace) -> None:
    made = _ticket(workspace)
    assert ticket.still_true(made, workspace, "digest")
    assert not ticket.still_true(made, workspace, "another")
    Path(workspace.path, "main.py").write_text("import that\n")
    assert not ticket.still_true(made, workspace, "digest")


def test_what_a_program_leaves_behind_ends_no_ticket_and_what_a_plan_looks_for_does(workspace: Workspace) -> None:
    made = _ticket(workspace)
    made.inputs = (("names", "", ticket.digest_of(workspace, "names", "")),)
    Path(workspace.path, "__pycache__").mkdir()
    for name in ("plot.png", "out.json", "results.csv", "notes.txt", "app.db"):
        Path(workspace.path, name).write_text("")
    assert ticket.still_true(made, workspace, "digest")
    for name in ("helper.py", "package.json", "pom.xml", "requirements.txt", "pylock.dev.toml", "native.so", "run"):
        Path(workspace.path, name).write_text("")
        assert not ticket.still_true(made, workspace, "digest")
        Path(workspace.path, name).unlink()
    Path(workspace.path, "package").mkdir()
    assert not ticket.still_true(made, workspace, "digest")


def test_every_manifest_is_a_name_that_a_plan_may_depend_on(workspace: Workspace) -> None:
    manifests = sorted({name for each in resolvers().values() for name in each.manifests})
    for name in manifests:
        Path(workspace.path, name).write_text("")
    assert set(manifests) <= set(workspace.telling(""))


@pytest.mark.parametrize(("ahead", "holds"), [(60, True), (-60, False)])
def test_it_ends_when_it_says_so(workspace: Workspace, ahead: int, holds: bool) -> None:
    assert ticket.still_true(_ticket(workspace, int(time.time()) + ahead), workspace, "digest") is holds


@pytest.mark.parametrize(
    "text", ["", "jhansi-ticket 8", "jhansi-ticket 7\nend\n", "jhansi-ticket 8\nend\n", "x" * 1000]
)
def test_what_is_no_ticket_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "one").write_text(text)
    assert ticket.read(str(tmp_path), "one") is None
    assert ticket.read(str(tmp_path), "two") is None
