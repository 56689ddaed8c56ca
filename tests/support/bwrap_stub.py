"""A `bwrap` of the tests, for what is read of it and not done by it."""

from __future__ import annotations

from pathlib import Path


def stub(folder: Path, script: str = "exit 1") -> Path:
    """A script named `bwrap` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
