"""What is said of a limit names how much it was, and where to raise it."""

from __future__ import annotations

import pytest

from jhansi_runner.runner.limits.hold import Hold
from jhansi_runner.runner.limits.model import DISK, FILES, MEMORY, OUTPUT, PROCESSES, TIME, Limit, Limits
from jhansi_runner.runner.limits.words import as_json, exceeded, met, raised

LIMITS = Limits(
    {
        MEMORY: Limit(2 << 30),
        PROCESSES: Limit(100, "--processes"),
        DISK: Limit(1 << 30, "/p.yaml:7"),
        FILES: Limit(2_000_000, "--files"),
        OUTPUT: Limit(1000, "--output"),
        TIME: Limit(9.5, "--timeout"),
    }
)


def held(ended_by: str = "", *refused: str) -> Hold:
    hold = Hold(LIMITS, "name", {})
    hold.ended_by, hold.met = ended_by, list(refused)
    return hold


@pytest.mark.parametrize(
    ("limit", "sentence", "where"),
    [
        (MEMORY, "had more memory than the 2 GiB that it may have", "this is the default: give it more with --memory"),
        (PROCESSES, "had more processes and threads than the 100 that it may have", "--processes sets this"),
        (DISK, "took more of the disk than the 1 GiB that it may take", "/p.yaml:7 sets this; no option can raise it"),
        (FILES, "added more files and folders than the 2000000 that it may add", "--files sets this"),
        (OUTPUT, "wrote more than the 1000 bytes of output that it may write", "--output sets this"),
    ],
)
def test_what_ended_it(limit: str, sentence: str, where: str) -> None:
    assert (exceeded(held(limit)), raised(held(limit))) == (f"killed: the program {sentence}", where)


def test_an_install_has_no_options() -> None:
    assert raised(held(MEMORY), by_option=False) == "this is the default: set more under `limits` in policy.yaml"
    assert exceeded(held(MEMORY), "an install step").startswith("killed: an install step had more memory")


def test_what_was_refused() -> None:
    assert met(held("", PROCESSES)) == [
        "it was refused a process or a thread, because it may have 100; --processes sets this"
    ]
    assert met(held("", MEMORY))[0].startswith(
        "a process was killed because all together had more memory than the 2 GiB"
    )


def test_the_object_of_an_outcome() -> None:
    found = as_json(held(MEMORY), 9.5)
    assert found["timeout"] == 9.5
    assert found["memory"] == {"limit": 2 << 30, "set_by": "default", "held_by": "watcher"}
    assert found["time"] == {"limit": 9.5, "set_by": "--timeout", "held_by": "runner"}
    assert found["files"] == {"limit": 2_000_000, "set_by": "--files", "held_by": "watcher"}
    assert (found["strong"], found["ended_by"]) == (False, "memory")
    assert str(found["reason"]).endswith("that it may have; this is the default: give it more with --memory")
    assert (as_json(held(), None)["ended_by"], as_json(held(), None)["reason"]) == (None, "")


@pytest.mark.parametrize(
    ("killed_for", "code", "words", "ended_by", "refused"),
    [
        ("output", 137, b"", "output", []),
        ("", 128 + 25, b"", "disk", []),  # SIGXFSZ
        ("", 137, b"", "", []),
        ("", 1, b"RuntimeError: can't start new thread", "", [PROCESSES]),
        ("", 0, b"sh: Resource temporarily unavailable", "", []),
    ],
)
def test_how_it_ended(killed_for: str, code: int, words: bytes, ended_by: str, refused: list[str]) -> None:
    hold = held()
    hold.tiers[PROCESSES] = "rlimit"
    hold.finish(killed_for, code, words)
    assert (hold.ended_by, hold.met) == (ended_by, refused)
