"""The engine itself: it finds what is there to be found, says it again, and makes it small."""

from __future__ import annotations

import json
import mmap
import time
from collections.abc import Callable, Hashable
from pathlib import Path

import pytest
from fuzz import engine
from fuzz.engine import Found, Target, explore
from fuzz.mutate import Mutator

Make = Callable[..., Target]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a target with one input."""
    monkeypatch.setattr(engine, "CORPUS", tmp_path)

    def begin(run: Callable[[bytes], Hashable], data: bytes, **more: object) -> Target:
        (tmp_path / "planted").mkdir()
        (tmp_path / "planted" / "seed").write_bytes(data)
        return Target("planted", run, **more)  # type: ignore[arg-type]

    return begin


def _found(target: Target, seed: int = 1) -> Found:
    with pytest.raises(Found) as caught:
        explore(target, seed, seconds=20)
    return caught.value


def test_a_planted_fault_is_found_and_made_small(make: Make) -> None:
    def run(data: bytes) -> None:
        if b"\xff" in data[3:] and len(data) > 5:
            raise KeyError("planted")

    found = _found(make(run, b"an innocent text of some length"))
    assert "KeyError" in found.what
    assert len(found.data) == 6
    assert any("seed 1" in note for note in found.__notes__)


def test_what_takes_steps_is_found_by_the_answers_on_the_way(make: Make) -> None:
    def run(data: bytes) -> Hashable:
        matched = 0
        while data[matched : matched + 1] == b"deny:"[matched : matched + 1] and matched < 5:
            matched += 1
        assert matched < 5
        return matched

    assert _found(make(run, b"....... deny deny:")).data == b"deny:"


def test_documents_stay_documents_and_change_inside(make: Make) -> None:
    def run(data: bytes) -> None:
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return
        assert not isinstance(document, dict) or document.get("versions", 1) is not None

    seed = json.dumps({"name": "x", "versions": {"1.0.0": {"dist": {}}}}).encode()
    assert json.loads(_found(make(run, seed, kind="json")).data)["versions"] is None


def test_an_input_that_takes_too_long_or_too_much_is_found(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "INPUT_SECONDS", 0.05)
    monkeypatch.setattr(engine, "_HANG_SECONDS", 0.2)
    monkeypatch.setattr(engine, "INPUT_BYTES", 8 << 20)

    def run(data: bytes) -> Hashable:
        if data.startswith(b"slow"):
            end = time.thread_time() + 0.1
            while time.thread_time() < end:
                pass
        while data.startswith(b"hang"):
            pass
        if data.startswith(b"huge"):
            with mmap.mmap(-1, 32 << 20) as memory:  # what the heap has left over from other tests would not show
                memory[:: mmap.PAGESIZE] = bytes(len(memory) // mmap.PAGESIZE)
        return None

    target = make(run, b"x")
    for data, words in ((b"slow", "seconds"), (b"hang", "more than"), (b"huge", "MiB")):
        with pytest.raises(Found, match=f"TooMuch.*{words}"):
            engine.check(target, data)
    engine.check(target, b"ordinary")


@pytest.mark.parametrize("kind", ["", "json", "xml"])
def test_the_same_seed_gives_the_same_inputs(kind: str) -> None:
    pool = [b'{"a": [1, "x", {"b": null}]}', b"<a><b>x</b></a>"]
    one, same, other = (Mutator(seed, list(pool), (b"token",), kind) for seed in (7, 7, 8))
    inputs = [one.next() for _ in range(300)]
    assert inputs == [same.next() for _ in range(300)]
    assert inputs != [other.next() for _ in range(300)]
    assert len(set(inputs)) > 200
    assert max(map(len, inputs)) <= 1 << 14
