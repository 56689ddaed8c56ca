"""An import is judged by its own side, merges with what is there, and appears in one step or not at all."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.bundle import landing
from jhansi_runner.proxy.bundle.importing import Outcome
from jhansi_runner.proxy.bundle.landing import Landing
from jhansi_runner.proxy.bundle.manifest import ArtifactLine, DocumentLine
from jhansi_runner.proxy.bundle.merging import Gone
from jhansi_runner.proxy.bundle.reading import BadBundle
from jhansi_runner.proxy.bundle.room import NoRoom
from jhansi_runner.proxy.registries.interface import Document
from support import forged
from support.bundles import Side, World
from support.cases import GolangCase, NpmCase
from support.forged import CONTENT, PAGE, THEN, artifact_line, document_line, manifest, pieces, write
from support.wheels import make_wheel


@pytest.fixture
def here(tmp_path: Path) -> Side:
    return forged.side(tmp_path / "here")


def bundle_of(folder: Path, *lines: ArtifactLine | DocumentLine, name: str = "b") -> Path:
    """A bundle of these lines, which all have the small content or page."""
    contents = []
    for kind, one, content in (("artifacts", ArtifactLine, CONTENT), ("documents", DocumentLine, PAGE)):
        if any(isinstance(line, one) for line in lines):
            contents.append((kind, content))
    return write(folder / name, pieces(manifest(lines), contents))


@pytest.mark.parametrize(
    ("rules", "code", "where"),
    [
        ("default: allow\nrules:\n  - deny: pkg:pypi/demo\n    reason: no\n", "JR-DENY-RULE", "policy.yaml:7"),
        ("default: deny\n", "JR-DENY-DEFAULT", "policy.yaml:5"),
        ("default: allow\nmax_size: 10 B\n", "JR-DENY-SIZE", "policy.yaml:6"),
        ("default: allow\nlicences: {allow: [MIT]}\n", "JR-DENY-LICENCE", "policy.yaml:6"),
    ],
)
def test_what_this_side_refuses_is_left_out(here: Side, tmp_path: Path, rules: str, code: str, where: str) -> None:
    done = here.with_rules(rules).import_(bundle_of(tmp_path, artifact_line()))
    assert [(one.code, one.rule) for one in done.refused] == [(code, where)]
    assert done.artifacts == 0
    with here.opened() as (store, files):
        assert not list(store.artifacts())
        assert not list(files.walk())


def test_the_young_are_refused_here_too(here: Side, tmp_path: Path) -> None:
    file = bundle_of(tmp_path, artifact_line())
    published = THEN - 86400.0 * 300
    side = here.with_rules("default: allow\nminimum_age: {pypi: 14 days}\n")
    assert [one.code for one in side.import_(file, now=published + 86400.0).refused] == ["JR-DENY-AGE"]
    assert not side.import_(file, now=published + 86400.0 * 15).refused


def test_what_is_inside_counts_where_nobody_said(tmp_path: Path) -> None:
    """A tarball with a script, of which the sender's policy did not ask: this side's does."""
    with ExitStack() as stack:
        world = World(stack, tmp_path, (NpmCase,))
        case = world.cases[0]
        assert isinstance(case, NpmCase)
        case._up.add("demo", "3.0.0", {"package.json": b'{"name":"demo","scripts":{"install":"sh x"}}'})
        source = world.side("source")
        case.versions = (*case.versions, "3.0.0")
        world.fetch(source, 0, 3)
        source.export(tmp_path / "b")
        other = world.side("other", "default: allow\ninstall_scripts: deny\n")
        done = other.import_(tmp_path / "b")
    assert [(one.purl, one.code) for one in done.refused] == [("pkg:npm/demo@3.0.0", "JR-DENY-SCRIPTS")]
    with other.opened() as (store, files):
        assert [one.purl for _, one in store.artifacts()] == ["pkg:npm/demo@1.0.0"]
        assert len(list(files.walk())) == 1


def test_a_content_that_one_line_may_have_is_not_kept_from_it_by_another(here: Side, tmp_path: Path) -> None:
    lines = artifact_line("aaa"), artifact_line("zzz")
    rules = "default: allow\nrules:\n  - deny: pkg:pypi/aaa\n    reason: no\n"
    done = here.with_rules(rules).import_(bundle_of(tmp_path, *lines))
    assert (done.artifacts, len(done.refused)) == (1, 1)
    with here.opened() as (store, files):
        assert [one.purl for _, one in store.artifacts()] == ["pkg:pypi/zzz@1.0"]
        assert files.verify(lines[0].sha256)


def test_an_upstream_that_this_side_does_not_name_is_told(here: Side, tmp_path: Path) -> None:
    other = replace(here, policy=here.policy.replace(forged.INDEX, "http://127.0.0.1:7/simple/"))
    done = other.import_(bundle_of(tmp_path, artifact_line()))
    assert [one.index for one in done.foreign] == [forged.INDEX]


def _page(side: Side, **changed: Any) -> None:
    line = document_line()
    kept = Document(line.url, 200, "text/html", "", line.fetched, b"ours")
    with side.opened() as (store, _):
        store.keep_document(line.key, replace(kept, **changed))


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"fetched": THEN + 1}, b"ours"),
        ({"fetched": THEN}, b"ours"),
        ({"fetched": THEN - 1}, PAGE),
        ({"fetched": THEN + 1, "status": 404}, PAGE),
        ({"fetched": THEN + 1, "url": "http://127.0.0.1:7/simple/demo/"}, PAGE),
    ],
)
def test_the_later_document_stays(here: Side, tmp_path: Path, changed: dict[str, Any], body: bytes) -> None:
    _page(here, **changed)
    here.import_(bundle_of(tmp_path, document_line()))
    with here.opened() as (store, _):
        found = store.document("pypi demo")
        assert found is not None
        assert found.body == body


def test_what_both_know_of_a_release_counts(here: Side, tmp_path: Path) -> None:
    line = artifact_line()
    ours = replace(line.artifact, licence="MIT", published=None, digests={"sha1": "ab"}, stored=5.0)
    here.import_(bundle_of(tmp_path, line))
    with here.opened() as (store, _):
        store.keep_artifact(line.key, ours)
    done = here.import_(bundle_of(tmp_path, line))
    assert done.there == 1
    with here.opened() as (store, _):
        found = store.artifact(line.key)
    assert found == replace(ours, published=line.artifact.published, digests={"sha1": "ab", "sha256": line.sha256})


SEEN = {"ours": (100.0, "h1:x"), "theirs": (50.0, "h1:x"), "other": (70.0, "h1:y"), "bare": (60.0, "")}


@pytest.mark.parametrize(
    ("ours", "theirs", "counts"),
    [
        (None, "theirs", (50.0, "h1:x")),
        ("ours", None, (100.0, "h1:x")),
        ("ours", "theirs", (50.0, "h1:x")),
        ("theirs", "ours", (50.0, "h1:x")),
        ("ours", "other", (100.0, "h1:x")),
        ("ours", "bare", (60.0, "h1:x")),
    ],
)
def test_the_second_clock_is_merged(
    here: Side, tmp_path: Path, ours: str | None, theirs: str | None, counts: tuple[float, str]
) -> None:
    line = replace(artifact_line(), seen=SEEN[theirs] if theirs else None)
    name = line.artifact.dated_as
    with here.opened() as (store, _):
        if ours:
            store.keep_seen("pkg:pypi/demo", {name: SEEN[ours], "more": (1.0, "z")})
    here.import_(bundle_of(tmp_path, line))
    with here.opened() as (store, _):
        found = store.seen("pkg:pypi/demo")
    assert found.pop(name) == counts
    assert found == ({"more": (1.0, "z")} if ours else {})


def test_modules_go_by_the_clock_that_crossed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = World(stack, tmp_path, (GolangCase,))
        source = world.side("source")
        world.fetch(source, 0)
        source.export(tmp_path / "b")
        other = world.side("other", "default: allow\nminimum_age: {golang: 14 days}\n")
        now = time.time()
        assert [one.code for one in other.import_(tmp_path / "b", now=now + 86400 * 13).refused] == ["JR-DENY-AGE"]
        assert not other.import_(tmp_path / "b", now=now + 86400 * 15).refused


def test_a_damaged_file_is_replaced(here: Side, tmp_path: Path) -> None:
    file, line = bundle_of(tmp_path, artifact_line()), artifact_line()
    here.import_(file)
    with here.opened() as (_, files):
        path = Path(files.path(line.sha256))
        path.chmod(0o600)
        path.write_bytes(bytes(line.size))
        here.import_(file)
        assert files.verify(line.sha256)


def test_there_has_to_be_room(here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        f_bavail, f_frsize = 1, 4096

    monkeypatch.setattr(os, "statvfs", lambda _: Full)
    with pytest.raises(NoRoom, match=r"4 KiB free"):
        here.import_(bundle_of(tmp_path, artifact_line()))


def test_there_has_to_be_room_for_a_list_that_nobody_vouched_for(
    here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        f_bavail, f_frsize = 1, 4096

    bundle = bundle_of(tmp_path, artifact_line())
    monkeypatch.setattr(os, "statvfs", lambda _: Full)
    with pytest.raises(NoRoom, match=r"4 KiB free"):
        here.import_(bundle, trusted=())


def test_a_disk_that_fills_up_leaves_nothing(here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with here.opened():
        before = here.state()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for place in ("flush", "place"):
        with monkeypatch.context() as patch:
            patch.setattr(Landing, place, full)
            with pytest.raises(OSError, match="No space"):
                here.import_(bundle_of(tmp_path, artifact_line(), document_line()))
        assert here.state() == before
    assert here.import_(tmp_path / "b").artifacts == 1


def test_turned_back_in_the_middle_it_takes_no_document_away(
    here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """diskcache removes the file of a large value when it is replaced, and not when that is through."""
    _page(here, fetched=1.0, body=b"x" * 100_000)
    before = here.state()
    monkeypatch.setattr(Landing, "place", lambda _: 1 // 0)
    large = b"y" * 200_000
    line = document_line(content=large)
    write(tmp_path / "b", pieces(manifest([line]), [("documents", large)]))
    with pytest.raises(ZeroDivisionError):
        here.import_(tmp_path / "b")
    assert here.state() == before
    monkeypatch.undo()
    here.import_(tmp_path / "b")
    with here.opened() as (store, _):
        found = store.document("pypi demo")
    assert found is not None
    assert found.body == large
    assert sum(len(names) for place, _, names in os.walk(here.folder / "index") if "cache.db" not in names) == 1


def test_what_goes_meanwhile_is_told(here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = artifact_line()
    file = bundle_of(tmp_path, line)
    here.import_(file)
    flush = Landing.flush

    def lose(landed: Landing) -> None:
        with here.opened() as (_, files):
            os.unlink(files.path(line.sha256))
        flush(landed)

    monkeypatch.setattr(Landing, "flush", lose)
    with pytest.raises(Gone, match="once more"):
        here.import_(file)
    monkeypatch.undo()
    assert here.import_(file).artifacts == 1


def test_a_conflict_that_comes_up_meanwhile_stops_it(
    here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write(tmp_path / "other", pieces(manifest([artifact_line(content=b"x")]), [("artifacts", b"x")]))
    flush = landing.Landing.flush

    def race(landed: Landing) -> None:
        monkeypatch.setattr(Landing, "flush", flush)
        here.import_(other)
        flush(landed)

    monkeypatch.setattr(Landing, "flush", race)
    with pytest.raises(BadBundle, match="another content"):
        here.import_(bundle_of(tmp_path, artifact_line()))
    with here.opened() as (store, files):
        assert [one.size for _, one in store.artifacts()] == [1]
        assert [held.size for held in files.walk()] == [1]


def test_what_has_just_appeared_is_not_what_goes_first(
    here: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a bundle may take an hour: its files count as used when they appear, and not when they were read."""
    flush = Landing.flush

    def an_hour_later(landed: Landing) -> None:
        for path in (here.folder / "incoming").rglob("artifacts/*"):
            os.utime(path, (1.0, 1.0))
        flush(landed)

    monkeypatch.setattr(Landing, "flush", an_hour_later)
    line = artifact_line()
    here.import_(bundle_of(tmp_path, line))
    with here.opened() as (_, files):
        held = files.held(line.sha256)
    assert held is not None
    assert held.used > 1.0
    assert not held.written


def test_two_at_once(bundle: Path, other: Side, world: World) -> None:
    done: list[Outcome] = []
    threads = [threading.Thread(target=lambda: done.append(other.import_(bundle))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 3
    assert sum(one.artifacts for one in done) == done[0].header.artifacts
    assert world.offline(other) == {case.type: list(case.versions[:2]) for case in world.cases}
    assert not list((other.folder / "incoming").iterdir())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_it_appears_it_can_be_repeated(
    here: Side, tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the names are given, and between those and the rows; a large document is about to be replaced."""
    _page(here, fetched=1.0, body=b"x" * 100_000)
    before = here.state()
    large = b"y" * 200_000
    lines = artifact_line(), document_line(content=large)
    file = write(tmp_path / "b", pieces(manifest(lines), [("artifacts", CONTENT), ("documents", large)]))
    child = os.fork()
    if child == 0:
        place = Landing.place

        def killed(landed: Landing) -> None:
            if moment == "after":
                place(landed)
            os.kill(os.getpid(), signal.SIGKILL)

        monkeypatch.setattr(Landing, "place", killed)
        here.import_(file)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    after = here.state()
    assert {name: after[name] for name in before} == before
    with here.opened() as (store, files):
        assert not list(store.artifacts())
        assert [held.sha256 for held in files.walk()] == ([lines[0].sha256] if moment == "after" else [])
    done = here.import_(file)
    assert (done.artifacts, done.documents) == (1, 1)
    with here.opened() as (store, files):
        found = store.document("pypi demo")
        assert found is not None
        assert found.body == large
        assert files.verify(lines[0].sha256)
    assert not list((here.folder / "incoming").iterdir())


@pytest.mark.parametrize("word", [None, "MIT"])
def test_a_file_is_looked_into_whatever_the_other_side_says_of_it(here: Side, tmp_path: Path, word: str | None) -> None:
    wheel = b"".join(make_wheel("demo", "1.0", licence="GPL-3.0-only").content.read())
    line = artifact_line(content=wheel)
    line = replace(line, artifact=replace(line.artifact, licence=word, inspected=True))
    bundle = write(tmp_path / "b", pieces(manifest([line]), [("artifacts", wheel)]))
    strict = here.with_rules("default: allow\nlicences: {allow: [MIT]}\n")
    assert [one.code for one in strict.import_(bundle).refused] == ["JR-DENY-LICENCE"]
    here.import_(bundle)
    with here.opened() as (store, _):
        assert [one.inspected for _, one in store.artifacts()] == [False], "the mirror looks when its policy asks"
