"""A view remembers what was there, and whether it was always the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jhansi_runner.runner.ticket import CHANGED, digest_of
from jhansi_runner.runner.view import RecordingView
from jhansi_runner.runner.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "pyproject.toml").write_text("one")
    return open_workspace(str(tmp_path), "/nonexistent", (), ())


LOOKS: dict[str, Callable[[RecordingView], object]] = {
    "file": lambda view: view.read("pyproject.toml"),
    "names": lambda view: view.names(""),
    "sources": lambda view: view.sources(""),
}


@pytest.mark.parametrize("kind", LOOKS)
def test_what_stays_the_same_is_remembered_as_a_ticket_finds_it(workspace: Workspace, kind: str) -> None:
    view = RecordingView(workspace)
    LOOKS[kind](view)
    LOOKS[kind](view)
    ((found, path, digest),) = view.inputs
    assert found == kind
    assert digest == digest_of(workspace, kind, path)


@pytest.mark.parametrize("kind", LOOKS)
def test_what_changes_between_two_looks_is_never_found_again(workspace: Workspace, kind: str) -> None:
    """A plan may rest on the first, and a ticket with the second would have it kept."""
    view = RecordingView(workspace)
    LOOKS[kind](view)
    Path(workspace.path, "pyproject.toml").write_text("two")
    Path(workspace.path, "made.py").write_text("")
    LOOKS[kind](view)
    assert [digest for _, _, digest in view.inputs] == [CHANGED]
    Path(workspace.path, "pyproject.toml").write_text("one")
    LOOKS[kind](view)
    assert [digest for _, _, digest in view.inputs] == [CHANGED]
