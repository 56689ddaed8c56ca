"""Many rows come in one step or not at all, and what a killed process left of them goes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from jhansi_runner.proxy.cache.contents import stats
from jhansi_runner.proxy.registries.interface import Document
from support.cache import Cache

LARGE = b"x" * 100_000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def page(body: bytes) -> Document:
    """A document."""
    return Document("http://i.test/", 200, "text/html", "", 1.0, body)


def values(cache: Cache) -> list[Path]:
    """The files of large values."""
    return sorted((cache.folder / "index").rglob("*.val"))


def test_all_or_nothing(cache: Cache) -> None:
    cache.store.keep_document("a", page(LARGE))
    before = values(cache)
    with pytest.raises(KeyboardInterrupt), cache.store.together():
        cache.store.keep_document("a", page(LARGE + b"y"))
        cache.store.keep_document("b", page(LARGE))
        cache.store.keep_document("c", page(b"small"))
        raise KeyboardInterrupt
    assert values(cache) == before
    assert dict(cache.store.documents()) == {"a": page(LARGE)}
    with cache.store.together():
        cache.store.keep_document("a", page(LARGE + b"y"))
        cache.store.keep_document("b", page(LARGE))
        assert set(before) < set(values(cache)), "a kill now would have lost what is replaced"
    assert dict(cache.store.documents()) == {"a": page(LARGE + b"y"), "b": page(LARGE)}
    assert len(values(cache)) == 2
    cache.store.keep_document("a", page(LARGE + b"z"))
    assert len(values(cache)) == 2


def test_values_that_no_row_names_go_after_a_day(cache: Cache) -> None:
    cache.store.keep_document("a", page(LARGE))
    (own,) = values(cache)
    for name, age in (("old", 2 * 86400), ("new", 3600)):
        path = own.with_name(f"{name}.val")
        path.write_bytes(b"left")
        os.utime(path, (time.time() - age,) * 2)
    os.utime(own, (1, 1))
    cache.store.sweep(time.time())
    assert {one.name for one in values(cache)} == {own.name, "new.val"}


def test_a_folder_of_files_on_their_way_is_swept_when_nobody_holds_it(cache: Cache) -> None:
    incoming = cache.folder / "incoming"
    with cache.files.staging() as folder:
        Path(folder, "more").mkdir()
        Path(folder, "more", "file").write_bytes(b"1234")
        found = stats(cache.store, cache.files)
        assert (found.incoming, found.incoming_size) == (1, 4)
        cache.files.sweep()
        assert Path(folder, "more", "file").exists()
    assert not list(incoming.iterdir())
    (incoming / "left" / "more").mkdir(parents=True)
    (incoming / "left" / "more" / "file").write_bytes(b"x")
    assert cache.files.sweep() == 1
    assert not list(incoming.iterdir())


def test_an_import_is_seen_by_its_number(cache: Cache) -> None:
    before = cache.store.imports
    cache.store.imported()
    first = cache.store.imports
    time.sleep(0.01)
    cache.store.imported()
    assert len({before, first, cache.store.imports}) == 3
