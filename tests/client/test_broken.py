"""Connections that break off, and servers that are none."""

from __future__ import annotations

import asyncio
import secrets
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from jhansi_runner.client import AsyncClient, Client, JhansiError
from support.serving import serving, socket_of
from support.user import User, alive, ordinary_user, wait_for


@contextmanager
def cutting(user: User, mark: bytes, times: int) -> Iterator[str]:
    """The address of a way to their server which breaks, so many times, when the mark comes by in an answer."""
    left = [times]

    def carry(near: socket.socket) -> None:
        with near, socket.socket(socket.AF_UNIX) as far, suppress(OSError):
            far.connect(f"{user.state}/run/service.sock")
            other = {near: far, far: near}
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(1 << 16)
                    other[end].sendall(data)
                    cut = end is far and mark in data and left[0] > 0
                    left[0] -= cut
                    if cut or not data:
                        return

    with _listening(carry) as address:
        yield address


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of something that answers everything with these bytes."""

    def reply(near: socket.socket) -> None:
        with near, suppress(OSError):
            near.recv(1 << 16)
            near.sendall(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            near.shutdown(socket.SHUT_WR)
            while near.recv(1 << 16):  # or what it did not read breaks the answer off
                pass

    with _listening(reply) as address:
        yield address


@contextmanager
def _listening(each: object) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    threading.Thread(target=each, args=(near,), daemon=True).start()  # type: ignore[arg-type]

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_a_stream_that_breaks_off_is_resumed_where_it_was(owner: User, client: Client) -> None:
    with client.create() as sandbox, cutting(owner, b"first", 1) as address, Client(address) as far:
        run = sandbox.start(command="echo first; sleep 0.3; echo second")
        events = list(far.run(run.id).events())
        assert "".join(event.text for event in events) == "first\nsecond\n"
        assert len({event.number for event in events}) == len(events)
        assert events[-1].name == "done"


def test_one_that_breaks_off_again_and_again_is_given_up(owner: User, client: Client) -> None:
    with client.create() as sandbox, cutting(owner, b"data:", 99) as address, Client(address) as far:
        run = sandbox.start(command="for i in 1 2 3 4 5; do echo $i; sleep 0.2; done")
        with pytest.raises(JhansiError) as caught:
            list(far.run(run.id).events())
        assert caught.value.code == "connection_lost"
        assert run.wait().ok, "it goes on"


def test_one_that_is_not_detached_is_not_resumed_and_its_run_ends(owner: User, client: Client) -> None:
    with client.create() as sandbox, cutting(owner, b"begun", 1) as address, Client(address) as far:
        with pytest.raises(JhansiError) as caught:
            list(far.sandbox(sandbox.id).stream(command="echo begun; sleep 1000"))
        assert caught.value.code == "connection_lost"
        wait_for(lambda: sandbox.runs()[0].info.state == "cancelled")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 302 Found\r\nLocation: http://else.test/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b'HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\n{"error": []}',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_what_does_not_speak_as_our_server_does_is_said(answer: bytes) -> None:
    with answering(answer) as address, Client(address) as client:
        for ask in (lambda: client.sandbox("sb_1"), lambda: client.create(), lambda: client.run("run_1").refresh()):
            with pytest.raises(JhansiError) as caught:
                ask()
            assert caught.value.code == "bad_answer"


def test_an_answer_that_is_cut_short_is_a_lost_connection() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as address, Client(address) as client:
        with pytest.raises(JhansiError) as caught:
            client.health()
        assert caught.value.code == "connection_lost"


def test_a_server_that_is_killed_is_a_lost_connection_and_its_run_is_lost() -> None:
    mark = f"mark-{secrets.token_hex(8)}"
    with ordinary_user() as user:
        with serving(user) as server, Client(socket_of(user)) as client:
            sandbox = client.create()
            events = sandbox.stream(command=f"sh -c 'echo begun; while :; do sleep 1; done' {mark}")
            assert any("begun" in event.text for event in events)
            server.kill()
            with pytest.raises(JhansiError) as caught:
                list(events)
            assert caught.value.code == "connection_lost"
            wait_for(lambda: not alive(mark))
        with serving(user), Client(socket_of(user)) as client:
            [run] = client.sandbox(sandbox.id).runs()
            assert run.info.state == "lost"
            assert run.wait().state == "lost"


@pytest.mark.parametrize("waits", [False, True])
def test_what_went_wrong_in_a_sandbox_is_not_hidden_by_its_server_being_gone(*, waits: bool) -> None:
    with ordinary_user() as user, serving(user) as server:

        async def use() -> None:
            async with AsyncClient(socket_of(user)) as client, await client.create():
                server.kill()
                raise KeyError("mine")

        with pytest.raises(KeyError, match="mine"):
            if waits:
                asyncio.run(use())
            with Client(socket_of(user)) as client, client.create():
                server.kill()
                raise KeyError("mine")


def test_a_sandbox_that_cannot_be_deleted_in_the_end_is_told() -> None:
    with ordinary_user() as user, serving(user) as server:
        with pytest.raises(JhansiError) as caught, Client(socket_of(user)) as client, client.create():
            server.kill()
        assert caught.value.code in ("connection_lost", "no_server")
