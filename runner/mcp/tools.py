"""The tools: each a name, words for a model, what it is asked and answers, and the function that does it.

They are methods of one class, since all of them need the core, the owner and somebody to tell what goes on.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import AsyncGenerator, AsyncIterator

import anyio

from jhansi_runner.runner.mcp import arguments as asked
from jhansi_runner.runner.mcp import refusing
from jhansi_runner.runner.mcp.answers import (
    Box,
    Boxes,
    Done,
    Ended,
    FileEntry,
    Files,
    Kept,
    Piece,
    Refusals,
    RunEntry,
    Runs,
)
from jhansi_runner.runner.mcp.cutting import plain, whole_characters
from jhansi_runner.runner.mcp.running import Tell, run
from jhansi_runner.runner.sandboxes.errors import bad_request
from jhansi_runner.runner.sandboxes.model import DEFAULT_TTL, Caller, NewSandbox, Program
from jhansi_runner.runner.sandboxes.service import Service

_AGENT = "mcp"
_ENTRIES_SHOWN = 500
_LISTENS, _AT_MOST = 0.5, 5.0
"""Seconds without anything new, and in all, that a run which goes on is listened to."""


class Tools:
    """What can be done for one owner. All raise SandboxError. `tell` hears what goes on in a call, None for nobody."""

    def __init__(self, service: Service, caller: Caller) -> None:
        self._service, self._caller = service, caller

    async def run_code(self, given: asked.RunCode, tell: Tell | None) -> Ended:
        """Write the program into a sandbox, and run it."""
        sandbox = given.sandbox or await self._new(NewSandbox(agent=_AGENT))
        await self._write(sandbox, given.filename(), given.code.encode())
        return await self._run(sandbox, given, tell, filename=given.filename(), args=tuple(given.args))

    async def run_file(self, given: asked.RunFile, tell: Tell | None) -> Ended:
        """Run a file that is there."""
        return await self._run(given.sandbox, given, tell, filename=given.path, args=tuple(given.args))

    async def run_command(self, given: asked.RunCommand, tell: Tell | None) -> Ended:
        """Run a line of shell."""
        return await self._run(given.sandbox, given, tell, command=given.command)

    async def run_tests(self, given: asked.RunTests, tell: Tell | None) -> Ended:
        """Run the tests that are there."""
        return await self._run(given.sandbox, given, tell, args=tuple(given.args), test=True)

    async def cancel_run(self, given: asked.OneRun, _: Tell | None) -> Ended:
        """End a run."""
        return Ended.of(await self._service.cancel(self._caller, given.run))

    async def list_runs(self, given: asked.ListRuns, _: Tell | None) -> Runs:
        """What ran, and runs."""
        found = await self._service.runs(self._caller, given.sandbox, limit=given.limit)
        return Runs(runs=[RunEntry.of(each) for each in found])

    async def read_outcome(self, given: asked.ReadOutcome, _: Tell | None) -> Piece:
        """A part of what a run wrote; of one that goes on, what it wrote so far."""
        which = "" if given.stream == "output" else given.stream
        runs = (await self._service.run(self._caller, given.run)).ended_at is None
        written = self._service.log(self._caller, given.run, which)
        shown, size, last = bytearray(), 0, anyio.current_time() + _AT_MOST
        with anyio.move_on_after(_LISTENS if runs else None) as scope:
            async for data in written:
                start = max(given.offset - size, 0)
                if len(shown) < given.limit:
                    shown += data[start : start + given.limit - len(shown)]
                size += len(data)
                if runs:
                    scope.deadline = min(anyio.current_time() + _LISTENS, last)
        if isinstance(written, AsyncGenerator):
            await written.aclose()
        found = _piece(bytes(shown), given.offset, size, text=True)
        if runs and found.next_offset is None:
            return found.model_copy(update={"next_offset": max(given.offset, size)})
        return found

    async def explain_refusal(self, given: asked.ExplainRefusal, _: Tell | None) -> Refusals:
        """Why something was refused."""
        if given.run:
            return await refusing.of_run(self._service, self._caller, given.run)
        return await refusing.of_package(self._service, self._caller, given.sandbox, given.purl)

    async def write_files(self, given: asked.WriteFiles, _: Tell | None) -> Files:
        """Write files, each whole or not at all."""
        contents = [_content(each) for each in given.files]
        sandbox = given.sandbox or await self._new(NewSandbox(agent=_AGENT))
        entries = [
            await self._service.write(self._caller, sandbox, each.path, _only(content), executable=each.executable)
            for each, content in zip(given.files, contents, strict=True)
        ]
        return Files(sandbox=sandbox, files=[FileEntry.of(each) for each in entries])

    async def read_file(self, given: asked.ReadFile, _: Tell | None) -> Piece:
        """A part of a file."""
        entry, descriptor = await self._service.read(self._caller, given.sandbox, given.path)
        try:
            data = await anyio.to_thread.run_sync(os.pread, descriptor, given.limit, given.offset)
        finally:
            os.close(descriptor)
        return _piece(data, given.offset, entry.size, text=False)

    async def list_files(self, given: asked.ListFiles, _: Tell | None) -> Files:
        """What is in a folder."""
        found = await self._service.files(self._caller, given.sandbox, given.path, deep=given.deep)
        shown = [FileEntry.of(each) for each in found[:_ENTRIES_SHOWN]]
        return Files(sandbox=given.sandbox, files=shown, left_out=len(found) - len(shown))

    async def delete_file(self, given: asked.DeleteFile, _: Tell | None) -> Done:
        """Remove a file or a folder."""
        await self._service.remove(self._caller, given.sandbox, given.path)
        return Done(done=f"{given.path} is removed")

    async def create_sandbox(self, given: asked.CreateSandbox, _: Tell | None) -> Box:
        """A new sandbox."""
        new = NewSandbox(
            language=given.language,
            ttl=given.ttl_seconds or DEFAULT_TTL,
            limits=given.limits,
            policy=given.policy,
            agent=_AGENT,
        )
        return Box.of(await self._service.create(self._caller, new))

    async def list_sandboxes(self, given: asked.ListSandboxes, _: Tell | None) -> Boxes:
        """The sandboxes that are there."""
        found = await self._service.sandboxes(self._caller, active=True, limit=given.limit)
        return Boxes(sandboxes=[Box.of(each) for each in found])

    async def fork_sandbox(self, given: asked.OneSandbox, _: Tell | None) -> Box:
        """A copy of a sandbox."""
        return Box.of(await self._service.fork(self._caller, given.sandbox, wait=True))

    async def delete_sandbox(self, given: asked.OneSandbox, _: Tell | None) -> Done:
        """Remove a sandbox."""
        await self._service.delete(self._caller, given.sandbox)
        return Done(done=f"{given.sandbox} is deleted")

    async def snapshot_sandbox(self, given: asked.Named, _: Tell | None) -> Kept:
        """Keep the files of a sandbox under a name."""
        return Kept.of(await self._service.snapshot(self._caller, given.sandbox, given.name, wait=True))

    async def restore_sandbox(self, given: asked.Named, _: Tell | None) -> Box:
        """Make the files what they were."""
        return Box.of(await self._service.restore(self._caller, given.sandbox, given.name, wait=True))

    async def _new(self, new: NewSandbox) -> str:
        return (await self._service.create(self._caller, new)).id

    async def _write(self, sandbox: str, path: str, content: bytes) -> None:
        await self._service.write(self._caller, sandbox, path, _only(content))

    async def _run(
        self,
        sandbox: str,
        given: asked.Given,
        tell: Tell | None,
        *,
        filename: str = "",
        command: str = "",
        args: tuple[str, ...] = (),
        test: bool = False,
    ) -> Ended:
        program = Program(
            filename=filename,
            command=command,
            args=args,
            stdin=given.stdin.encode(),
            env=given.env,
            timeout=given.timeout_seconds,
            test=test,
            wait=True,
            no_install=given.no_install,
        )
        return Ended.of(await run(self._service, self._caller, sandbox, program, tell))


async def _only(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _content(file: asked.File) -> bytes:
    if file.encoding == "utf-8":
        return file.content.encode()
    try:
        return base64.b64decode(file.content, validate=True)
    except (binascii.Error, ValueError):
        raise bad_request(f"the content of {file.path} is no base64", "nothing was written") from None


def _piece(data: bytes, offset: int, size: int, *, text: bool) -> Piece:
    """What is shown of something, from bytes that were read at an offset."""
    more = offset + len(data) < size
    shown = data[: whole_characters(data, more=more)]
    try:
        content, encoding = shown.decode("utf-8", "replace" if text else "strict"), "utf-8"
    except UnicodeDecodeError:
        shown = data
        content, encoding = base64.b64encode(data).decode(), "base64"
    end = offset + len(shown)
    return Piece(
        content=plain(content),
        encoding=encoding,
        offset=offset,
        next_offset=end if data and end < size else None,
        size=size,
    )
