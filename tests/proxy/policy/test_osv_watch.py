"""A folder of advisories may change, vanish or break while it is in use: what is answered is never a guess."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jhansi_runner.proxy.coordinate import golang, npm, pypi
from jhansi_runner.proxy.policy import osv_watch
from jhansi_runner.proxy.policy.advice import AdvisoriesUnreadable
from jhansi_runner.proxy.policy.osv_build import built
from jhansi_runner.proxy.policy.osv_folder import signature
from jhansi_runner.proxy.policy.osv_index import Index
from jhansi_runner.proxy.policy.osv_package import Affected
from jhansi_runner.proxy.policy.osv_watch import INTERVAL, LASTING, Watched
from support.osv import osv, package, write_archive, write_record


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "osv"
    write_record(found, "A.json", osv("MAL-1", package("foo", versions=["1.0"])))
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(folder: Path, tmp_path: Path, clock: Clock) -> Watched:
    return Watched(str(folder), str(tmp_path / "cache"), clock)


def ids(watched: Watched, version: str | None = "1.0", name: str = "foo") -> list[str]:
    return [hit.advisory.id for hit in watched.hits(pypi(name, version))]


def soon(condition: Callable[[], bool]) -> None:
    """Wait for what a thread does."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_first_question_has_the_folder_read(watched: Watched) -> None:
    assert ids(watched) == ["MAL-1"]
    assert ids(watched, "1.1") == ids(watched, None) == ids(watched, name="bar") == []
    assert list(watched.hits(npm("foo", "1.0"))) == []


def test_malware_of_go_is_known_by_every_spelling_and_remembered_once(
    watched: Watched, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(folder, "G.json", osv("MAL-9", package("forge.example/evil/tool", ecosystem="Go")))
    asked: list[str] = []
    about = Index.about

    def asking(index: Index, purl_type: str, path: str) -> list[Affected]:
        asked.append(path)
        return about(index, purl_type, path)

    monkeypatch.setattr(Index, "about", asking)
    for path in ("forge.example/evil/tool", "forge.example/Evil/tool", "forge.example/evil/TOOL"):
        assert [hit.advisory.id for hit in watched.hits(golang(path).at("v1.0.0"))] == ["MAL-9"]
    assert len(asked) == 1


def test_a_change_is_noticed_after_the_interval(watched: Watched, folder: Path, clock: Clock) -> None:
    watched.refresh()
    write_record(folder, "B.json", osv("MAL-2", package("foo", versions=["1.0"])))
    clock.now += INTERVAL - 1
    watched.refresh()
    assert ids(watched) == ["MAL-1"]
    clock.now += 1
    soon(lambda: ids(watched) == ["MAL-1", "MAL-2"])
    (folder / "A.json").unlink()
    clock.now += INTERVAL
    watched.refresh()
    assert ids(watched) == ["MAL-2"]


def test_a_folder_that_is_as_it_was_is_not_read_again(
    watched: Watched, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.refresh()
    monkeypatch.setattr(osv_watch, "built", lambda *_: pytest.fail("it was built again"))
    for _ in range(3):
        clock.now += INTERVAL
        watched.refresh()
        assert ids(watched) == ["MAL-1"]


def vanish(folder: Path) -> None:
    shutil.rmtree(folder)


def empty(folder: Path) -> None:
    (folder / "A.json").unlink()


def break_archive(folder: Path) -> None:
    (folder / "x.zip").write_bytes(b"PK")


def block(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (vanish, "No such file or directory"),
        (empty, "it holds no advisory"),
        (break_archive, "x.zip: File is not a zip file"),
        (block, "pipe.json: it is no file"),
    ],
)
def test_a_folder_that_breaks_is_refused_until_it_is_right_again(
    watched: Watched, folder: Path, clock: Clock, harm: Callable[[Path], None], why: str
) -> None:
    assert ids(watched) == ["MAL-1"]
    harm(folder)
    clock.now += INTERVAL
    watched.refresh()
    for _ in range(2):
        with pytest.raises(AdvisoriesUnreadable) as raised:
            ids(watched)
        assert str(raised.value) == why
    shutil.rmtree(folder, ignore_errors=True)
    write_record(folder, "A.json", osv("MAL-1", package("foo", versions=["1.0"])))
    clock.now += 301
    watched.refresh()
    assert ids(watched) == ["MAL-1"]


def test_a_folder_that_may_not_be_read_is_refused(
    watched: Watched, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids(watched) == ["MAL-1"]
    real = os.listdir

    def denied(path: str) -> list[str]:  # root may read everything
        if path.startswith(str(folder)):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "listdir", denied)
    clock.now += INTERVAL
    watched.refresh()
    with pytest.raises(AdvisoriesUnreadable, match=r"^Permission denied$"):
        ids(watched)


def test_what_was_true_a_moment_ago_counts_while_a_change_is_read(
    watched: Watched, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.refresh()
    real, go = built, threading.Event()

    def slow(folder: str, place: str) -> str:
        go.wait(30)
        return real(folder, place)

    monkeypatch.setattr(osv_watch, "built", slow)
    write_record(folder, "B.json", osv("MAL-2", package("foo", versions=["1.0"])))
    clock.now += INTERVAL
    begun = time.thread_time()
    for _ in range(100):
        assert ids(watched) == ["MAL-1"]
    assert time.thread_time() - begun < 1
    clock.now += LASTING
    with pytest.raises(AdvisoriesUnreadable, match="they are being read just now"):
        ids(watched)
    clock.now -= LASTING
    go.set()
    soon(lambda: ids(watched) == ["MAL-1", "MAL-2"])


def test_nothing_is_answered_before_anything_was_read(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    real, go = built, threading.Event()

    def slow(folder: str, place: str) -> str:
        go.wait(30)
        return real(folder, place)

    monkeypatch.setattr(osv_watch, "built", slow)
    monkeypatch.setattr(osv_watch, "_PATIENCE", 0.05)
    for _ in range(3):
        with pytest.raises(AdvisoriesUnreadable, match="they are being read just now"):
            ids(watched)
    go.set()
    watched.refresh()
    assert ids(watched) == ["MAL-1"]


def test_processes_share_their_looks(
    watched: Watched, folder: Path, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    real = signature

    def counted(folder: str) -> str:
        looks.append(folder)
        return real(folder)

    monkeypatch.setattr(osv_watch, "signature", counted)
    others = [Watched(str(folder), str(tmp_path / "cache"), clock) for _ in range(3)]
    for one in (watched, *others):
        one.refresh()
        assert ids(one) == ["MAL-1"]
    assert len(looks) == 1
    clock.now += INTERVAL
    write_record(folder, "B.json", osv("MAL-2", package("foo", versions=["1.0"])))
    for one in (*others, watched):
        one.refresh()
        assert ids(one) == ["MAL-1", "MAL-2"]
    assert len(looks) == 2


@pytest.mark.parametrize("note", ["", "../../../etc/passwd", "0" * 32 + ".db", "x" * 100_000])
def test_a_note_that_leads_nowhere_is_no_harm(watched: Watched, folder: Path, tmp_path: Path, note: str) -> None:
    watched.refresh()
    (path,) = (tmp_path / "cache/advisories").glob("looked-*")
    path.write_text(note)
    assert ids(Watched(str(folder), str(tmp_path / "cache"))) == ["MAL-1"]


def test_a_folder_that_takes_long_to_look_at_is_looked_at_less_often(
    watched: Watched, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = signature

    def slow(folder: str) -> str:
        clock.now += 12.0
        return real(folder)

    monkeypatch.setattr(osv_watch, "signature", slow)
    watched.refresh()
    write_record(folder, "B.json", osv("MAL-2", package("foo", versions=["1.0"])))
    clock.now += 100
    assert ids(watched) == ["MAL-1"]
    clock.now += 10
    watched.refresh()
    assert ids(watched) == ["MAL-1", "MAL-2"]


def test_a_clock_that_goes_back_is_no_reason_to_trust_what_is_old(watched: Watched, folder: Path, clock: Clock) -> None:
    watched.refresh()
    write_record(folder, "B.json", osv("MAL-2", package("foo", versions=["1.0"])))
    clock.now -= 1000
    watched.refresh()
    assert ids(watched) == ["MAL-1", "MAL-2"]


def test_a_cache_that_was_deleted_is_filled_again(watched: Watched, folder: Path, tmp_path: Path, clock: Clock) -> None:
    watched.refresh()
    shutil.rmtree(tmp_path / "cache")
    assert ids(watched) == ["MAL-1"]
    assert ids(Watched(str(folder), str(tmp_path / "cache"), clock)) == ["MAL-1"]
    clock.now += INTERVAL
    watched.refresh()
    assert ids(watched) == ["MAL-1"]


def test_a_cache_that_is_somebody_elses_is_not_used(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/advisories").write_text("")
    watched = Watched(str(folder), str(tmp_path / "cache"))
    with pytest.raises(AdvisoriesUnreadable, match="is not a folder: move it away"):
        ids(watched)


def test_an_index_that_cannot_be_opened_is_built_again(folder: Path, tmp_path: Path, clock: Clock) -> None:
    write_archive(folder / "x.zip", {f"{n}.json": osv(f"X-{n}", package(f"p-{n}")) for n in range(500)})
    Watched(str(folder), str(tmp_path / "cache"), clock).refresh()
    (path,) = (tmp_path / "cache/advisories").glob("*.db")
    path.write_bytes(path.read_bytes()[:30_000])
    assert ids(Watched(str(folder), str(tmp_path / "cache"), clock)) == ["MAL-1"]


def test_an_index_that_turns_out_to_be_damaged_refuses_and_is_built_again(watched: Watched, tmp_path: Path) -> None:
    watched.refresh()
    (path,) = (tmp_path / "cache/advisories").glob("*.db")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE entry SET data = 'no JSON'")
    database.close()
    with pytest.raises(AdvisoriesUnreadable, match=r"is damaged: .*; it is built again"):
        ids(watched)
    assert ids(watched) == ["MAL-1"]


def test_the_number_of_packages_that_are_remembered_is_bounded(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(osv_watch, "_PACKAGES", 8)
    watched.refresh()
    asked: list[str] = []
    index = watched._state.index
    assert index is not None
    real = index.about

    def counted(purl_type: str, path: str) -> object:
        asked.append(path)
        return real(purl_type, path)

    monkeypatch.setattr(index, "about", counted)
    for _ in range(2):
        assert ids(watched) == ["MAL-1"]
    for number in range(100):
        assert ids(watched, name=f"p-{number}") == []
    assert ids(watched) == ["MAL-1"]
    assert asked.count("foo") == 2
