"""What the commands about the cache print, and what they do to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest

from jhansi_runner.proxy.cache import removal
from jhansi_runner.proxy.ledger import Entry, Ledger
from jhansi_runner.proxy.registries.interface import Document
from jhansi_runner.runner.cache_words import parse_age, parse_room
from jhansi_runner.runner.cli_cache import cache as command
from jhansi_runner.runner.errors import RunnerError
from support.cache import Cache

DAY = 86400.0


class Home(Cache):
    """A cache that the command finds."""

    def run(self, *words: str) -> click.testing.Result:
        """What a command prints, and its exit code."""
        done = click.testing.CliRunner().invoke(command, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def json(self, *words: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*words, "--json").stdout)

    def pin(self, *hashes: str) -> None:
        """Pin files, as a stored set does."""
        folder = Path(self.state, "sets", "abc")
        folder.mkdir(parents=True)
        (folder / "lock.txt").write_text("".join(f"x==1 --hash=sha256:{one}\n" for one in hashes))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("JHANSI_HOME", str(tmp_path))
    monkeypatch.setattr(removal, "GRACE_SECONDS", 0.1)
    opened = Home(tmp_path)
    yield opened
    opened.store.close()


def test_list_shows_what_is_there(home: Home) -> None:
    now = time.time()
    one = home.add("one", used=now, stored=now - DAY)
    home.pin(one.sha256)
    home.add("other", 2048, used=now - 3 * DAY)
    lost = home.add("lost")
    home.path(lost).unlink()
    assert [(row["purl"], row["bytes"], row["pinned"]) for row in home.json("list")["artifacts"]] == [
        ("pkg:pypi/one@1.0", 1000, True),
        ("pkg:pypi/other@1.0", 2048, False),
    ]
    lines = home.run("list").stdout.splitlines()
    assert lines[0].split()[:2] == ["pkg:pypi/one@1.0", "one-1.0.whl"]
    assert lines[0].endswith("pinned")
    assert lines[-1] == "2 artifacts, 2.977 KiB"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["o*"], ["one", "other"]),
        (["one"], ["one"]),
        (["one-1.0.whl"], ["one"]),
        (["pkg:pypi/one"], ["one"]),
        (["pkg:pypi/o*@1.0"], ["one", "other"]),
        (["--type", "npm"], []),
        (["--type", "pypi", "*er"], ["other"]),
        (["nothing"], []),
    ],
)
def test_list_takes_a_pattern(home: Home, words: list[str], names: list[str]) -> None:
    home.add("one")
    home.add("other")
    found = [row["filename"].partition("-")[0] for row in home.json("list", *words)["artifacts"]]
    assert found == names


def test_list_knows_its_registries(home: Home) -> None:
    done = home.run("list", "--type", "cargo")
    assert done.exit_code == 2
    assert all(f"'{name}'" in done.output for name in ("cargo", "pypi", "npm", "maven", "golang"))


def test_stats_counts_by_registry(home: Home) -> None:
    home.add("one", 3000)
    home.store.keep_document("pypi simple/one", Document("u", 200, "", "", 0.0, b"x" * 500))
    home.store.keep_document("npm one", Document("u", 200, "", "", 0.0, b"x" * 500))
    descriptor, _ = home.files.incoming()
    os.write(descriptor, b"half")
    ledger = Ledger(f"{home.state}/ledger")
    for how in ("hit", "hit", "miss", ""):
        ledger.record(Entry("mirror", "allow", "GET", "/x", purl="pkg:pypi/one@1.0", cache=how))
    ledger.record(Entry("gate", "allow", "GET", "/x", purl="pkg:pypi/one@1.0", cache="hit"))
    ledger.close()
    found = home.json("stats")
    own = found["registries"]["pypi"]
    assert (own["packages"], own["artifacts"], own["bytes"], own["documents"]) == (1, 1, 3000, 1)
    assert 500 < own["documents_bytes"] < 1000
    assert found["registries"]["npm"]["documents"] == 1
    assert found["incoming"] == {"files": 1, "bytes": 4}
    assert found["quarantined"] == {"files": 0, "bytes": 0}
    assert found["last_7_days"] == {"pypi": {"hit": 2, "miss": 1}}
    assert found["bytes"] > 4000
    words = home.run("stats").stdout
    pypi = next(line for line in words.splitlines() if line.startswith("pypi"))
    assert pypi.split()[-2:] == ["2", "1"]
    assert "on the way: 1 file, 4 bytes" in words
    os.close(descriptor)


def test_verify_says_in_words_that_all_is_well(home: Home) -> None:
    home.add("one")
    done = home.run("verify")
    assert (done.exit_code, done.stdout) == (0, "1 artifact, 1000 bytes: each is what it was when it was fetched\n")


def test_verify_moves_what_is_damaged_and_says_so(home: Home) -> None:
    bad, lost, _ = home.add("bad"), home.add("lost"), home.add("good")
    home.damage(bad)
    home.path(lost).unlink()
    only_told = home.run("verify", "--keep")
    assert only_told.exit_code == 125
    assert "left as they are" in only_told.stdout
    done = home.run("verify")
    assert done.exit_code == 125
    assert "damaged: pkg:pypi/bad@1.0 (bad-1.0.whl), moved to" in done.stdout
    assert "missing: pkg:pypi/lost@1.0 (lost-1.0.whl)" in done.stdout
    assert "3 artifacts, 2.93 KiB: 1 damaged, 1 missing" in done.stdout
    assert (home.names(), len(home.quarantined())) == ({"good"}, 1)
    assert home.run("verify").exit_code == 0


def test_verify_as_json(home: Home) -> None:
    bad = home.add("bad")
    home.damage(bad)
    (row,) = home.json("verify")["damaged"]
    assert (row["problem"], row["purl"], row["filename"], row["sha256"]) == (
        "damaged",
        bad.purl,
        bad.filename,
        bad.sha256,
    )
    assert os.path.exists(row["moved"])
    assert home.json("verify") == {"artifacts": 0, "bytes": 0, "damaged": []}


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--older-than", "30d"], {"pinned", "new", "idle"}),
        (["--unused", "30 days"], {"pinned", "new", "old"}),
        (["--older-than", "30d", "--unused", "30d"], {"pinned", "new"}),
        (["--to-size", "2500"], {"pinned", "new"}),
        (["--to-size", "0"], {"pinned"}),
        (["--to-size", "1GiB"], {"pinned", "new", "idle", "old"}),
    ],
)
def test_prune_removes_what_may_go(home: Home, words: list[str], left: set[str]) -> None:
    now = time.time()
    pinned = home.add("pinned", stored=now - 90 * DAY, used=now - 90 * DAY)
    home.pin(pinned.sha256)
    home.add("old", stored=now - 90 * DAY, used=now - 10 * DAY)
    home.add("idle", stored=now - 20 * DAY, used=now - 60 * DAY)
    home.add("new", stored=now - DAY, used=now - DAY)
    words = [f"{word}B" if word == "2500" else word for word in words]
    before = home.names()
    told = home.run("prune", "--dry-run", *words)
    assert "would be removed" in told.stdout
    assert home.names() == before
    done = home.run("prune", *words)
    assert home.names() == left
    gone = len(before - left)
    assert f"removed: {gone} artifact{'' if gone == 1 else 's'}, 0 documents" in done.stdout
    assert {held.sha256 for held in home.files.walk()} == {one.sha256 for _, one in home.store.artifacts()}
    assert home.run("verify").exit_code == 0


def test_prune_tells_all_as_json(home: Home) -> None:
    one = home.add("one", used=time.time() - DAY)
    home.pin(home.add("fixed", 500).sha256)
    home.store.keep_document("pypi simple/one", Document("u", 200, "", "", 0.0, b"x"))
    time.sleep(0.05)
    found = home.json("prune", "--to-size", "0")
    assert {(row["kind"], row["name"], row["purl"]) for row in found["removed"]} == {
        ("artifact", one.sha256, one.purl),
        ("document", "pypi simple/one", ""),
    }
    assert (found["left"], found["pinned"], found["dry_run"]) == (500, 500, False)
    assert list(home.store.documents()) == []


def test_prune_leaves_downloads_and_what_was_used_just_now(home: Home) -> None:
    home.add("now", used=time.time())
    descriptor, path = home.files.incoming()
    done = home.run("prune", "--to-size", "0")
    assert (home.names(), os.path.exists(path)) == ({"now"}, True)
    assert "used just now, stays" in done.stdout
    os.close(descriptor)


def test_prune_wants_to_be_told_what(home: Home) -> None:
    assert "say what may go" in home.run("prune").output
    for words in (["--older-than", "soon"], ["--unused", "0d"], ["--to-size", "large"]):
        with pytest.raises(RunnerError, match="such as"):
            home.run("prune", *words)


def test_nothing_is_there_before_anything_was_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JHANSI_HOME", str(tmp_path / "new"))
    for words in (["list"], ["stats"], ["verify"], ["prune", "--to-size", "0"]):
        done = click.testing.CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output


def test_ages_and_sizes_as_people_write_them() -> None:
    assert [parse_age(text) for text in ("90m", "12h", "30d", "2w", "3 days")] == [
        5400,
        43200,
        30 * DAY,
        14 * DAY,
        3 * DAY,
    ]
    assert [parse_room(text) for text in ("0", "10GiB", "1.5 MB")] == [0, 10 << 30, 1_500_000]
