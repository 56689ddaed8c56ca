"""What stored sets were installed from is pinned, and whatever a file in `pins` names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.pins import pinned


def _digest(number: int) -> str:
    return f"{number:064x}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_locks_and_pins_are_read(tmp_path: Path) -> None:
    lock = "demo==1.0 \\\n    --hash=sha256:{} \\\n    --hash=sha256:{}\n"
    _write(tmp_path / "sets" / "abc" / "lock.txt", lock.format(_digest(1), _digest(2)))
    _write(tmp_path / "sets" / "abc" / "site" / "lock.txt", _digest(90))
    _write(tmp_path / "private" / "box" / "def" / "lock.txt", f"x --hash=sha256:{_digest(3)}\n")
    _write(tmp_path / "requests" / "0123", f"wheels\nx --hash=sha256:{_digest(4)}\n")
    _write(tmp_path / "pins" / "bundle", f"{_digest(5)}\n{_digest(6)} some words\n")
    _write(tmp_path / "sets" / "abc" / "artifacts.txt", f"artifact\tpkg:npm/x@1\t{_digest(7)}\t5\n")
    _write(tmp_path / "private" / "box" / "def" / "artifacts.txt", f"artifact\tpkg:npm/x@1\t{_digest(8)}\t5\n")
    _write(tmp_path / "ledger" / "today", _digest(91))
    assert pinned(str(tmp_path)) == {_digest(number) for number in range(1, 9)}


def test_longer_hashes_are_not_taken_for_it(tmp_path: Path) -> None:
    _write(tmp_path / "pins" / "bundle", "sha512:" + "ab" * 64)
    assert pinned(str(tmp_path)) == frozenset()


def test_nothing_is_pinned_where_there_is_nothing(tmp_path: Path) -> None:
    _write(tmp_path / "sets" / "stray", "text")
    assert pinned(str(tmp_path)) == pinned(str(tmp_path / "nothing")) == frozenset()


def test_a_pin_that_cannot_be_read_is_no_permission(tmp_path: Path) -> None:
    os.makedirs(tmp_path / "pins" / "folder")
    with pytest.raises(IsADirectoryError):
        pinned(str(tmp_path))
