"""Reads multipart bodies part by part, as they come: none of it is ever whole in memory.

Source: RFC 7578; RFC 2046, section 5.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from jhansi_runner.runner.sandboxes.errors import bad_request, too_large

MOST_PARTS = 10_000
_FIELD_BYTES = 8192
_HEAD, _DATA, _END = "head", "data", "end"


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a Content-Type names, None if it is not multipart's. Raises SandboxError if it names none."""
    kind, options = parse_options_header(content_type)
    if kind.lower() != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:
        raise bad_request("the Content-Type multipart/form-data names no boundary", "let your client set this header")
    return boundary


class Part:
    """One part: `name` of its field, and `filename`, None where it is no file. Read it before the next one."""

    def __init__(self, name: str, filename: str | None, body: Parts) -> None:
        self.name, self.filename, self._body = name, filename, body

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is in it."""
        while (data := await self._body.data()) is not None:
            yield data

    async def text(self) -> str:
        """What is in it, if that is a short text. Raises SandboxError."""
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) > _FIELD_BYTES:
                raise bad_request(f"the field {self.name!r} has more than {_FIELD_BYTES} bytes")
        try:
            return found.decode()
        except UnicodeError:
            raise bad_request(f"the field {self.name!r} is not UTF-8") from None


class Parts:
    """A body, as an iterator of its parts."""

    def __init__(self, body: AsyncGenerator[bytes], boundary: bytes) -> None:
        self._body, self._found = body, deque[tuple[str, bytes]]()
        self._name, self._value, self._disposition = bytearray(), bytearray(), b""
        self._finished, self._inside, self._count = False, False, 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_begin,
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_head,
                "on_part_data": lambda data, start, end: self._found.append((_DATA, data[start:end])),
                "on_part_end": lambda: self._found.append((_END, b"")),
                "on_end": self._on_finish,
            },
        )

    async def __aiter__(self) -> AsyncGenerator[Part]:
        while True:
            while self._inside and await self.data() is not None:
                pass
            if not await self._more():
                return
            _, disposition = self._found.popleft()
            self._inside, self._count = True, self._count + 1
            if self._count > MOST_PARTS:
                raise too_large(f"the body has more than {MOST_PARTS} parts", "send an archive")
            yield self._part(disposition)

    async def data(self) -> bytes | None:
        """More of the part that was read last, None at its end."""
        if not self._inside or not await self._more():
            return None
        kind, data = self._found.popleft()
        if kind == _DATA:
            return data
        self._inside = False
        return None

    async def _more(self) -> bool:
        """Read on until something was found; False at the end. Raises SandboxError where it ends too early."""
        while not self._found and not self._finished:
            data = await anext(self._body, b"")
            if not data:
                raise bad_request("the body ends before its last boundary", "send it whole")
            try:
                self._parser.write(data)
            except FormParserError as error:
                raise bad_request(f"the body is no multipart/form-data: {error}") from None
        return bool(self._found)

    def _part(self, disposition: bytes) -> Part:
        kind, options = parse_options_header(disposition)
        if kind.lower() != b"form-data" or b"name" not in options:
            raise bad_request("a part of the body has no name", "give each a Content-Disposition: form-data; name=...")
        try:
            name, filename = options[b"name"].decode(), options.get(b"filename")
            return Part(name, None if filename is None else filename.decode(), self)
        except UnicodeError:
            raise bad_request("the name of a part is not UTF-8") from None

    def _on_begin(self) -> None:
        self._disposition = b""

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if bytes(self._name).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _on_head(self) -> None:
        self._found.append((_HEAD, self._disposition))

    def _on_finish(self) -> None:
        self._finished = True
