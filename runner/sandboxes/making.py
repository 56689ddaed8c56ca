"""Making a sandbox: its folders, then its row; what is killed in between is found as half-made and goes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner.sandboxes.model import NewSandbox, Sandbox
from jhansi_runner.runner.sandboxes.names import failed
from jhansi_runner.runner.sandboxes.places import Place, made, new_id
from jhansi_runner.runner.sandboxes.store import Sandboxes
from jhansi_runner.runner.sandboxes.waste import throw


def make(
    folders: Paths,
    rows: Sandboxes,
    owner: str,
    asked: NewSandbox,
    *,
    most: int,
    parent: str = "",
    fill: Callable[[Place], None] | None = None,
) -> Sandbox:
    """Make a sandbox; `fill` puts files into its folders before anybody sees it. Raises SandboxError.

    `owner` may have `most` of them.
    """
    place = Place(folders, new_id())
    try:
        lock = place.make()
    except OSError as error:
        raise failed(error, "a sandbox", "made") from None
    try:
        if fill is not None:
            fill(place)
        found = rows.add(place.id, owner, asked, most=most, parent=parent)
        made(lock)
    except BaseException as error:
        with contextlib.suppress(OSError):  # it is half-made, and goes with a sweep
            throw(folders, place.folder)
        if isinstance(error, OSError):
            raise failed(error, "a sandbox", "made") from None
        raise
    finally:
        os.close(lock)
    return found
