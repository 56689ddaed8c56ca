"""Whatever comes over the control sockets, it costs at most the one who sent it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from jhansi_runner.proxy.ledger import Entry, Ledger
from jhansi_runner.proxy.service.control import Control
from jhansi_runner.proxy.service.messages import (
    Registration,
    Report,
    closed_message,
    report_message,
    write_registration,
)
from jhansi_runner.proxy.service.runs import Runs
from jhansi_runner.proxy.service.socket_path import bound, connected
from support.descriptors import descriptors

POLICY = 'version: 1\nregistries:\n  pypi: {enabled: true, upstream: "https://mirror.test/simple/"}\ndefault: allow\n'
ONE = Registration("one", "box", "install", False, (("policy.yaml", POLICY, "main"),))
REPORT = Report("one", "CONNECT", "other.test:443", "JR-GATE-HOST", "no")


@dataclass
class Service:
    """A control socket at work in this loop; `gate` is the gate's end of its socket."""

    folder: str
    gate: socket.socket
    control: Control
    ledger: Ledger
    astray: list[Any] = field(default_factory=list)

    async def connect(self) -> socket.socket:
        """A greeted runner's connection."""
        endpoint = connected(self.folder, "key")
        assert endpoint is not None
        endpoint.setblocking(False)
        assert await _message(endpoint) == {"serving": True}
        return endpoint

    async def register(self, registration: Registration | bytes = ONE) -> tuple[socket.socket, dict[str, Any]]:
        """A runner's connection after its registration, and the answer."""
        endpoint = await self.connect()
        if isinstance(registration, bytes):
            payload = os.memfd_create("registration")
            os.write(payload, registration)
        else:
            payload = write_registration(registration)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            socket.send_fds(endpoint, [b"register"], [payload, listener.fileno()])
        os.close(payload)
        return endpoint, await _message(endpoint)

    def rows(self) -> list[dict[str, Any]]:
        """The ledger."""
        return [json.loads(line) for path in Path(self.folder, "l").iterdir() for line in path.open()]

    async def eventually(self, claim: Callable[[], object]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(60):
            while not claim():
                await asyncio.sleep(0.01)


async def _message(endpoint: socket.socket) -> dict[str, Any]:
    async with asyncio.timeout(60):
        return dict(json.loads(await asyncio.get_running_loop().sock_recv(endpoint, 1 << 16) or b"{}"))


@contextlib.asynccontextmanager
async def _serving() -> AsyncIterator[Service]:
    with tempfile.TemporaryDirectory(prefix="jh-") as folder, contextlib.ExitStack() as stack:
        ours, gate = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener = bound(folder, "key")
        for endpoint in (ours, gate, listener):
            endpoint.setblocking(False)
            stack.enter_context(endpoint)
        ledger = Ledger(folder + "/l")
        control = Control(listener, ours, Runs(cast(Any, SimpleNamespace(phrased=None)), ledger))
        ledger.listen(control.tell)
        service = Service(folder, gate, control, ledger)
        asyncio.get_running_loop().set_exception_handler(lambda _, context: service.astray.append(context))
        task = asyncio.create_task(control.serve())
        await asyncio.sleep(0)
        yield service
        assert service.astray == []
        assert not task.done()
        task.cancel()
        asyncio.get_running_loop().remove_reader(ours.fileno())
        ledger.close()


def _run(test: Callable[[Service], Awaitable[None]]) -> None:
    async def within() -> None:
        async with _serving() as service:
            await test(service)

    asyncio.run(within())


def _with(**more: object) -> bytes:
    return json.dumps({**json.loads(report_message(REPORT)), **more}).encode()


MALFORMED = [
    b"x",
    b"\xff\xfe",
    b"[]",
    b"1",
    b"null",
    b"{}",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    report_message(REPORT)[:-5],
    _with(more="x"),
    _with(self="x"),
    json.dumps({"run": "one", "method": "GET"}).encode(),
    _with(run=1),
    _with(run=["one"]),
    _with(run="x" * 2000),
    _with(run="no name"),
    _with(method=None),
    _with(url={"a": 1}),
    _with(url="x" * 5000),
    _with(url="\x1b]0;x\x07"),
    _with(url="\udcff"),
    _with(code=""),
    _with(code="ok"),
    _with(reason=3),
    _with(reason="two\nlines"),
    b'{"closed": 1}',
    b'{"closed": ["one"]}',
    b'{"closed": "one", "run": "one"}',
]


@pytest.mark.parametrize("message", MALFORMED, ids=lambda message: repr(message[:30]))
def test_a_report_that_cannot_be_read_is_a_fault_in_the_ledger_and_the_next_is_read(
    message: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test(service: Service) -> None:
        service.gate.send(message)
        service.gate.send(report_message(REPORT))
        await service.eventually(lambda: len(service.rows()) == 2)
        fault, refusal = service.rows()
        assert (fault["plane"], fault["verdict"], fault["code"]) == ("gate", "fault", "JR-GATE-REPORT")
        assert (refusal["verdict"], refusal["code"], refusal["url"]) == ("deny", "JR-GATE-HOST", "other.test:443")

    _run(test)
    said = capsys.readouterr().err
    assert "malformed" in said
    assert len(said) < 2000
    assert "\x1b" not in said


def test_a_word_about_a_door_that_nobody_closes_changes_nothing() -> None:
    async def test(service: Service) -> None:
        service.gate.send(closed_message("nobody"))
        service.gate.send(report_message(REPORT))
        await service.eventually(lambda: len(service.rows()) == 1)

    _run(test)


NONSENSE = [b"x", b"\xff", b"[]", b"1", b"null", b'"finish"', b"[" * 60_000]


@pytest.mark.parametrize("message", NONSENSE, ids=lambda message: repr(message[:30]))
def test_nonsense_of_a_registered_runner_ends_its_run_alone(message: bytes) -> None:
    async def test(service: Service) -> None:
        runner, answer = await service.register()
        other, _ = await service.register(replace(ONE, run="other"))
        with runner, other:
            assert answer == {"ok": True}
            runner.send(message)
            await service.eventually(lambda: b"close" in _sent(service.gate))
            service.gate.send(closed_message("one"))
            assert await _message(runner) == {}
            service.gate.send(report_message(replace(REPORT, run="other")))
            assert (await _message(other))["entry"]["code"] == "JR-GATE-HOST"
            other.send(b'{"finish": true}')
            await service.eventually(lambda: b"close" in _sent(service.gate))
            service.gate.send(closed_message("other"))
            assert await _message(other) == {"finished": True}
        await service.eventually(lambda: not service.control.busy)

    _run(test)


def _sent(gate: socket.socket) -> bytes:
    """What the gate is told next, b"" for nothing."""
    try:
        data, descriptors, _, _ = socket.recv_fds(gate, 1 << 16, 1)
    except BlockingIOError:
        return b""
    for descriptor in descriptors:
        os.close(descriptor)
    return data


def _given(**more: object) -> bytes:
    fields = {"run": "one", "sandbox": "box", "phase": "run", "offline": False}
    return json.dumps({**fields, "policy": [["policy.yaml", POLICY, "main"]], **more}).encode()


ILL_TYPED = [
    b"",
    b"x",
    b"[]",
    b"[" * 200_000,
    _given(more=1),
    _given(run=["one"]),
    _given(run={}),
    _given(run=""),
    _given(run="x" * 1000),
    _given(run="a\r\nb: c"),
    _given(sandbox=1),
    _given(phase=None),
    _given(offline="no"),
    _given(policy=1),
    _given(policy=[1]),
    _given(policy=[["policy.yaml", 1, "main"]]),
    _given(policy=[["policy.yaml", [], "main"]]),
]


@pytest.mark.parametrize("registration", ILL_TYPED, ids=lambda given: repr(given[:60]))
def test_a_registration_that_cannot_be_read_is_answered_with_why(registration: bytes) -> None:
    async def test(service: Service) -> None:
        before = descriptors()
        runner, answer = await service.register(registration)
        with runner:
            assert answer["error"]
        await service.eventually(lambda: not service.control.busy)
        assert descriptors() <= before
        runner, answer = await service.register()
        with runner:
            assert answer == {"ok": True}

    _run(test)


def test_a_run_is_registered_once() -> None:
    async def test(service: Service) -> None:
        first, _ = await service.register()
        second, answer = await service.register()
        with first, second:
            assert "registered already" in answer["error"]
            service.gate.send(report_message(REPORT))
            assert (await _message(first))["entry"]["code"] == "JR-GATE-HOST"

    _run(test)


def test_finished_comes_after_the_last_refusal_that_the_gate_has_to_report() -> None:
    async def test(service: Service) -> None:
        runner, _ = await service.register()
        with runner:
            runner.send(b'{"finish": true}')
            await service.eventually(lambda: _sent(service.gate) == b'{"close": "one"}')
            for message in (*[report_message(REPORT)] * 3, closed_message("one")):
                service.gate.send(message)
            heard = [await _message(runner) for _ in range(4)]
            assert [row["entry"]["sandbox"] for row in heard[:3]] == ["box"] * 3
            assert heard[3] == {"finished": True}

    _run(test)


def test_a_gate_that_does_not_answer_does_not_hold_a_runner_for_good() -> None:
    async def test(service: Service) -> None:
        runner, _ = await service.register()
        with runner:
            runner.send(b'{"finish": true}')
            assert await _message(runner) == {"finished": True}

    _run(test)


def test_a_gate_that_is_slow_to_read_misses_no_order() -> None:
    async def test(service: Service) -> None:
        with pytest.raises(BlockingIOError):
            for _ in range(100_000):
                service.control._gate.send(b"before")
        registering = asyncio.create_task(service.register())
        await asyncio.sleep(0.1)
        assert not registering.done()
        await service.eventually(lambda: _sent(service.gate).startswith(b'{"door": "one"'))
        runner, answer = await registering
        assert answer == {"ok": True}
        with pytest.raises(BlockingIOError):
            for _ in range(100_000):
                service.control._gate.send(b"before")
        runner.close()
        await asyncio.sleep(0.1)
        await service.eventually(lambda: _sent(service.gate) == b'{"close": "one"}')

    _run(test)


def test_a_runner_that_does_not_read_hears_in_the_end_how_much_it_missed() -> None:
    async def test(service: Service) -> None:
        runner, _ = await service.register()
        with runner:
            for _ in range(5000):
                service.ledger.record(Entry("gate", "deny", "GET", "x", run="one", code="JR-GATE-HOST"))
            runner.send(b'{"finish": true}')
            await service.eventually(lambda: _sent(service.gate) == b'{"close": "one"}')
            service.gate.send(closed_message("one"))
            heard: list[dict[str, Any]] = []
            while not heard or "entry" in heard[-1]:
                heard.append(await _message(runner))
        *told, missed, finished = heard
        assert finished == {"finished": True}
        assert missed["entry"]["code"] == "JR-UNTOLD"
        assert len(told) + int(missed["entry"]["reason"].split()[0]) == 5000
        assert len(service.rows()) == 5000

    _run(test)
