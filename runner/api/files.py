"""The files of a sandbox: written, listed, read, removed; and archives, unpacked there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.responses import Response

from jhansi_runner.proxy.mirror.ranges import Unsatisfiable, parse_range
from jhansi_runner.runner.api import answers
from jhansi_runner.runner.api.bodies import FileBody, FilesBody, FilesQuery, UnpackQuery, WriteQuery
from jhansi_runner.runner.api.multipart import Parts, boundary_of
from jhansi_runner.runner.api.operation import MULTIPART, OCTETS, Ask, Operation, Says, Takes, json_of, list_of
from jhansi_runner.runner.api.reading import checked, limited, parse_json, read_all, understood
from jhansi_runner.runner.api.streams import Stream
from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request
from jhansi_runner.runner.sandboxes.model import Entry
from jhansi_runner.runner.sandboxes.threads import threaded

JSON_BYTES = 8 << 20
"""The most bytes of a JSON body that brings files: it has to be in memory. Others are not."""
_CHUNK = 256 << 10
_FILES, _FILE = "/v1/sandboxes/{sandbox}/files", "/v1/sandboxes/{sandbox}/files/{path:path}"


async def _add(ask: Ask) -> Response:
    boundary = boundary_of(ask.request.headers.get("content-type", ""))
    if boundary:
        return _written(await _from_parts(ask, boundary))
    async with ask.whole_body():
        return _written(await _from_json(ask))


async def _from_parts(ask: Ask, boundary: bytes) -> list[Entry]:
    """Write each part that is a file. Those before one that cannot be written stay: each is whole."""
    await ask.service.sandbox(ask.caller, ask.name("sandbox"))
    folder: str | None = None
    written = list[Entry]()
    async for part in Parts(limited(ask.request, ask.context.upload), boundary):
        if part.filename is None:
            if part.name != "path":
                raise bad_request(f"the field {part.name[:100]!r} is no file", "known besides files is: path, a folder")
            if written:
                raise bad_request('the field "path" comes after a file', "send it before the files")
            if folder is not None:
                raise _twice()
            folder = await part.text()
            continue
        if not part.filename:
            raise bad_request("a file has no name", "give each part a filename")
        path = f"{folder}/{part.filename}" if folder else part.filename
        written.append(await ask.service.write(ask.caller, ask.name("sandbox"), path, part.chunks()))
    if not written:
        raise bad_request("there is no file in the body", "send one, as curl does with -F file=@main.py")
    return written


async def _from_json(ask: Ask) -> list[Entry]:
    files = await understood(await read_all(ask.request, min(JSON_BYTES, ask.context.upload)), _files_of)
    return [
        await ask.service.write(
            ask.caller, ask.name("sandbox"), file.path, _once(file.data()), executable=bool(file.executable)
        )
        for file in files
    ]


def _files_of(data: bytes) -> list[FileBody]:
    found = parse_json(data)
    several = isinstance(found, dict) and "files" in found
    return checked(FilesBody, found).files if several else [checked(FileBody, found)]


async def _put(ask: Ask) -> Response:
    body = limited(ask.request, ask.context.upload)
    executable = ask.asked(WriteQuery).executable
    return _written([await ask.service.write(ask.caller, ask.name("sandbox"), ask.path(), body, executable=executable)])


def _written(entries: list[Entry]) -> Response:
    files = [answers.File.of(entry) for entry in entries]
    return json_of(answers.Written(filename=files[0].path, files=files), 201)


async def _list(ask: Ask) -> Response:
    found = await ask.service.files(ask.caller, ask.name("sandbox"), deep=ask.asked(FilesQuery).deep)
    return list_of([answers.File.of(entry) for entry in found])


async def _read(ask: Ask) -> Response:
    path = ask.path()
    if (await ask.service.entry(ask.caller, ask.name("sandbox"), path)).kind == "folder":
        deep = ask.asked(FilesQuery).deep
        found = await ask.service.files(ask.caller, ask.name("sandbox"), path, deep=deep)
        return list_of([answers.File.of(entry) for entry in found])
    entry, source = await ask.service.read(ask.caller, ask.name("sandbox"), path)
    try:
        span = parse_range(ask.request.headers.get("range", ""), "", entry.size, "")
    except Unsatisfiable:
        os.close(source)
        raise SandboxError(416, "bad_range", f"the file has {entry.size} bytes", "ask for a part of these") from None
    start, end = span or (0, entry.size)
    headers = {"content-length": str(end - start), "accept-ranges": "bytes", "content-disposition": "attachment"}
    if span:
        headers["content-range"] = f"bytes {start}-{end - 1}/{entry.size}"
    return Stream(_Part(source, start, end), OCTETS, ask.context.stopping, headers, status=206 if span else 200)


class _Part:
    """A part of a file, whose descriptor is closed with it, also when nothing was read.

    A file that becomes shorter meanwhile breaks the connection off: what was announced cannot come any more.
    """

    def __init__(self, source: int, start: int, end: int) -> None:
        self._source, self._at, self._end = source, start, end

    def __aiter__(self) -> _Part:
        return self

    async def __anext__(self) -> bytes:
        if self._at >= self._end:
            raise StopAsyncIteration
        chunk = await threaded(os.pread, self._source, min(_CHUNK, self._end - self._at), self._at)
        if not chunk:
            raise SandboxError(500, "file_changed", "the file became shorter while it was read")
        self._at += len(chunk)
        return chunk

    async def aclose(self) -> None:
        os.close(self._source)


async def _remove(ask: Ask) -> Response:
    await ask.service.remove(ask.caller, ask.name("sandbox"), ask.path())
    return Response(status_code=204)


async def _upload(ask: Ask) -> Response:
    await ask.service.sandbox(ask.caller, ask.name("sandbox"))
    boundary = boundary_of(ask.request.headers.get("content-type", ""))
    body = limited(ask.request, ask.context.upload)
    folder = ask.asked(UnpackQuery).path
    async with ask.whole_body():
        with tempfile.TemporaryFile(dir=ask.context.spool) as spool:
            if boundary is None:
                await _spooled(body, spool.fileno())
            else:
                folder = await _one_file(Parts(body, boundary), spool.fileno(), folder)
            os.lseek(spool.fileno(), 0, os.SEEK_SET)
            made = await ask.service.unpack(ask.caller, ask.name("sandbox"), spool.fileno(), folder)
    return json_of(answers.Uploaded(files=[answers.shown(entry.path) for entry in made]), 201)


async def _one_file(parts: Parts, spool: int, folder: str) -> str:
    """Put the one file of a body into the spool; the folder that the body, or else the query, names."""
    found = named = False
    async for part in parts:
        if part.filename is None and part.name == "path":
            if named:
                raise _twice()
            folder, named = await part.text(), True
        elif found or part.filename is None:
            raise bad_request("the body has more than one archive", 'send one, as the field "file"')
        else:
            await _spooled(part.chunks(), spool)
            found = True
    if not found:
        raise bad_request("there is no archive in the body", "send one, as curl does with -F file=@project.zip")
    return folder


def _twice() -> SandboxError:
    return bad_request('the field "path" is there twice', "send it once")


async def _spooled(chunks: AsyncIterator[bytes], spool: int) -> None:
    async for chunk in chunks:
        data = memoryview(chunk)
        while data:
            data = data[await threaded(os.write, spool, data) :]


async def _once(data: bytes) -> AsyncGenerator[bytes]:
    if data:
        yield data


_WRITTEN = (Says(201, "What was written.", answers.Written),)
_GOT = Says(200, "The file; of a folder, what is in it.", answers.File, many=True, media=(OCTETS,))

OPERATIONS = (
    Operation(
        *("POST", _FILES, "addFiles", "Write one or many files.", _add, _WRITTEN),
        takes=(Takes(MULTIPART, needed=True), Takes(models=(FileBody, FilesBody), needed=True)),
        errors=(403, 404, 409, 413),
    ),
    Operation(
        *("GET", _FILES, "listFiles", "List the files of a sandbox.", _list),
        (Says(200, "Files, by name.", answers.File, many=True),),
        query=FilesQuery,
        errors=(404, 409, 413),
    ),
    Operation(
        *(
            "GET",
            _FILE,
            "getFile",
            "Read a file, or list a folder.",
            _read,
            (_GOT, Says(206, "A part.", media=(OCTETS,))),
        ),
        query=FilesQuery,
        errors=(404, 409, 413, 416),
        headers=("Range",),
    ),
    Operation(
        *("PUT", _FILE, "putFile", "Write a file.", _put, _WRITTEN),
        query=WriteQuery,
        takes=(Takes(OCTETS),),
        errors=(403, 404, 409, 413),
    ),
    Operation(
        *("DELETE", _FILE, "deleteFile", "Delete a file, or a folder with all that is in it.", _remove),
        (Says(204, "It is gone."),),
        errors=(404, 409),
    ),
    Operation(
        *("POST", "/v1/sandboxes/{sandbox}/upload", "uploadArchive", "Unpack a zip or tar.", _upload),
        (Says(201, "What was unpacked.", answers.Uploaded),),
        query=UnpackQuery,
        takes=(Takes(MULTIPART, needed=True), Takes(OCTETS, needed=True)),
        errors=(403, 404, 409, 413),
    ),
)
