"""The cache's database is not kept where SQLite's log does not work."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache import filesystem
from jhansi_runner.proxy.cache.filesystem import UnsuitableFileSystem, require_local, type_of

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /home rw - nfs4 server:/home rw
31 30 0:27 / /home/me/my\\040cache\\134x rw,nosuid master:2 propagate_from:1 - ext4 /dev/sdb1 rw
32 22 0:28 / /scratch rw - lustre mgs:/x rw
33 22 0:29 / /caf\u00e9\udcff rw - fuse.sshfs me@host rw
34 22 0:30 / /mnt rw - ext4 /dev/sdc1 rw
35 34 0:31 / /mnt rw - nfs server:/mnt rw
broken line
36 22 0:1
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/cache", "ext4"),
        ("/home", "nfs4"),
        ("/home/me/.cache", "nfs4"),
        ("/homeless", "ext4"),
        ("/home/me/my cache\\x", "ext4"),
        ("/home/me/my cache\\x/y", "ext4"),
        ("/scratch/me", "lustre"),
        ("/caf\u00e9\udcff/x", "fuse.sshfs"),
        ("/mnt/x", "nfs"),
    ],
)
def test_the_innermost_and_latest_mount_counts(folder: str, kind: str) -> None:
    assert type_of(folder, MOUNTS) == kind


def test_no_mounts_no_type() -> None:
    assert type_of("/x", "") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "lustre", "cifs", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_refused_with_a_way_out(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"1 0 0:1 / / rw - {kind} server:/ rw\n"
    monkeypatch.setattr(filesystem, "open", lambda *_, **__: io.StringIO(text), raising=False)
    with pytest.raises(UnsuitableFileSystem, match=f"is on {kind}.*XDG_CACHE_HOME"):
        require_local(str(tmp_path))


def test_a_link_to_a_network_file_system_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    text = f"1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path}/there rw - nfs x rw\n"
    monkeypatch.setattr(filesystem, "open", lambda *_, **__: io.StringIO(text), raising=False)
    with pytest.raises(UnsuitableFileSystem):
        require_local(str(tmp_path / "link"))


def test_this_hosts_own_disk_will_do(tmp_path: Path) -> None:
    require_local(str(tmp_path))
