"""`exec --json=lines` tells what happens as it happens, an object a line, and the outcome last."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from support.mirror import eventually
from support.registry import Upstream
from support.user import User, read_line

SIX = "import six, sys\nprint(six.__version__); print('to stderr', file=sys.stderr)\n"


def _events(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    assert [one["seq"] for one in found] == list(range(1, len(found) + 1))
    return found


def _of(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [one for one in events if one["event"] == name]


def test_a_first_run_tells_its_plan_what_comes_in_the_output_and_the_outcome(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    user.write("main.py", SIX)
    done = user.exec("--json=lines", "main.py")
    events = _events(done.stdout)
    assert [one["name"] for one in _of(events, "plan")[0]["requirements"]] == ["six"]
    assert any(one["purl"].startswith("pkg:pypi/six@") for one in _of(events, "install"))
    written = dict.fromkeys(("stdout", "stderr"), "")
    for one in _of(events, "output"):
        written[one["stream"]] += one["text"]
    assert written == {"stdout": "1.16.0\n", "stderr": "to stderr\n"}
    assert events[-1]["event"] == "done"
    assert (events[-1]["exit_code"], events[-1]["stdout"]) == (0, "1.16.0\n")


def test_output_is_told_while_the_program_still_runs(user: User) -> None:
    user.write("main.py", "print('first', flush=True); input(); print('second')")
    process = user.start("--json=lines", "main.py", stdin=-1)
    texts = ""
    while "first" not in texts:
        event = json.loads(read_line(process))
        texts += event.get("text", "")
    out, _ = process.communicate(b"\n", timeout=60)
    assert "second" in out.decode()


def test_a_character_that_comes_in_two_pieces_is_told_as_one(user: User) -> None:
    source = "import os, time\nos.write(1, b'\\xc3'); time.sleep(0.3); os.write(1, b'\\xa4\\xff')"
    done = user.exec("--json=lines", str(user.write("main.py", source).name))
    assert "".join(one["text"] for one in _of(_events(done.stdout), "output")) == "ä\N{REPLACEMENT CHARACTER}"


def test_what_is_refused_is_told_as_it_happens(user: User, upstream: Upstream) -> None:
    user.policy(upstream.url)
    source = (
        "import urllib.request as u\ntry:\n    u.urlopen('https://elsewhere.example/', timeout=20)\nexcept OSError:\n"
    )
    user.write("main.py", source + "    print('refused', flush=True)")
    events = _events(user.exec("--json=lines", "main.py").stdout)
    (refused,) = _of(events, "refused")
    assert (refused["code"], refused["phase"]) == ("JR-GATE-HOST", "run")
    assert events[-1]["denied"][0]["code"] == "JR-GATE-HOST"


def test_a_run_that_never_began_ends_with_an_outcome_too(user: User) -> None:
    done = user.exec("--json=lines", "none.py")
    (only,) = _events(done.stdout)
    assert (done.returncode, only["event"], only["exit_code"]) == (127, "done", 127)
    assert "none.py" in only["error"]


@pytest.mark.parametrize("word", ["--json=line", "--json=", "--json=object"])
def test_another_word_is_a_mistake(user: User, word: str) -> None:
    done = user.exec(word, str(user.write("main.py", "print(1)").name))
    assert done.returncode == 125
    assert "--json" in done.stderr


def test_a_reader_that_goes_away_does_not_end_the_program(user: User) -> None:
    user.write("main.py", "import time\nfor i in range(50): print(i, flush=True); time.sleep(0.01)\nopen('ended','w')")
    done = user.shell("set +o pipefail; $JR exec --json=lines main.py | head -1; wait")
    assert json.loads(done.stdout)["event"] == "plan"
    assert (user.work / "ended").exists()


def test_a_reader_that_is_slow_stops_no_clock(user: User) -> None:
    user.write("main.py", "import sys\nwhile True: sys.stdout.write('x' * 65536)")
    process = user.start("--json=lines", "--timeout", "1", "main.py")
    assert b'"plan"' in read_line(process)
    eventually(lambda: _ended(user))  # nothing is read meanwhile
    out, _ = process.communicate(timeout=60)
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["timed_out"], process.returncode) == ("done", True, 124)


def _ended(user: User) -> bool:
    return bool(json.loads(user.run("runs", "--json").stdout)["runs"][0]["exit_code"] == 124)


def test_a_pipe_that_does_not_block_gets_all_of_it(user: User) -> None:
    user.write("main.py", "print('x' * 3_000_000)")
    for word in ("--json", "--json=lines"):
        ours, theirs = os.pipe()
        os.set_blocking(theirs, False)
        process = user.start(word, "main.py", stdout=theirs)
        os.close(theirs)
        with open(ours, "rb") as file:
            lines = file.read().splitlines()
        assert process.wait(60) == 0
        assert json.loads(lines[-1])["exit_code"] == 0


def test_an_outcome_that_cannot_be_written_is_said(user: User) -> None:
    user.write("main.py", "print(1)")
    for word in ("--json", "--json=lines"):
        done = user.shell(f"$JR exec {word} main.py >/dev/full")
        assert done.returncode == 125
        assert "the outcome cannot be written: No space left" in done.stderr


def test_a_mistake_on_the_command_line_ends_with_an_outcome_too(user: User) -> None:
    done = user.exec("--json=lines", "--bogus", "main.py")
    (only,) = _events(done.stdout)
    assert (done.returncode, only["event"], only["exit_code"]) == (125, "done", 125)
    assert "--bogus" in only["error"]


def test_what_is_refused_by_its_name_alone_is_told_too(user: User) -> None:
    rules = "version: 1\nregistries: {pypi: {enabled: true}}\ndefault: allow\nrules: [{deny: 'pkg:pypi/six'}]\n"
    policy = user.write("strict.yaml", rules)
    user.write("main.py", "import six")
    done = user.exec("--json=lines", "--policy", str(policy), "main.py")
    (refused,) = _of([json.loads(line) for line in done.stdout.splitlines()], "refused")
    assert (done.returncode, refused["code"], refused["purl"]) == (126, "JR-DENY-RULE", "pkg:pypi/six")
