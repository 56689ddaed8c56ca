"""A copy of a project for a sandbox that builds it: what its tools read, and nothing that they left behind."""

from __future__ import annotations

import io
import tarfile

from jhansi_runner.runner import sources
from jhansi_runner.runner.workspace import Unreadable, Workspace


def pack(workspace: Workspace, path: str) -> str:
    """Write the files of a workspace into a new archive at `path`; why it cannot be shown to a build, "" for no reason.

    Links are left out. Raises OSError.
    """
    try:
        with tarfile.open(path, "x", format=tarfile.PAX_FORMAT) as archive:
            for name, data in sources.files(workspace, "", whole=True):
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), 0o755
                archive.addfile(member, io.BytesIO(data))
    except (Unreadable, tarfile.TarError, UnicodeError) as error:
        return f"the project {error}: move what no build reads out of the folder"
    return ""
