"""What is too much, by what processes and the host say; and never more than a moment at a time."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import pytest

from jhansi_runner.runner.limits import held, watcher
from jhansi_runner.runner.limits.held import Held
from jhansi_runner.runner.limits.patience import Patience
from jhansi_runner.runner.limits.proc import Processes
from jhansi_runner.runner.limits.watcher import Watcher

MIB = 1 << 20


def status(anonymous: int = 0, shared: int = 0, parent: int = 1, threads: int = 1) -> bytes:
    """In MiB."""
    return (
        f"Name:\tx\nState:\tS (sleeping)\nPPid:\t{parent}\nRssAnon:\t{anonymous << 10} kB\n"
        f"RssShmem:\t{shared << 10} kB\nThreads:\t{threads}\n"
    ).encode()


def host(anonymous: int = 0, shared: int = 0, swapped: int = 0) -> bytes:
    memory = f"MemTotal: 1 kB\nAnonPages: {anonymous << 10} kB\nShmem: {shared << 10} kB\n"
    return f"{memory}SwapTotal: {5000 << 10} kB\nSwapFree: {5000 - swapped << 10} kB\n".encode()


class Said(Processes):
    """Processes that say this of themselves; with `fleeting` there is one more, which has always gone.

    `waiting` are those that wait for a child of vfork, by how many threads.
    """

    def __init__(
        self, texts: Mapping[str, bytes], *, fleeting: bool = False, waiting: Mapping[str, int] | None = None
    ) -> None:
        self.pids, self._texts, self._next, self._fleeting = [], texts, 1000, fleeting
        self._waiting, self.patience = waiting or {}, Patience()

    def find(self) -> None:
        self._next += 1
        self.pids = [*self._texts, *([str(self._next)] if self._fleeting else [])]

    def status(self, pid: str, _needed: bytes = b"") -> bytes:
        return self._texts.get(pid, b"")

    def rollup(self, _pid: str) -> bytes:
        return b""

    def lenders(self, pid: str) -> int:
        return self._waiting.get(pid, 0)

    def used_in(self, _places: object) -> list[object]:  # type: ignore[override]
        return []


def look(processes: Said, monkeypatch: pytest.MonkeyPatch, now: bytes = b"", times: int = 1) -> list[str]:
    """What each look says, with 100 MiB and 10 threads allowed, where the host said 1,000 MiB of each before."""
    monkeypatch.setattr(watcher, "meminfo", lambda: now or host(1000, 1000))
    monkeypatch.setattr(watcher, "_STEP_SECONDS", 60)
    watch = Watcher(processes, 100 * MIB, 10, host(1000, 1000))
    return [watch.look() for _ in range(times)]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"2": status(60), "3": status(39)}, ""),
        ({"2": status(60), "3": status(41)}, "memory"),
        ({"2": status(60, 30), "3": status(0, 41)}, "memory"),
        ({"2": status(1, threads=4), "3": status(1, threads=7)}, "processes"),
        ({"2": status(60), "3": status(60, parent=2)}, "memory"),
        ({}, ""),
    ],
)
def test_what_processes_say(texts: Mapping[str, bytes], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(Said(texts), monkeypatch) == [said]


@pytest.mark.parametrize(
    ("waiting", "children", "said"),
    [
        (1, [60], ""),
        (1, [60, 60], "memory"),
        (2, [60, 60], ""),
        (3, [50, 70, 60], ""),
        (3, [60, 60, 41], "memory"),
        (1, [100], "memory"),
        (0, [60], "memory"),
    ],
)
def test_children_of_vfork_have_what_their_parent_has(
    waiting: int, children: list[int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"2": status(60), **{str(pid): status(each, parent=2) for pid, each in enumerate(children, 3)}}
    assert look(Said(texts, waiting={"2": waiting}), monkeypatch) == [said]


@pytest.mark.parametrize(("grown", "seconds", "said"), [(101, 9, "memory"), (101, -9, ""), (100, 9, "")])
def test_they_are_none_when_that_lasts_and_the_host_has_more_too(
    grown: int, seconds: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_LENT_SECONDS", -seconds)
    texts = {"2": status(60), "3": status(60, parent=2)}
    assert look(Said(texts, waiting={"2": 1}), monkeypatch, host(1000 + grown, 1000)) == [said]


class Sharing(Said):
    """Many processes that share all that they have, and the eldest, which has as much for itself."""

    def __init__(self, eldest: int) -> None:
        super().__init__({str(pid): status(eldest if pid == 2 else 60) for pid in range(2, 11)})
        self._eldest = eldest

    def rollup(self, pid: str) -> bytes:
        return f"\nPss_Anon: {(self._eldest if pid == '2' else 7) << 10} kB\nSwapPss: 0 kB\n".encode()


@pytest.mark.parametrize(("eldest", "seconds", "said"), [(101, -1, "memory"), (40, -1, ""), (40, 60, "")])
def test_who_may_have_the_most_is_read_first_where_not_all_can_be_read(
    eldest: int, seconds: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "_EXACT_SECONDS", seconds)
    assert look(Sharing(eldest), monkeypatch) == [said]


def test_where_not_all_can_be_read_the_host_has_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "_EXACT_SECONDS", -1)
    assert look(Sharing(40), monkeypatch, host(1155, 1000), times=4) == [""] * 4  # it shows nearly 60, and the limit
    assert look(Sharing(40), monkeypatch, host(1165, 1000), times=4) == ["", "", "memory", "memory"]


class Fitful(Said):
    """One process that has 101 MiB in all of its looks but every so many."""

    def __init__(self, every: int) -> None:
        super().__init__({})
        self._every, self._times = every, 0

    def find(self) -> None:
        self.pids, self._times = ["2"], self._times + 1

    def status(self, _pid: str, _needed: bytes = b"") -> bytes:
        return status(1 if self._times % self._every == 0 else 101)


@pytest.mark.parametrize(("every", "said"), [(2, set()), (3, set()), (9, {"memory"}), (16, {"memory"})])
def test_what_is_nearly_always_too_much_is(every: int, said: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(look(Fitful(every), monkeypatch, times=50)) - {""} == said


@pytest.mark.parametrize(("grown", "hidden", "said"), [(101, True, "memory"), (100, True, ""), (101, False, "")])
def test_shared_memory_that_cannot_be_measured(
    grown: int, hidden: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(_: object, *, threads: bool) -> Generator[None, None, Held]:
        yield
        return Held({}, hidden=hidden and threads, settled=True)

    monkeypatch.setattr(held, "in_memory", found)
    assert look(Said({"2": status(1)}), monkeypatch, host(1000, 1000 + grown)) == [said]
    assert look(Said({"2": status(1)}), monkeypatch, host(1000, 900, 100 + grown)) == [said]


def test_what_others_have_does_not_count_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look(Said({"2": status(1)}), monkeypatch, host(9000, 1000), times=5) == [""] * 5


@pytest.mark.parametrize(("grown", "said"), [(101, ["", "", "memory"]), (100, ["", "", ""])])
def test_memory_of_processes_that_have_always_gone(
    grown: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look(Said({"2": status(0)}, fleeting=True), monkeypatch, host(1000 + grown, 1000), times=3) == said


def test_a_look_takes_a_moment_and_goes_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "_STEP_SECONDS", -1)
    watch = Watcher(Said({str(pid): status(1) for pid in range(2, 500)}), 100 * MIB, None, host())
    for _ in range(100):
        assert (watch.look(), watch.delay) == ("", 0)
    watch.close()
