"""The command as people give it, in a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clients import Desk
from support.warmer import Command


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "far")
