"""A check of everything finds what is damaged or missing, and nothing else."""

from __future__ import annotations

import pytest

from jhansi_runner.proxy.cache import checkup
from jhansi_runner.proxy.cache.checkup import DAMAGED, MISSING, Fault, check_all
from support.cache import NOW, Cache


def test_a_sound_cache_has_no_faults(cache: Cache) -> None:
    cache.add("one", 10)
    cache.add("other", 20)
    report = check_all(cache.store, cache.files, NOW)
    assert (report.artifacts, report.size, report.faults) == (2, 30, ())


def test_what_is_damaged_or_missing_is_told_once_and_then_gone(cache: Cache) -> None:
    bad, lost, _ = cache.add("bad"), cache.add("lost"), cache.add("good")
    cache.damage(bad)
    cache.path(lost).unlink()
    report = check_all(cache.store, cache.files, NOW)
    place = str(cache.folder / "quarantine" / f"{bad.sha256}.{int(NOW)}")
    assert report.faults == (
        Fault(DAMAGED, bad.sha256, bad.purl, bad.filename, place),
        Fault(MISSING, lost.sha256, lost.purl, lost.filename),
    )
    again = check_all(cache.store, cache.files, NOW)
    assert (again.artifacts, again.faults) == (1, ())


def test_with_keep_nothing_changes(cache: Cache) -> None:
    bad, lost = cache.add("bad"), cache.add("lost")
    cache.damage(bad)
    cache.path(lost).unlink()
    for _ in range(2):
        faults = check_all(cache.store, cache.files, NOW, keep=True).faults
        assert [(one.problem, one.filename, one.place) for one in faults] == [
            (DAMAGED, "bad-1.0.whl", ""),
            (MISSING, "lost-1.0.whl", ""),
        ]
    assert cache.quarantined() == []


def test_a_damaged_file_without_a_row_is_found_too(cache: Cache) -> None:
    bad = cache.add("bad")
    cache.damage(bad)
    cache.store.forget_file(bad.sha256)
    (fault,) = check_all(cache.store, cache.files, NOW).faults
    assert (fault.problem, fault.sha256, fault.purl) == (DAMAGED, bad.sha256, "")


def test_what_goes_while_it_is_read_is_no_fault(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = cache.add("one"), cache.add("other")

    real, second = cache.files.verify, max(one.sha256, other.sha256)

    def verify(sha256: str) -> bool:
        monkeypatch.setattr(cache.files, "verify", real if sha256 == second else verify)
        if sha256 == one.sha256:  # another process makes room
            cache.store.forget_file(sha256)
            cache.path(one).unlink()
        else:  # another process found it damaged, and somebody fetched it again
            cache.damage(other)
            cache.path(other).unlink()
            cache.add("other")
        return False

    monkeypatch.setattr(cache.files, "verify", verify)
    assert check_all(cache.store, cache.files, NOW).faults == ()
    assert (cache.names(), cache.quarantined()) == ({"other"}, [])


def test_the_row_is_looked_at_last(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    one = cache.add("one")
    cache.path(one).unlink()
    real = checkup._is_missing
    monkeypatch.setattr(checkup, "_is_missing", lambda *what: bool(cache.add("one")) and real(*what))
    assert check_all(cache.store, cache.files, NOW).faults == ()
    assert cache.names() == {"one"}
