"""Where files wait until they are whole: `incoming`, beside the workspace, where no program sees or changes them.

From there each comes into the workspace by one rename. What somebody left who was killed goes with the next who comes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from jhansi_runner.runner.sandboxes.names import failed
from jhansi_runner.runner.sandboxes.opening import OPEN_FOLDER
from jhansi_runner.runner.staging import claimed, released, sweep

NAME = "incoming"
_SECONDS = 5.0
"""For removing what is left over; a later call goes on with it."""


class Stage:
    """A folder of our own beside a workspace, held until `close`. Raises SandboxError."""

    def __init__(self, home: str) -> None:
        place = f"{home}/{NAME}"
        try:
            with suppress(FileExistsError):
                os.mkdir(place, 0o700)
            with suppress(OSError):
                sweep(place, _SECONDS)
            self.path, self._lock = claimed(place)
            self.folder = os.open(self.path, OPEN_FOLDER)
        except OSError as error:
            raise failed(error, "", "changed") from None

    def close(self) -> None:
        """Remove it with what is in it."""
        os.close(self.folder)
        with suppress(OSError):
            released(self.path, self._lock, _SECONDS)


@contextmanager
def stage(home: str) -> Iterator[Stage]:
    """A stage beside the workspace of the sandbox whose folder is `home`; gone afterwards. Raises SandboxError."""
    made = Stage(home)
    try:
        yield made
    finally:
        made.close()
