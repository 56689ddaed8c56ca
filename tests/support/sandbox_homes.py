"""The folder of a sandbox, as the core makes it: `work`, and what lies beside it."""

from __future__ import annotations

import os
from pathlib import Path

from jhansi_runner.runner.sandboxes.errors import SandboxError


def new_home(place: Path) -> Path:
    """A sandbox's folder, and outside of it a file that nobody may reach through it."""
    (place / "outside").mkdir(parents=True)
    (place / "outside/secret").write_text("kept")
    (place / "sandbox/work").mkdir(parents=True)
    return place / "sandbox"


def assert_clean(home: Path) -> None:
    """Nothing waits beside the workspace, and what is outside is as it was."""
    incoming = home / "incoming"
    assert not incoming.is_dir() or os.listdir(incoming) == []
    assert os.listdir(home.parent / "outside") == ["secret"]
    assert (home.parent / "outside/secret").read_text() == "kept"


def told(error: SandboxError) -> tuple[int, str]:
    """What an error says to programs."""
    return error.status, error.name
