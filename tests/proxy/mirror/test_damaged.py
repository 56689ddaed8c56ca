"""Artifacts that were damaged in the cache are served once at most, and fetched again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.mirror import Mirror, eventually, mirrored
from support.registry import Upstream
from support.wheels import make_wheel

Both = tuple[Upstream, Mirror]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with mirrored(tmp_path) as pair:
        yield pair


def test_a_flipped_byte_is_found_behind_the_first_hit_and_fetched_again(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    path = Path(mirror.files.path(wheel.file.sha256))
    path.chmod(0o600)
    path.write_bytes(wheel.file.data[:-1] + bytes([wheel.file.data[-1] ^ 1]))
    time.sleep(1.1)  # a use is noted once a second
    assert mirror.get(mirror.place(wheel)).body != wheel.file.data
    eventually(lambda: not path.exists())
    assert [name.partition(".")[0] for name in os.listdir(mirror.folder + "/quarantine")] == [wheel.file.sha256]
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    assert up.count(wheel.path) == 2


@pytest.mark.parametrize("damage", [b"", b"cut", None])
def test_a_file_of_another_size_is_not_served_at_all(both: Both, damage: bytes | None) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    mirror.get(mirror.place(wheel))
    path = Path(mirror.files.path(wheel.file.sha256))
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert mirror.get(mirror.place(wheel)).body == wheel.file.data
    assert up.count(wheel.path) == 2
    assert mirror.files.verify(wheel.file.sha256)


def test_a_hit_is_a_use_and_an_offline_index_is_none(both: Both) -> None:
    up, mirror = both
    wheel = up.add(make_wheel("demo", "1.0"))
    mirror.get(mirror.place(wheel))
    mirror.index()
    mirror.files.touch(wheel.file.sha256, 1000.0)
    time.sleep(1.1)
    assert mirror.index(run="offline").versions == ["1.0"]
    assert os.stat(mirror.files.path(wheel.file.sha256)).st_mtime == 1000.0
    assert mirror.get(mirror.place(wheel)).status == 200
    assert time.time() - os.stat(mirror.files.path(wheel.file.sha256)).st_mtime < 60
