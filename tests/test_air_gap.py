"""docs/air-gap.md tells the truth: each side types what it shows, and the far side has no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.console import blocks
from support.documents import Reader, problems

GUIDE = Path(__file__).resolve().parent.parent / "docs/air-gap.md"
NEAR, FAR = "near", "far"
BLOCKS = [block for block in blocks(GUIDE.read_text()) if block.language == "console"]


def test_each_block_says_whose_it_is() -> None:
    assert all(block.info[1:] in ((NEAR,), (FAR,)) for block in BLOCKS)
    assert {block.info[1] for block in BLOCKS} == {NEAR, FAR}


@pytest.mark.online
def test_both_sides_see_what_it_shows(command: str, jhansi_home: str) -> None:
    root = Path(jhansi_home)
    medium = root / "medium"
    without_network = ("unshare", "--net") if os.getuid() == 0 else ("unshare", "--map-current-user", "--net")
    sides = {
        name: Reader(command, root / name, root / f"home-{name}", argv, {"MEDIUM": str(medium)}, on=True)
        for name, argv in ((NEAR, ()), (FAR, without_network))
    }
    for folder in (medium, *(side.directory for side in sides.values())):
        folder.mkdir()
    for block in BLOCKS:
        assert problems(GUIDE.name, block, sides[block.info[1]]) == []
