"""Answers pass the gate in large pieces, whole, and a client costs the gate a few of them, however slow it is."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest
from mitmproxy import options
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.proxy import commands, events, layer, server, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer
from mitmproxy.proxy.mode_specs import ProxyMode
from OpenSSL import SSL

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.gate.authority import ensure_now
from jhansi_runner.proxy.gate.pieces import PIECE_BYTES, LargeAnswers, LargeRecordsLayer
from support.registry import Listing, Upstream
from support.service import Door, gate_memory

MIB = 1 << 20
MITMPROXYS_OWN = 65535
CONNECTIONS = 64


class _Asking(layer.Layer):
    """Connects to a server, asks it, and notes the pieces in which the answer comes."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.pieces: list[bytes] = []

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            assert not (yield commands.OpenConnection(self.context.server))
            yield commands.SendData(self.context.server, b"?")
        elif isinstance(event, events.DataReceived):
            self.pieces.append(event.data)
        elif isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.context.client)


class _Handler(server.LiveConnectionHandler):
    """mitmproxy's handler of a connection, with no hook but ours."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer, options.Options(), ProxyMode.parse("regular"))
        context = Context(self.client, options.Options())
        context.server = Server(address=("127.0.0.1", port))
        self.layer = self.asking = _Asking(context)

    async def handle_hook(self, hook: commands.StartHook) -> None:
        if isinstance(hook, server_hooks.ServerConnectedHook):
            LargeAnswers({self.client.id: self}).server_connected(hook.data)


async def _pieces_of(answer: bytes) -> list[bytes]:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    found: asyncio.Future[list[bytes]] = asyncio.get_running_loop().create_future()
    origin = await asyncio.start_server(say, "127.0.0.1", 0)

    async def gate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = _Handler(origin.sockets[0].getsockname()[1], reader, writer)
        await handler.handle_client()
        found.set_result(handler.asking.pieces)

    proxy = await asyncio.start_server(gate, "127.0.0.1", 0)
    async with origin, proxy, asyncio.timeout(120):
        _, client = await asyncio.open_connection("127.0.0.1", proxy.sockets[0].getsockname()[1])
        pieces = await found
        client.close()
    return pieces


def test_the_mirrors_answer_is_read_in_large_pieces_and_whole() -> None:
    answer = bytes(range(251)) * (8 * MIB // 251)
    pieces = asyncio.run(_pieces_of(answer))
    assert b"".join(pieces) == answer
    assert MITMPROXYS_OWN < max(map(len, pieces)) <= PIECE_BYTES


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[SSL.Connection, SSL.Connection]:
    """Both sides of a TLS connection in memory: the gate's and a client's."""
    folder = str(tmp_path_factory.mktemp("authority"))
    ensure_now(folder)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_privatekey_file(f"{folder}/{paths.AUTHORITY_FILE}")
    context.use_certificate_file(f"{folder}/{paths.AUTHORITY_CERTIFICATE}")
    ours, client = SSL.Connection(context), SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
    ours.set_accept_state()
    client.set_connect_state()
    for _ in range(3):
        for one, other in ((client, ours), (ours, client)):
            with contextlib.suppress(SSL.WantReadError):
                one.do_handshake()
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(one.bio_read(1 << 16))
    return ours, client


@pytest.mark.parametrize(
    ("size", "pieces"), [(0, 0), (1, 1), (PIECE_BYTES, 1), (PIECE_BYTES + MITMPROXYS_OWN, 2), (MIB, 8), (5 * MIB, 40)]
)
def test_what_is_encrypted_is_handed_on_in_large_pieces_and_whole(
    spoken: tuple[SSL.Connection, SSL.Connection], size: int, pieces: int
) -> None:
    ours, client = spoken
    peer = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    context = Context(peer, options.Options())
    ServerTLSLayer(context)
    tls = LargeRecordsLayer(context)
    tls.tls = ours
    said = bytes(range(256)) * (size // 256) + b"!" * (size % 256)
    if said:
        ours.sendall(said)
    sent = list(tls.tls_interact())
    assert len(sent) == pieces
    heard = bytearray()
    for command in sent:
        assert isinstance(command, commands.SendData)
        client.bio_write(command.data)
        with contextlib.suppress(SSL.WantReadError):
            while True:
                heard += client.recv(MIB)
    assert bytes(heard) == said
    assert list(tls.tls_interact()) == []


def _asked(door: Door, up: Upstream, big: Listing) -> ssl.SSLSocket:
    connection = door.tls()
    path = f"/files/127.0.0.1:{up.files_port}{big.path}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {door.public}\r\nConnection: close\r\n\r\n".encode())
    return connection


def test_clients_cost_a_few_pieces_each_however_slow_and_large(door: Door, home: paths.Paths, up: Upstream) -> None:
    big = up.add_virtual("demo-2.0-py3-none-any.whl", 1 << 30)
    assert door.get("/simple/demo/").status == 200
    before, filled, emptied, taken = gate_memory(home), 0, 0, 0
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(_asked(door, up, big)) for _ in range(CONNECTIONS)]
        for connection in slow:
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
        for _ in range(32):
            for connection in slow:
                connection.recv(1 << 14)
            filled = max(filled, gate_memory(home))
        while more := slow[0].recv(PIECE_BYTES):
            taken += len(more)
            if taken % (16 * MIB) < len(more):
                emptied = max(emptied, gate_memory(home))
    assert taken > (1 << 30) - MIB
    assert filled - before < CONNECTIONS * 8 * PIECE_BYTES
    assert emptied - filled < 8 * MIB
