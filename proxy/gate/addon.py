"""mitmproxy's side of the gate: trivial hooks around the pure decisions in `verdict.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mitmproxy import connection, http
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer, ServerTLSLayer
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler

from jhansi_runner.proxy.gate.bounded import BoundedHttpLayer
from jhansi_runner.proxy.gate.pieces import LargeRecordsLayer
from jhansi_runner.proxy.gate.verdict import (
    PLAIN,
    PROTOCOL,
    Refusal,
    Seen,
    check_request,
    check_tunnel,
    forwarded,
    legible,
)
from jhansi_runner.proxy.mirror.answer import CODE_HEADER, REASON_HEADER, RUN_HEADER
from jhansi_runner.proxy.registries.interface import Registry
from jhansi_runner.proxy.registries.upstreams import Upstream

_IDLE_SECONDS = 120
_METHOD_CHARACTERS, _CHARACTERS = 64, 400


@dataclass(frozen=True, slots=True)
class Door:
    """A doorway that the gate listens at: the run it belongs to, and the registries its policy lets out."""

    run: str
    upstreams: tuple[Upstream, ...]


class DoorBook:
    """Which connection came in by which door. mitmproxy's servers register their connections here.

    `doors` and `handlers` are those of all connections.
    """

    def __init__(self, door: Door, doors: dict[str, Door], handlers: dict[str, ProxyConnectionHandler]) -> None:
        self.connections: dict[tuple[object, ...] | str, ProxyConnectionHandler] = {}
        self._door, self._doors, self._handlers = door, doors, handlers

    @contextmanager
    def register_connection(
        self, connection_id: tuple[object, ...] | str, handler: ProxyConnectionHandler
    ) -> Iterator[None]:
        """Remember a connection's door while it lasts."""
        handler.timeout_watchdog.timeout = _IDLE_SECONDS
        self.connections[connection_id] = handler
        self._doors[str(connection_id)] = self._door
        self._handlers[str(connection_id)] = handler
        try:
            yield
        finally:
            del self.connections[connection_id]
            del self._doors[str(connection_id)]
            del self._handlers[str(connection_id)]


@contextmanager
def _fail_closed(flow: http.HTTPFlow) -> Iterator[None]:
    """mitmproxy logs what a hook raises and goes on; we do not go on."""
    try:
        yield
    except Exception:
        flow.kill()
        raise


class Gate:
    """Decides tunnels and requests, and sends what is allowed to the mirror.

    `tell(run, method, url, refusal)` hears of every refusal.
    """

    def __init__(
        self,
        doors: Mapping[str, Door],
        mirror: tuple[str, int],
        registries: Mapping[str, Registry],
        tell: Callable[[str, str, str, Refusal], None],
    ) -> None:
        self._doors, self._mirror, self._registries, self._tell = doors, mirror, registries, tell
        self._tunnels: dict[str, str] = {}

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget the tunnel of a connection."""
        self._tunnels.pop(client.id, None)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Decide a tunnel."""
        with _fail_closed(flow):
            self._decide_tunnel(flow)

    def _decide_tunnel(self, flow: http.HTTPFlow) -> None:
        host, port = flow.request.host, flow.request.port
        door = self._doors.get(flow.client_conn.id)
        upstreams: Sequence[Upstream] = door.upstreams if door else ()
        refusal = check_tunnel(host, port, upstreams)
        if refusal is None:
            self._tunnels[flow.client_conn.id] = host
        else:
            self._refuse(flow, f"{host}:{port}", refusal)

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """HTTP first, then TLS inside the tunnel, then HTTP again: nothing is ever passed on raw."""
        context = nextlayer.context
        data = nextlayer.data_client()
        if len(context.layers) == 1 and isinstance(context.layers[0], HttpProxy):
            nextlayer.layer = self._http(context, HTTPMode.regular)
        elif isinstance(context.layers[-1], ClientTLSLayer):
            nextlayer.layer = self._http(context, HTTPMode.transparent)
        elif len(data) >= 3:
            if starts_like_tls_record(data):
                server_tls = ServerTLSLayer(context)
                server_tls.child_layer = LargeRecordsLayer(context)
                nextlayer.layer = server_tls
            else:
                host = self._tunnels.get(context.client.id, "")
                self._report(context.client.id, "CONNECT", host, Refusal(PLAIN, f"what was sent to {host} is not TLS"))
                nextlayer.layer = self._http(context, HTTPMode.transparent)

    def _http(self, context: Context, mode: HTTPMode) -> BoundedHttpLayer:
        client = context.client.id

        def refused(why: str) -> None:
            self._report(client, "", self._tunnels.get(client, ""), Refusal(PROTOCOL, why))

        return BoundedHttpLayer(context, mode, refused)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Decide a request, and make the mirror's request anew from the answer."""
        with _fail_closed(flow):
            self._decide_request(flow)

    def _decide_request(self, flow: http.HTTPFlow) -> None:
        door = self._doors.get(flow.client_conn.id)
        request = flow.request
        path, mark, _ = request.path.partition("?")  # a query is refused, and its words may be somebody's secret
        url = f"{request.scheme}://{request.host}{path}{'?***' if mark else ''}"[:2048]
        if flow.error is not None:  # mitmproxy answers it with 400
            self._report(flow.client_conn.id, request.method, url, Refusal(PROTOCOL, flow.error.msg[:200]))
            return
        seen = Seen(
            tunnel=self._tunnels.get(flow.client_conn.id, ""),
            sni=flow.client_conn.sni,
            scheme=request.scheme,
            host_headers=request.headers.get_all("host"),
            method=request.method,
            path=request.path,
            http_version=request.http_version,
            headers={name.lower(): value for name, value in request.headers.items()},
        )
        found = check_request(seen, door.upstreams if door else (), self._registries)
        if isinstance(found, Refusal) or door is None:
            self._refuse(flow, url, found if isinstance(found, Refusal) else Refusal(PLAIN, "no door"))
            return
        headers = {**forwarded(seen.headers), "host": "mirror", RUN_HEADER: door.run}
        host, port = self._mirror
        flow.request = http.Request(
            host=host,
            port=port,
            method=request.method.encode(),
            scheme=b"http",
            authority=b"",
            path=found.encode(),
            http_version=b"HTTP/1.1",
            headers=http.Headers([(name.encode(), value.encode()) for name, value in headers.items()]),
            content=b"",
            trailers=None,
            timestamp_start=request.timestamp_start,
            timestamp_end=request.timestamp_end,
        )

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream the mirror's answer; the reason phrase, which pip prints, is the mirror's."""
        response = flow.response
        if response is None:
            return
        response.stream = True
        for name in (CODE_HEADER, REASON_HEADER):
            response.headers.pop(name, None)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Dial nothing but the mirror, whatever went wrong before."""
        if data.server.address != self._mirror:
            data.server.error = "the gate dials nothing but the mirror"

    def _refuse(self, flow: http.HTTPFlow, url: str, refusal: Refusal) -> None:
        self._report(flow.client_conn.id, flow.request.method, url, refusal)
        body = f"jhansi-runner: {refusal.reason} [{refusal.code}]\n"
        headers = {"content-type": "text/plain; charset=utf-8", "connection": "close"}
        flow.response = http.Response.make(403, body, headers)
        flow.response.reason = f"jhansi-runner: {refusal.reason} [{refusal.code}]"

    def _report(self, connection: str, method: str, url: str, refusal: Refusal) -> None:
        door = self._doors.get(connection)
        shown = Refusal(refusal.code, legible(refusal.reason, _CHARACTERS))
        self._tell(door.run if door else "", legible(method, _METHOD_CHARACTERS), legible(url, _CHARACTERS), shown)
