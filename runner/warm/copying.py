"""A copy of a project for a sandbox that builds it: what its tools read, and nothing that they left behind."""

from __future__ import annotations

import io
import tarfile

from jhansi_runner.runner import sources
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.workspace import Unreadable, Workspace


def pack(workspace: Workspace, path: str, shown: str) -> None:
    """Write the files of a workspace into a new archive at `path`. Links are left out. Raises RunnerError, OSError."""
    try:
        with tarfile.open(path, "x", format=tarfile.PAX_FORMAT) as archive:
            for name, data in sources.files(workspace, "", whole=True):
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), 0o755
                archive.addfile(member, io.BytesIO(data))
    except (Unreadable, tarfile.TarError) as error:
        hint = "move what no build reads out of the folder"
        raise RunnerError(f"{shown} cannot be shown to its build: it {error}", lines=(hint,)) from None
