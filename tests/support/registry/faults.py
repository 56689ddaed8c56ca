"""Ways in which an upstream misbehaves, each a change to a request or to the answer."""

from __future__ import annotations

import itertools
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from threading import Event

from support.registry.pages import PLAIN_HTML
from support.registry.reply import Framing, Reply, Request

_BLOCK = 1 << 20


def _same_request(request: Request) -> Request:
    return request


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour. Make it with the class methods, hand it to `Upstream.fault`."""

    on_reply: Callable[[Reply], Reply]
    on_request: Callable[[Request], Request] = _same_request
    release: Event = field(default_factory=Event)

    @classmethod
    def corrupt(cls, at: int = 0) -> Fault:
        """One bit of the byte at offset `at` is flipped; the length stays."""
        return cls(lambda reply: replace(reply, body=_flipped(reply.body, at)))

    @classmethod
    def swap(cls, data: bytes, content_type: str | None = None) -> Fault:
        """Other bytes, served as if they were right: a trojan, or a page that does not parse."""

        def on_reply(reply: Reply) -> Reply:
            headers = {**reply.headers, "Content-Type": content_type} if content_type else reply.headers
            return replace(reply, headers=headers, body=[data], length=len(data))

        return cls(on_reply)

    @classmethod
    def garbage(cls) -> Fault:
        """A page that starts like JSON and does not parse."""
        return cls.swap(b'{"meta": {"api-version": "1.1"}, "files": [{"filename": \xff')

    @classmethod
    def empty(cls) -> Fault:
        """A good status, good headers, Content-Length 0."""
        return cls.swap(b"")

    @classmethod
    def no_answer(cls) -> Fault:
        """The connection is closed without a byte of an answer."""
        return cls(lambda _: Reply(0, ending="cut"))

    @classmethod
    def short(cls, keep: int, framing: Framing = "length") -> Fault:
        """The body ends after `keep` bytes.

        Under "length" and "chunked" the client can see it; under "close" only size and hash tell.
        """

        def on_reply(reply: Reply) -> Reply:
            return replace(reply, body=_first(reply.body, keep), framing=framing, ending="cut")

        return cls(on_reply)

    @classmethod
    def long(cls, extra: int, *, declared: bool = True) -> Fault:
        """`extra` zero bytes after the true body.

        Declared: Content-Length counts them. Undeclared: it does not, so that they follow the answer on the
        same connection, where a careless client reads them as the start of its next answer.
        """

        def on_reply(reply: Reply) -> Reply:
            length = reply.length + extra if declared else reply.length
            return replace(reply, body=itertools.chain(reply.body, [bytes(extra)]), length=length)

        return cls(on_reply)

    @classmethod
    def endless(cls) -> Fault:
        """After the true body zero bytes without end, chunked, until the client goes away."""

        def on_reply(reply: Reply) -> Reply:
            body = itertools.chain(reply.body, itertools.repeat(bytes(1 << 16)))
            return replace(reply, body=body, framing="chunked")

        return cls(on_reply)

    @classmethod
    def disconnect(cls, at: int) -> Fault:
        """The connection is reset once `at` bytes of the body were handed to the kernel."""
        return cls(lambda reply: replace(reply, body=_first(reply.body, at), ending="reset"))

    @classmethod
    def status(cls, status: int, retry_after: int | str | None = None) -> Fault:
        """An error status with a short text, and `Retry-After` where given."""
        text = b"made to fail\n"
        headers = {"Content-Type": "text/plain"}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        return cls(lambda _: Reply(status, headers, [text], len(text)))

    @classmethod
    def redirect(cls, url: str, status: int = 302) -> Fault:
        """The client is sent to another address."""
        return cls(lambda _: Reply(status, {"Location": url}))

    @classmethod
    def html_only(cls) -> Fault:
        """`Accept` is ignored, the page is HTML."""

        def on_request(request: Request) -> Request:
            return request._replace(headers={**request.headers, "accept": PLAIN_HTML})

        return cls(lambda reply: reply, on_request)

    @classmethod
    def hang(cls, release: Event | None = None, after: int | None = None) -> Fault:
        """Nothing moves until `release` is set; then the answer goes on as if nothing had been.

        `after` None: not even a status line. Else the headers and that many bytes of the body come first.
        Stopping the upstream releases too.
        """
        release = release or Event()

        def wait() -> None:
            release.wait()

        def on_reply(reply: Reply) -> Reply:
            if after is None:
                return replace(reply, before=wait)
            return replace(reply, body=_paused(reply.body, after, wait))

        return cls(on_reply, release=release)

    @classmethod
    def trickle(cls, bytes_per_second: int) -> Fault:
        """The body comes at this rate, in twenty pieces a second or byte by byte."""
        return cls(lambda reply: replace(reply, body=_slow(reply.body, bytes_per_second)))

    @classmethod
    def gzip_bomb(cls, size: int) -> Fault:
        """About `size` blanks, gzip-encoded to a thousandth, then the true body: valid JSON once unpacked."""

        def on_reply(reply: Reply) -> Reply:
            packed = _bomb(size, b"".join(reply.body))
            headers = {**reply.headers, "Content-Encoding": "gzip"}
            return replace(reply, headers=headers, body=[packed], length=len(packed))

        return cls(on_reply)


def _flipped(body: Iterable[bytes], at: int) -> Iterator[bytes]:
    for chunk in body:
        if 0 <= at < len(chunk):
            chunk = chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1 :]
        at -= len(chunk)
        yield chunk


def _first(body: Iterable[bytes], keep: int) -> Iterator[bytes]:
    for chunk in body:
        if keep <= 0:
            return
        yield chunk[:keep]
        keep -= len(chunk)


def _paused(body: Iterable[bytes], after: int, wait: Callable[[], None]) -> Iterator[bytes]:
    waited = False
    for chunk in body:
        if not waited and len(chunk) >= after:
            yield chunk[:after]
            wait()
            waited = True
            chunk = chunk[after:]
        after -= len(chunk)
        yield chunk


def _slow(body: Iterable[bytes], bytes_per_second: int) -> Iterator[bytes]:
    step = max(bytes_per_second // 20, 1)
    for chunk in body:
        for start in range(0, len(chunk), step):
            piece = chunk[start : start + step]
            time.sleep(len(piece) / bytes_per_second)
            yield piece


def _bomb(size: int, body: bytes) -> bytes:
    # A block that ends in a full flush refers to nothing before it, so the packed block can be repeated.
    blanks = b" " * _BLOCK
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    count = max(size // _BLOCK, 1)
    checksum = 0
    for _ in range(count):
        checksum = zlib.crc32(blanks, checksum)
    checksum = zlib.crc32(body, checksum)
    last = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    tail = last.compress(body) + last.flush()
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    total = count * _BLOCK + len(body)
    return header + block * count + tail + struct.pack("<II", checksum, total & 0xFFFFFFFF)
