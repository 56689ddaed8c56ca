"""What the cache's database gives back is only ever what we wrote."""

from __future__ import annotations

import json
import os
import pickle
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import diskcache
import pytest
from diskcache.core import MODE_BINARY, MODE_PICKLE, MODE_TEXT

from jhansi_runner.proxy.cache.disk import ForeignRow, PlainDisk
from jhansi_runner.proxy.cache.store import Artifact, Store
from jhansi_runner.proxy.registries.interface import Document

PAGE = Document("https://mirror.test/simple/demo/", 200, "text/html", '"tag"', 1000.5, b"<a>\n\nhref</a>\n")
FILE = Artifact("pkg:pypi/demo@1.0", "demo-1.0.whl", "ab" * 32, 5, 1000.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(str(tmp_path))
    yield opened
    opened.close()


class Trojan:
    """Touches a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def _plant(folder: Path, **columns: object) -> None:
    with sqlite3.connect(folder / "index" / "cache.db") as database:
        marks = ", ".join(f"{name} = ?" for name in columns)
        database.execute(f"UPDATE Cache SET {marks}", tuple(columns.values()))  # noqa: S608
    database.close()


@pytest.mark.parametrize("body", [b"", b"x" * 100_000, b"\n", bytes(range(256))])
def test_a_document_comes_back_byte_for_byte(store: Store, body: bytes) -> None:
    page = replace(PAGE, body=body)
    store.keep_document("demo", page)
    assert store.document("demo") == page
    assert list(store.documents()) == [("demo", page)]
    assert store.document("other") is None


def test_an_artifact_comes_back_until_it_is_forgotten(store: Store) -> None:
    store.keep_artifact("demo", FILE)
    assert store.artifact("demo") == FILE
    assert list(store.artifacts()) == [("demo", FILE)]
    assert store.document("demo") is None
    store.forget_artifact("demo")
    assert store.artifact("demo") is None


@pytest.mark.parametrize("large", [False, True])
def test_a_planted_pickle_is_not_read(store: Store, tmp_path: Path, large: bool) -> None:
    mark = tmp_path / "owned"
    store.keep_document("demo", replace(PAGE, body=b"x" * (100_000 if large else 10)))
    payload = pickle.dumps(Trojan(mark))
    if large:
        (name,) = (tmp_path / "index").rglob("*.val")
        name.write_bytes(payload)
        _plant(tmp_path, mode=MODE_PICKLE)
    else:
        _plant(tmp_path, mode=MODE_PICKLE, value=payload)
    assert store.document("demo") is None
    assert list(store.documents()) == []
    assert not mark.exists()


def test_a_planted_pickle_for_a_key_is_not_read(store: Store, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    store.keep_document("demo", PAGE)
    _plant(tmp_path, key=pickle.dumps(Trojan(mark)), raw=0)
    assert list(store.documents()) == []
    assert not mark.exists()


@pytest.mark.parametrize("name", ["../../secret", "/etc/hostname", "ab/cd/../../../secret", "ab/cd/" + "e" * 28])
@pytest.mark.parametrize("mode", [MODE_BINARY, MODE_TEXT])
def test_a_row_that_names_a_file_of_its_own_choice_is_not_read(
    store: Store, tmp_path: Path, name: str, mode: int
) -> None:
    (tmp_path / "secret").write_text("secret")
    store.keep_document("demo", PAGE)
    _plant(tmp_path, filename=name, mode=mode, value=None)
    assert store.document("demo") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": "../../../etc/passwd"},
        {"sha256": "AB" * 32},
        {"sha256": None},
        {"size": "5"},
        {"size": None},
        {"purl": "demo"},
        {"purl": 5},
        {"filename": 5},
        {"more": 1},
    ],
)
def test_an_artifact_that_we_cannot_have_written_is_none(
    store: Store, tmp_path: Path, changes: dict[str, object]
) -> None:
    store.keep_artifact("demo", FILE)
    _plant(tmp_path, value=json.dumps({**asdict(FILE), **changes}))
    assert store.artifact("demo") is None
    assert list(store.artifacts()) == []


@pytest.mark.parametrize(
    "row",
    [b"", b"\n", b"{}", b"{}\nbody", b"null\nbody", b'{"url":"x"', b"\xff\n", b'{"url":5,"status":200}\n', "text", 5],
)
def test_a_torn_document_is_none(store: Store, tmp_path: Path, row: object) -> None:
    store.keep_document("demo", PAGE)
    _plant(tmp_path, value=row)
    assert store.document("demo") is None


@pytest.mark.parametrize("field", ["url", "status", "content_type", "etag", "fetched"])
def test_a_document_with_a_field_of_another_kind_is_none(store: Store, tmp_path: Path, field: str) -> None:
    head = {name: value for name, value in asdict(PAGE).items() if name != "body"}
    store.keep_document("demo", PAGE)
    _plant(tmp_path, value=json.dumps({**head, field: [1]}).encode() + b"\nbody")
    assert store.document("demo") is None


def test_a_document_whose_file_is_gone_is_none(store: Store, tmp_path: Path) -> None:
    store.keep_document("demo", replace(PAGE, body=b"x" * 100_000))
    (file,) = (tmp_path / "index").rglob("*.val")
    file.unlink()
    assert store.document("demo") is None


@pytest.mark.parametrize("value", [5, 1.5, None, ["x"], {"a": 1}, Path("x")])
def test_nothing_is_written_that_would_be_pickled(tmp_path: Path, value: object) -> None:
    with diskcache.Cache(str(tmp_path), disk=PlainDisk) as rows:
        with pytest.raises(ForeignRow):
            rows.set("key", value)
        with pytest.raises(ForeignRow):
            rows.set(value, b"value")
        assert len(rows) == 0


def test_nothing_is_culled(store: Store) -> None:
    for number in range(200):
        store.keep_document(str(number), replace(PAGE, body=b"x" * 1000))
    assert len(list(store.documents())) == 200


def test_a_damaged_database_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "cache.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(OSError, match="delete"):
        Store(str(tmp_path))


def test_all_that_is_known_of_a_file_is_forgotten_at_once(store: Store) -> None:
    other = replace(FILE, sha256="cd" * 32)
    for key, artifact in (("one", FILE), ("two", FILE), ("other", other)):
        store.keep_artifact(key, artifact)
    store.keep_checked(FILE.sha256, 5.5)
    assert (store.checked(FILE.sha256), store.checked(other.sha256)) == (5.5, 0.0)
    assert store.forget_file(FILE.sha256) == 3
    assert list(store.artifacts()) == [("other", other)]
    assert store.checked(FILE.sha256) == 0.0


def test_an_artifact_that_turns_out_to_be_there_is_not_forgotten(store: Store) -> None:
    store.keep_artifact("demo", FILE)
    store.forget_artifact("demo", lambda one: one == FILE)
    assert store.artifact("demo") == FILE
    store.forget_artifact("demo", lambda one: one != FILE)
    assert store.artifact("demo") is None


def test_documents_are_weighed_without_being_read(store: Store) -> None:
    store.keep_artifact("pypi /demo", FILE)
    store.keep_document("pypi small", replace(PAGE, body=b"x" * 100))
    store.keep_document("pypi large", replace(PAGE, body=b"x" * 100_000))
    found = {weight.key: weight for weight in store.weights()}
    assert 100 < found["pypi small"].size < 400
    assert 100_000 < found["pypi large"].size < 100_400
    assert abs(found["pypi large"].fetched - time.time()) < 60
    store.forget_document("pypi small")
    assert [weight.key for weight in store.weights()] == ["pypi large"]


def test_the_first_sight_of_two_processes_counts(store: Store) -> None:
    store.keep_seen("pkg:golang/x", {"v1": (100.0, "h1:a"), "v2": (100.0, "h1:b")})
    store.keep_seen("pkg:golang/x", {"v1": (200.0, "h1:a"), "v2": (200.0, "h1:other"), "v3": (200.0, "")})
    assert store.seen("pkg:golang/x") == {"v1": (100.0, "h1:a"), "v2": (200.0, "h1:other"), "v3": (200.0, "")}


_WRITER = """
import sys
from jhansi_runner.proxy.cache.store import Artifact, Document, Store
store, who = Store(sys.argv[1]), sys.argv[2]
page = Document("https://mirror.test/", 200, "", "", 1.0, who.encode() * 50_000)
for number in range(60):
    store.keep_seen("pkg:golang/x", {f"{who}{number}": (float(number), ""), "both": (float(number), "")})
    store.keep_artifact(f"{who} {number}", Artifact("pkg:pypi/x@1", "x", "ab" * 32, 5, 1.0))
    store.keep_document("shared", page)
    found = store.document("shared")
    assert found is None or found.body in (b"a" * 50_000, b"b" * 50_000, b"c" * 50_000)
    if number % 10 == 9:
        store.forget_artifact(f"{who} {number}")
"""


def test_processes_that_write_at_once_lose_nothing(store: Store, tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), who]) for who in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    seen = store.seen("pkg:golang/x")
    assert seen == {**{f"{who}{number}": (float(number), "") for who in "abc" for number in range(60)}, "both": (0, "")}
    assert len(list(store.artifacts())) == 3 * 54
    assert len(list(store.weights())) == 1
