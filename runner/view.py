"""What a resolver sees of a workspace, and a record of all that it looked at."""

from __future__ import annotations

from jhansi_runner.resolvers.interface import ViewError
from jhansi_runner.runner import sources
from jhansi_runner.runner.ticket import CHANGED, UNREADABLE, file_digest, names_digest
from jhansi_runner.runner.workspace import Unreadable, Workspace


class RecordingView:
    """A view of a workspace that remembers what was consulted, and what was there.

    What was not the same each time it was looked at is remembered as that, and no ticket that rests on it stays true:
    a program may be at work there, and who knows what was decided by which.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seen: dict[tuple[str, str], str] = {}

    @property
    def inputs(self) -> tuple[tuple[str, str, str], ...]:
        """Kind, path and digest of everything that was consulted, as a ticket keeps it."""
        return tuple((kind, path, digest) for (kind, path), digest in self._seen.items())

    def read(self, path: str) -> bytes | None:
        """A file's content, None when it is not there. Raises ViewError."""
        try:
            data = self._workspace.read(path)
        except (Unreadable, OSError) as error:
            self._note("file", path, UNREADABLE)
            raise ViewError(path, str(error)) from None
        self._note("file", path, file_digest(data))
        return data

    def names(self, folder: str) -> tuple[str, ...]:
        """The names in a folder, but for files as programs leave them behind. Raises ViewError."""
        try:
            names = self._workspace.telling(folder)
        except (Unreadable, OSError) as error:
            self._note("names", folder, UNREADABLE)
            raise ViewError(folder, str(error)) from None
        self._note("names", folder, names_digest(names))
        return names

    def sources(self, folder: str) -> tuple[dict[str, bytes], str]:
        """The files of a project that its build may see, by path below its folder, and their digest. Raises ViewError.

        The build may read any of them, so that a change of any is a change of what it said.
        """
        try:
            found = dict(sources.files(self._workspace, folder))
        except (Unreadable, OSError) as error:
            self._note("sources", folder, UNREADABLE)
            raise ViewError(folder or ".", str(error)) from None
        digest = sources.digest(found.items())
        self._note("sources", folder, digest)
        return found, digest

    def _note(self, kind: str, path: str, digest: str) -> None:
        if self._seen.setdefault((kind, path), digest) != digest:
            self._seen[kind, path] = CHANGED
