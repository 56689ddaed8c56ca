"""Names in a workspace that tools of the host obey or run: which there are, which are protected, what has changed.

A nested repository's `.git` or a subfolder's `.envrc` counts like those at the top. How far is looked is bounded,
because each run pays for it twice; the bounds are below. No link is followed. Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PROTECTED = (
    ".git", ".gitmodules", ".gitattributes", ".hg", ".svn", ".jj", ".envrc", ".direnv", ".vscode", ".idea",
    ".devcontainer", ".devcontainer.json", ".gitconfig", ".githooks", ".github", ".gitlab-ci.yml", ".circleci",
    ".husky", ".pre-commit-config.yaml", "lefthook.yml", ".lefthook.yml", ".venv", "venv", ".bashrc", ".profile",
    ".zshrc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn", ".cargo", ".mise.toml", "mise.toml", ".tool-versions",
    ".exrc", ".nvimrc", ".nvim.lua", ".dir-locals.el", ".zed", ".Rprofile", ".claude", ".cursor", ".codex", ".gemini",
    ".mcp.json",
)  # fmt: skip
"""Names that tools on the host obey or run: read-only inside, and reported when they appear or change."""

LEVELS, FOLDERS, NAMES, NAMES_EACH = 4, 128, 2048, 1024
"""How far is looked: levels of folders below the workspace, folders, names in all of them, names in one of them."""
MOUNTS = 64
"""How many mounts may protect names in subfolders; each costs bubblewrap half a millisecond."""

_BARE = ("HEAD", "objects", "refs")
"""git takes a folder with these names for a repository, and runs what its `config` says."""
_LOOKED_FOR = frozenset((*PROTECTED, *_BARE))
_NOT_ENTERED = ("node_modules", "__pycache__")
_KIND, _FOLDER, _FILE, _LINK = 0o170000, 0o040000, 0o100000, 0o120000
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Name:
    """One name as it was found. `identity` is device and inode, `changed` its ctime in ns, `leads` a link's target."""

    __slots__ = ("changed", "identity", "kind", "leads")

    def __init__(self, kind: int, identity: tuple[int, int] = (0, 0), changed: int = 0, leads: str = "") -> None:
        self.kind, self.identity, self.changed, self.leads = kind, identity, changed, leads

    @property
    def mountable(self) -> bool:
        """Whether it is a folder or file: nothing else is mounted."""
        return self.kind in (_FOLDER, _FILE)


class Survey:
    """What was found: `names` by their path below the workspace; `whole` tells that no bound was met."""

    __slots__ = ("names", "whole")

    def __init__(self) -> None:
        self.names: dict[str, Name] = {}
        self.whole = True

    def recall(self, top: int, paths: Iterable[str]) -> None:
        """Look for names that were found before, when this look met a bound: no flood of folders hides them."""
        if self.whole:
            return
        for path in paths:
            found = None if path in self.names else look_up(top, path)
            if found is not None:
                self.names[path] = found


def survey(top: int) -> Survey:
    """Look through an open folder and those below it, the nearest first."""
    found = Survey()
    waiting, left, folders = [("", os.dup(top), 0)], NAMES, FOLDERS - 1
    try:
        while waiting and left:
            path, folder, level = waiting.pop(0)
            try:
                seen, below, count, cut = _listed(folder, min(left, NAMES_EACH))
                left -= count
                found.whole = found.whole and not cut
                if _note(found.names, path, folder, seen):
                    continue
                for name in below if level < LEVELS else ():
                    if folders == 0:
                        found.whole = False
                        break
                    try:
                        waiting.append((f"{path}{name}/", os.open(name, _OPEN_FOLDER, dir_fd=folder), level + 1))
                        folders -= 1
                    except FileNotFoundError:
                        continue
                    except OSError:  # it may be closed to us and open to the program, which can change that
                        found.whole = False
            finally:
                os.close(folder)
    finally:
        for _, folder, _ in waiting:
            os.close(folder)
            found.whole = False
    return found


def _listed(folder: int, most: int) -> tuple[list[str], list[str], int, bool]:
    """In a folder: the names that are looked for, folders to enter, how many names were read, and whether it has more.

    What is looked for is found even among more names than are read.
    """
    seen: list[str] = []
    below: list[str] = []
    count = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if count == most:
                    return [name for name in _LOOKED_FOR if _status(folder, name)], below, count, True
                count += 1
                name = entry.name
                if name in _LOOKED_FOR:
                    seen.append(name)
                    if name not in _BARE:
                        continue
                if entry.is_dir(follow_symlinks=False) and name not in _NOT_ENTERED:
                    below.append(name)
    except OSError:
        return seen, below, count, True
    return seen, below, count, False


def _note(names: dict[str, Name], path: str, folder: int, seen: Sequence[str]) -> bool:
    """Take in what was seen in a folder. True for a bare repository below the top: it is one name, and not entered."""
    if len(seen) >= len(_BARE) and all(mark in seen for mark in _BARE):
        if path:
            names[path[:-1]] = _as_name(os.fstat(folder))
            return True
        names[" and ".join(_BARE)] = Name(0)
    for name in seen:
        if name not in _BARE and (found := _name(folder, name)) is not None:
            names[path + name] = found
    return False


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def _name(folder: int, name: str) -> Name | None:
    status = _status(folder, name)
    if status is None:
        return None
    try:
        return _as_name(status, os.readlink(name, dir_fd=folder) if status.st_mode & _KIND == _LINK else "")
    except OSError:
        return None


def _as_name(status: os.stat_result, leads: str = "") -> Name:
    return Name(status.st_mode & _KIND, (status.st_dev, status.st_ino), status.st_ctime_ns, leads)


def look_up(top: int, path: str) -> Name | None:
    """A name by its path below an open folder; None when it is not there, or a link is on the way."""
    *folders, last = path.split("/")
    at = os.dup(top)
    try:
        for part in folders:
            below = os.open(part, _OPEN_FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return _name(at, last)
    except OSError:
        return None
    finally:
        os.close(at)


def protected(names: Mapping[str, Name]) -> list[str]:
    """The names to mount read-only: all at the top, and below it what matters most, as many as may be mounted."""
    chosen = [path for path in PROTECTED if path in names and names[path].mountable]
    pinned: set[str] = set()
    left = MOUNTS
    below = [path for path, name in names.items() if name.mountable and path not in PROTECTED]
    for path in sorted(below, key=_weight):
        pins = {above for above in _above(path) if above not in pinned}
        if len(pins) < left:
            pinned |= pins
            left -= len(pins) + 1
            chosen.append(path)
    return chosen


def _weight(path: str) -> tuple[int, int, str]:
    """What comes first: repositories, then the order of the list; the nearest first."""
    name = path.rpartition("/")[2]
    return (PROTECTED.index(name) if name in PROTECTED else 0, path.count("/"), path)


def _above(path: str) -> list[str]:
    """The folders between the workspace and a name, the outermost first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def mounts(paths: Sequence[str], source: str, place: str) -> list[str]:
    """bubblewrap's arguments that protect names in subfolders, in a workspace that is mounted writable at `place`.

    The folders on the way are mounted onto themselves. A program could else move one of them away, and put a copy with
    other hooks in its place: what is mounted on cannot be moved.
    """
    pins = dict.fromkeys(above for path in paths for above in _above(path))
    arguments = []
    for path in sorted(pins, key=lambda pin: pin.count("/")):
        arguments += ["--bind", f"{source}/{path}", f"{place}/{path}"]
    for path in paths:
        arguments += ["--ro-bind", f"{source}/{path}", f"{place}/{path}"]
    return arguments


def planted(before: Mapping[str, Name], after: Mapping[str, Name], read_only: Iterable[str]) -> list[str]:
    """The names that appeared, lead elsewhere, were replaced, or were changed although they were not `read_only`."""
    kept = frozenset(read_only)
    return sorted(path for path, name in after.items() if _differs(before.get(path), name, path in kept))


def _differs(was: Name | None, now: Name, read_only: bool) -> bool:
    if was is None or (was.kind, was.leads) != (now.kind, now.leads):
        return True
    if not now.mountable:
        return False
    return was.identity != now.identity or (was.changed != now.changed and not read_only)
