"""A threaded HTTP/1.1 server on loopback that can be killed with its connections and started again."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.registry.reply import Reply

HOST = "127.0.0.1"


class LoopbackServer(ThreadingHTTPServer):
    """Serves in threads of its own from `start` to `stop`. With a context it speaks TLS.

    An exception that is no fault of the network ends in `errors`: a test must not pass on a broken server.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.errors: list[Exception] = []
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((HOST, port), handler)

    def server_bind(self) -> None:
        """Binds without the look-up of a host name that the base class makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.socket.getsockname()[1]

    def start(self) -> None:
        """Serves in the background."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Closes the listener and every open connection, whatever they are in the middle of."""
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accepts. The TLS handshake happens in the connection's own thread, on its first read."""
        connection, address = super().get_request()
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._guard:
            self._open.add(connection)
        return connection, address

    def close_request(self, request: Any) -> None:
        """Forgets a connection that ended."""
        with self._guard:
            self._open.discard(request)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Keeps an error for the test, unless a client or a fault merely broke the connection."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.errors.append(error)


class ReplyHandler(BaseHTTPRequestHandler):
    """Knows how to put a `Reply` on the wire, true or not. Silent on stderr."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are recorded, not printed."""

    def send(self, reply: Reply) -> None:
        """Writes the answer; the body as it comes, no chunk is kept."""
        if reply.before:
            reply.before()
        if reply.status:
            self._send_head(reply)
        if self.command != "HEAD" and reply.status not in {0, 304}:
            self._send_body(reply)
        if reply.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.socket.close(self.connection)
        if reply.ending != "keep" or reply.framing == "close":
            self.close_connection = True

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.framing == "close":
            self.send_header("Connection", "close")
        elif reply.status != 304:
            self.send_header("Content-Length", str(reply.length))
        self.end_headers()

    def _send_body(self, reply: Reply) -> None:
        for chunk in reply.body:
            if reply.framing == "chunked" and chunk:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            else:
                self.wfile.write(chunk)
        if reply.framing == "chunked" and reply.ending == "keep":
            self.wfile.write(b"0\r\n\r\n")
