"""A small load generator: keep-alive connections, the next request as soon as the last answer is in.

Arguments: `hits` or `drain`, seconds, connections, URL, further headers. `hits` asks again and again for so many
seconds; `drain` reads one answer per connection to its end, or for so many seconds. Both print one JSON object
(`Report`). It needs the standard library only, and is run in a process of its own.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from typing import TypedDict
from urllib.parse import urlsplit

_BLOCK = 1 << 18
_UNTIL_CLOSED = 1 << 62


class Report(TypedDict):
    """`answers` that came whole, those among them that `failed` (no status 200), bytes with headers, and seconds."""

    answers: int
    failed: int
    bytes: int
    seconds: float


class Connection:
    """One connection, and what came over it."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self._address, self._request = address, request
        self.answers = self.failed = self.received = 0
        self.open()

    def open(self) -> None:
        """Connect, and send the next request."""
        self.socket = socket.create_connection(self._address, 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ask()

    def ask(self) -> None:
        """Send the next request."""
        self._begun = False
        self._tail = b""
        self.socket.sendall(self._request)

    def read(self) -> bool:
        """Take in what is there; whether the answer is whole now. Raises OSError when it broke off."""
        data = self.socket.recv(_BLOCK)
        self.received += len(data)
        if not data:
            if not self._begun or self._left != _UNTIL_CLOSED:
                raise OSError("the server closed the connection within an answer")
            return True
        if not self._begun:
            self._tail += data
            head, separator, data = self._tail.partition(b"\r\n\r\n")
            if not separator:
                return False
            self._begin(head.lower())
        if self._chunked:
            self._tail = (self._tail + data)[-8:]
            return self._tail.endswith(b"0\r\n\r\n")
        self._left -= len(data) if self._left != _UNTIL_CLOSED else 0
        return self._left == 0

    def _begin(self, head: bytes) -> None:
        self._begun, self._tail = True, b""
        self.failed += head[9:12] != b"200"
        self._chunked = b"transfer-encoding: chunked" in head
        length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        self._left = int(length) if length else _UNTIL_CLOSED
        self.closing = b"connection: close" in head or (not length and not self._chunked)


def run(mode: str, seconds: float, connections: list[Connection]) -> Report:
    """Ask (`hits`) or read to the end (`drain`). Raises OSError when an answer breaks off."""
    selector = selectors.EpollSelector()
    for one in connections:
        selector.register(one.socket, selectors.EVENT_READ, one)
    began = time.perf_counter()
    while selector.get_map() and time.perf_counter() - began < seconds:
        for key, _ in selector.select(0.5):
            connection: Connection = key.data
            if not connection.read():
                continue
            connection.answers += 1
            if mode == "hits" and not connection.closing:
                connection.ask()
                continue
            selector.unregister(connection.socket)
            connection.socket.close()
            if mode == "hits":
                connection.open()
                selector.register(connection.socket, selectors.EVENT_READ, connection)
    return Report(
        answers=sum(one.answers for one in connections),
        failed=sum(one.failed for one in connections),
        bytes=sum(one.received for one in connections),
        seconds=time.perf_counter() - began,
    )


def main() -> None:
    """Run as the arguments say."""
    mode, seconds, count, url, *headers = sys.argv[1:]
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: */*", *headers, "", ""]
    request = "\r\n".join(lines).encode()
    address = parts.hostname or "", parts.port or 80
    print(json.dumps(run(mode, float(seconds), [Connection(address, request) for _ in range(int(count))])))


if __name__ == "__main__":
    main()
