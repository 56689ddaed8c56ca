"""Device nodes of our own, for what root starts: the host's own belong to root, and their modes are open to it.

bubblewrap shows the host's nodes, and cannot show them read-only. Light: a warm `exec` of root's imports this module.

Source: bwrap(1), `--dev` and `--dev-bind`; Linux `Documentation/admin-guide/devices.txt`.
"""

from __future__ import annotations

import os

from jhansi_runner.proxy import paths

_NODES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
_CHARACTER_DEVICE = 0o020000
_MODE = 0o666


def devices(state: str) -> list[str]:
    """bubblewrap's arguments that put nodes of ours over those of its `--dev`; none for anybody but root.

    None either where root may make no nodes, or use none on the disk of `state`: in a container its user id is mostly
    not that of the owner of the host's nodes. What an earlier program did to their modes is undone.
    """
    if os.geteuid() != 0:
        return []
    folder = paths.make(state + "/dev")
    if os.statvfs(folder).f_flag & os.ST_NODEV:
        return []
    try:
        for name, major, minor in _NODES:
            _make(f"{folder}/{name}", os.makedev(major, minor))
    except PermissionError:
        return []
    return [word for name, _, _ in _NODES for word in ("--dev-bind", f"{folder}/{name}", f"/dev/{name}")]


def _make(path: str, number: int) -> None:
    try:
        os.mknod(path, _CHARACTER_DEVICE | _MODE, number)
    except FileExistsError:
        pass
    os.chmod(path, _MODE)
