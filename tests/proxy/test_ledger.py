"""The ledger: one line for one request, whatever happens in between."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jhansi_runner.proxy.ledger import ALLOW, Entry, Ledger

MIDNIGHT = 1_000_000_000 - 1_000_000_000 % 86400
ENTRY = Entry("mirror", ALLOW, "GET", "/pypi/simple/demo/", run="r1", status=200, size=5)


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def test_an_entry_is_one_line_with_what_is_known(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path), lambda: MIDNIGHT + 0.12345)
    ledger.record(ENTRY)
    ledger.close()
    (file,) = tmp_path.iterdir()
    assert file.name == "2001-09-09.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _rows(tmp_path) == [
        {
            "plane": "mirror",
            "verdict": "allow",
            "method": "GET",
            "url": "/pypi/simple/demo/",
            "run": "r1",
            "status": 200,
            "size": 5,
            "time": MIDNIGHT + 0.123,
        }
    ]


@pytest.mark.parametrize("url", ["a\nb", "a\r\nb", "\u2028", "\x00", "\ud800", '"}\n{"', "\u00e9" * 5000])
def test_what_clients_write_makes_no_second_line(tmp_path: Path, url: str) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.record(Entry("gate", "deny", "GET", url))
    ledger.record(ENTRY)
    ledger.close()
    assert [row["url"] for row in _rows(tmp_path)] == [url, ENTRY.url]


def test_a_new_day_is_a_new_file(tmp_path: Path) -> None:
    times = iter([MIDNIGHT - 0.5, MIDNIGHT + 86399, MIDNIGHT + 86400, MIDNIGHT])
    ledger = Ledger(str(tmp_path), lambda: next(times))
    for _ in range(4):
        ledger.record(ENTRY)
    ledger.close()
    lines = {path.name: len(path.read_text().splitlines()) for path in tmp_path.iterdir()}
    assert lines == {"2001-09-08.jsonl": 1, "2001-09-09.jsonl": 2, "2001-09-10.jsonl": 1}


def test_listeners_hear_of_every_entry_with_its_time(tmp_path: Path) -> None:
    heard: list[Entry] = []
    ledger = Ledger(str(tmp_path), lambda: 5.0)
    ledger.listen(heard.append)
    ledger.record(ENTRY)
    ledger.close()
    assert [(one.url, one.time) for one in heard] == [(ENTRY.url, 5.0)]


def test_a_torn_line_costs_no_other(tmp_path: Path) -> None:
    for name in ("first", "second"):
        ledger = Ledger(str(tmp_path), lambda: MIDNIGHT)
        ledger.record(Entry("mirror", ALLOW, "GET", name))
        ledger.close()
        with (tmp_path / "2001-09-09.jsonl").open("a") as file:
            file.write('{"plane":"mirr')
    ledger = Ledger(str(tmp_path), lambda: MIDNIGHT)
    ledger.record(Entry("mirror", ALLOW, "GET", "third"))
    ledger.close()
    lines = (tmp_path / "2001-09-09.jsonl").read_text().splitlines()
    whole = [json.loads(line)["url"] for line in lines if line.endswith("}")]
    assert (whole, len(lines)) == (["first", "second", "third"], 5)


_WRITER = """
import sys
from jhansi_runner.proxy.ledger import Entry, Ledger
ledger = Ledger(sys.argv[1])
number = 0
while True:
    ledger.record(Entry("mirror", "allow", "GET", str(number)))
    number += 1
    if number == 200:
        print("going", flush=True)
"""


def test_a_kill_loses_at_most_the_line_being_written(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "going\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    numbers = []
    for path in sorted(tmp_path.iterdir()):
        *whole, _ = path.read_text().split("\n")
        numbers += [int(json.loads(line)["url"]) for line in whole]
    assert len(numbers) >= 200
    assert numbers == list(range(len(numbers)))


def test_two_writers_share_a_day(tmp_path: Path) -> None:
    first, second = Ledger(str(tmp_path), lambda: MIDNIGHT), Ledger(str(tmp_path), lambda: MIDNIGHT)
    for ledger in (first, second, first):
        ledger.record(ENTRY)
    first.close()
    second.close()
    assert len(_rows(tmp_path)) == 3


def test_a_short_write_is_a_failure_and_spoils_only_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(str(tmp_path), lambda: MIDNIGHT)
    heard: list[Entry] = []
    ledger.listen(heard.append)
    write, room = os.write, [10]

    def fill(descriptor: int, data: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: room.pop()])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill)
        for _ in range(2):
            with pytest.raises(OSError, match="No space"):
                ledger.record(ENTRY)
    assert heard == []
    ledger.record(ENTRY)
    ledger.close()
    torn, last = (tmp_path / "2001-09-09.jsonl").read_text().splitlines()
    assert (len(torn), json.loads(last)["url"]) == (10, ENTRY.url)


def test_an_entry_that_is_taken_in_parts_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(str(tmp_path), lambda: MIDNIGHT)
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:10]))
        ledger.record(ENTRY)
    ledger.record(ENTRY)
    ledger.close()
    assert [row["url"] for row in _rows(tmp_path)] == [ENTRY.url] * 2
