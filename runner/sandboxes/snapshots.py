"""Copies of a sandbox's files: as another sandbox, or kept under a name to go back to.

A snapshot is a folder with the files in `work` and what is known of them in `facts`; it appears whole. Whoever calls
holds the sandbox busy.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Callable

from jhansi_runner.proxy.paths import Paths
from jhansi_runner.runner import staging
from jhansi_runner.runner.sandboxes import tree, waste
from jhansi_runner.runner.sandboxes.copying import copied
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, not_found, too_large
from jhansi_runner.runner.sandboxes.model import Snapshot
from jhansi_runner.runner.sandboxes.places import Place

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NEW = ".new-"
_NAMED = 10
"""How many snapshots are named to who asks for one that there is not."""
_WORK, _FACTS = "work", "facts"
_REMOVING_SECONDS = 60.0
MOST = 100
"""Snapshots of a sandbox."""
MOST_FILES = 5 * tree.MOST_KEPT
"""Files and folders in all of them: empty ones take no bytes, and yet use up what a file system has of them."""


def fill(source: Place, target: Place, most: int) -> None:
    """Give a sandbox that is being made the files of another one. Raises SandboxError, OSError."""
    with tree.opened(source.work) as work, copied(work, target.folder, most=most) as copy:
        os.rmdir(target.work)
        os.rename(copy.path, target.work)


def keep(folders: Paths, place: Place, name: str, most: int, clock: Callable[[], float] = time.time) -> Snapshot:
    """Keep the files under a name; all snapshots of a sandbox may have `most` bytes. Raises SandboxError, OSError."""
    _require_name(name)
    others = [one for one in kept(place) if one.name != name]
    left, files = most - sum(one.size for one in others), MOST_FILES - sum(one.files for one in others)
    if left <= 0 or files <= 0 or len(others) >= MOST:
        raise _no_room(place)
    new = f"{place.snapshots}/{_NEW}{name}"
    waste.throw(folders, new)
    with tree.opened(place.work) as work, copied(work, place.folder, most=left) as copy:
        if copy.files > files:
            raise _no_room(place)
        made = Snapshot(name, place.id, clock(), copy.files, copy.size)
        ready = f"{os.path.dirname(copy.path)}/{name}"
        os.mkdir(ready, 0o700)
        os.rename(copy.path, f"{ready}/{_WORK}")
        with open(f"{ready}/{_FACTS}", "x", encoding="ascii") as file:
            json.dump([made.created_at, made.files, made.size], file)
        os.rename(ready, new)
    waste.throw(folders, f"{place.snapshots}/{name}")
    _mend(place)
    return made


def kept(place: Place) -> list[Snapshot]:
    """What is kept, the latest first. Raises OSError."""
    _mend(place)
    found = [_snapshot(place, name) for name in os.listdir(place.snapshots) if _NAME.fullmatch(name)]
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def go_back(folders: Paths, place: Place, name: str, most: int) -> None:
    """Make the files what they were in a snapshot, in one step. Raises SandboxError, OSError."""
    source = f"{_existing(place, name)}/{_WORK}"
    with tree.opened(source) as work, copied(work, place.folder, most=most) as copy:
        aside, lock = staging.claimed(waste.folder_of(folders))
        try:
            place.replace(copy.path, f"{aside}/{_WORK}")
        finally:
            staging.released(aside, lock, _REMOVING_SECONDS)


def drop(folders: Paths, place: Place, name: str) -> None:
    """Remove a snapshot. Raises SandboxError, OSError."""
    waste.throw(folders, _existing(place, name))


def _no_room(place: Place) -> SandboxError:
    return too_large(f"the snapshots of {place.id} have all the room that there is", "remove one of them")


def _existing(place: Place, name: str) -> str:
    _require_name(name)
    _mend(place)
    path = f"{place.snapshots}/{name}"
    if not os.path.isdir(path):
        kept = sorted(filter(_NAME.fullmatch, os.listdir(place.snapshots)))
        hint = f"there are {', '.join(kept[:_NAMED])}" if kept else "nothing is kept of it: make a snapshot first"
        raise not_found(f"snapshot {name} of {place.id}", "snapshot_not_found", hint)
    return path


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        hint = "give 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        raise bad_request("this is no name for a snapshot", hint, "bad_name")


def _mend(place: Place) -> None:
    """Complete a replacement that was cut short: the old one had gone, and the new one was whole."""
    for each in os.listdir(place.snapshots):
        name = each.removeprefix(_NEW)
        if name != each and not os.path.lexists(f"{place.snapshots}/{name}"):
            with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                os.rename(f"{place.snapshots}/{each}", f"{place.snapshots}/{name}")


def _snapshot(place: Place, name: str) -> Snapshot:
    try:
        with open(f"{place.snapshots}/{name}/{_FACTS}", encoding="ascii") as file:
            created, files, size = json.load(file)
        return Snapshot(name, place.id, float(created), int(files), int(size))
    except (OSError, ValueError, TypeError) as error:
        message = f"the snapshot {name} of {place.id} is damaged: {error}"
        raise SandboxError(500, "snapshot_damaged", message, "remove it, and make it anew") from None
