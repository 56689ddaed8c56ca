"""Homes with a policy, and the commands about the cache in them, as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.bundles import Side

MAIN = "from jhansi_runner.runner.entry import main; main()"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    said: str

    @property
    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Home:
    """A home with a policy, and the commands in it."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**os.environ, "JHANSI_HOME": str(self.folder), "JHANSI_KEY_PASSWORD": ""}

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start `cache …`."""
        return subprocess.Popen(
            [sys.executable, "-P", "-c", MAIN, "cache", *words],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **env: str) -> Done:
        """Run `cache …` to its end."""
        process = self.start(*words, **env)
        out, said = process.communicate(timeout=120)
        return Done(process.returncode, out, said)

    def side(self, policy: str) -> Side:
        """Its cache."""
        return Side(self.folder / "cache", policy)


def home_in(folder: Path, policy: str) -> Home:
    """A new home."""
    folder.mkdir(parents=True)
    (folder / "policy.yaml").write_text(policy)
    return Home(folder)
