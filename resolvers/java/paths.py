"""Paths of a workspace: POSIX, relative, "" for the workspace itself."""

from __future__ import annotations

import posixpath


def join(folder: str, name: str) -> str:
    """A path below `folder`."""
    return f"{folder}/{name}" if folder else name


def parents(path: str) -> tuple[str, ...]:
    """The folders that hold `path`, nearest first, the workspace last."""
    folders = []
    while path:
        path = posixpath.dirname(path)
        folders.append(path)
    return tuple(folders)
