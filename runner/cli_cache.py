"""`jhansi-runner cache`: what was kept, and whether it is still what it was."""

from __future__ import annotations

import json
import os
import sys

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.runner.errors import FAILED


@click.group()
def cache() -> None:
    """The packages that were fetched."""


@cache.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(as_json: bool) -> None:
    """Read every artifact of the cache again, and compare it with its hash. Exit code 125 when one is damaged."""
    folder = paths.current(os.environ).cache
    found, damaged = _verified(folder) if os.path.isdir(folder) else ([], [])
    if as_json:
        rows = [{"purl": one.purl, "filename": one.filename, "sha256": one.sha256} for one in damaged]
        total = sum(one.size for one in found)
        print(json.dumps({"artifacts": len(found), "bytes": total, "damaged": rows}, indent=2))
    sys.exit(FAILED if damaged else 0)


def _verified(folder: str) -> tuple[list[Artifact], list[Artifact]]:
    """All artifacts of a cache, and those of them that are damaged."""
    store = Store(folder)
    files = ArtifactFiles(folder)
    try:
        found = [artifact for _, artifact in store.artifacts()]
        return found, [artifact for artifact in found if not files.verify(artifact.sha256)]
    finally:
        store.close()
