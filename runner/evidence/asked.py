"""What a program asked for, and where it says so: kept under its digest, which the record of each run names.

Stored sets are shared between workspaces, so who asked does not belong to the set.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass

from jhansi_runner.proxy import whole_file
from jhansi_runner.resolvers.interface import Plan

_FOLDER = "asked"
_MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One package that was asked for by name: its purl, with a version only where one is pinned, and who asked.

    `import_name` is "" where a manifest asked. `line` is 1-based.
    """

    purl: str
    extras: tuple[str, ...]
    import_name: str
    file: str
    line: int
    origin: str

    @property
    def sentence(self) -> str:
        """Who asked, in words: `import yaml, main.py:1 (curated)`."""
        named = f"import {self.import_name}, " if self.import_name else ""
        return f"{named}{self.file}:{self.line} ({self.origin})"


def keep(runs: str, plan: Plan) -> str:
    """Keep what a plan asks for below the folder of runs; its digest. Raises OSError."""
    rows = [
        {
            "purl": each.purl,
            "extras": list(each.extras),
            "import": each.import_name or "",
            "file": each.file,
            "line": each.line,
            "origin": each.origin,
        }
        for each in plan.requirements
    ]
    data = json.dumps({"source": plan.source, "requirements": rows}, sort_keys=True).encode("ascii")
    digest = hashlib.sha256(data).hexdigest()
    folder = f"{runs}/{_FOLDER}"
    if not os.path.exists(f"{folder}/{digest}"):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        whole_file.write(f"{folder}/{digest}", data)
    return digest


def read(runs: str, digest: str) -> tuple[Asked, ...]:
    """What was kept under a digest. Raises OSError, and ValueError when it is not what was kept."""
    with open(f"{runs}/{_FOLDER}/{digest}", "rb") as file:
        data = file.read(_MAX_BYTES)
    if hashlib.sha256(data).hexdigest() != digest:
        raise ValueError(f"{runs}/{_FOLDER}/{digest} was changed")
    rows = json.loads(data)["requirements"]
    return tuple(
        Asked(row["purl"], tuple(row["extras"]), row["import"], row["file"], row["line"], row["origin"]) for row in rows
    )
