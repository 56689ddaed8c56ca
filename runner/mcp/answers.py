"""What the tools answer: data with a schema, and a short text that says the same to a model.

Source: Model Context Protocol, "Tools", outputSchema and structured content.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from jhansi_runner.runner.console import counted
from jhansi_runner.runner.errors import REFUSED, TIMED_OUT
from jhansi_runner.runner.mcp.cutting import cut, one_line, short
from jhansi_runner.runner.sandboxes.model import CANCELLED, LOST, Entry, Run, Sandbox, Snapshot

_MOST = 50


class Answer(BaseModel):
    """What all answers are."""

    def text(self) -> str:
        """What a model reads."""
        raise NotImplementedError


class Done(Answer):
    """Something was done, of which there is nothing else to tell."""

    done: str

    def text(self) -> str:
        return self.done


class Box(Answer):
    """A sandbox. Times are in UTC."""

    sandbox: str
    status: str
    language: str
    agent: str
    parent: str
    created_at: str
    expires_at: str

    @classmethod
    def of(cls, found: Sandbox) -> Box:
        """What is told of a sandbox."""
        return cls(
            sandbox=found.id,
            status=found.status,
            language=found.language,
            agent=found.agent,
            parent=found.parent,
            created_at=moment(found.created_at),
            expires_at=moment(found.expires_at),
        )

    def text(self) -> str:
        return f"{self.sandbox} {self.status} {self.language or 'any language'}, until {self.expires_at} if not used"


class Boxes(Answer):
    """Sandboxes."""

    sandboxes: list[Box]

    def text(self) -> str:
        return "\n".join(each.text() for each in self.sandboxes) or "there are no sandboxes"


class FileEntry(BaseModel):
    """A file or folder."""

    path: str
    kind: str
    size: int

    @classmethod
    def of(cls, found: Entry) -> FileEntry:
        """What is told of a file."""
        return cls(path=found.path, kind=found.kind, size=found.size)


class Files(Answer):
    """Files and folders, as far as an answer has room for them."""

    sandbox: str
    files: list[FileEntry]
    left_out: int = 0

    def text(self) -> str:
        lines = [f"{each.path}{'/' if each.kind == 'folder' else ''}  {each.size}" for each in self.files]
        more = [f"and {self.left_out} more: list a folder of them"] if self.left_out else []
        return "\n".join([f"{self.sandbox}: {counted(len(self.files), 'file')}", *lines, *more])


class Piece(Answer):
    """A part of a file or of what a run wrote. `next_offset` is where to read on, null at the end."""

    content: str
    encoding: str
    offset: int
    next_offset: int | None
    size: int

    def text(self) -> str:
        end = self.offset if self.next_offset is None else self.next_offset
        rest = f" (of {self.size} bytes; read on at offset {self.next_offset})" if self.next_offset is not None else ""
        where = f"bytes {self.offset} to {end if self.next_offset is not None else self.size}{rest}"
        whole = self.offset == 0 and self.next_offset is None
        base64 = "in base64, as it is no UTF-8" if self.encoding == "base64" else ""
        head = ", ".join(part for part in ("" if whole else where, base64) if part)
        return f"[{head}]\n{self.content}" if head else self.content


class Kept(Answer):
    """A snapshot."""

    sandbox: str
    name: str
    files: int
    size: int

    @classmethod
    def of(cls, found: Snapshot) -> Kept:
        """What is told of a snapshot."""
        return cls(sandbox=found.sandbox_id, name=found.name, files=found.files, size=found.size)

    def text(self) -> str:
        return f"kept as {self.name}: {counted(self.files, 'file')}, {self.size} bytes"


class Refusal(BaseModel):
    """A package, or a request, that the policy refused. `next` is what to do about it."""

    purl: str
    code: str
    reason: str
    rule: str
    url: str = ""
    next: str = ""

    def line(self) -> str:
        """All of it in a line, once: what was refused before anything ran has for its reason a whole sentence."""
        if f"[{self.code}]" in self.reason:
            return self.reason
        rule = f" by {self.rule}" if self.rule else ""
        what = f"{self.purl or self.url}: {self.reason}{rule} [{self.code}]"
        return f"{what}. Next: {self.next}" if self.next else what


class Refusals(Answer):
    """What was refused, and why."""

    allowed: bool
    message: str
    refusals: list[Refusal]

    def text(self) -> str:
        return "\n".join([self.message, *(each.line() for each in self.refusals)])


class Ended(Answer):
    """How a run went. `output` has both streams in the order they came, cut where it is long."""

    sandbox: str
    run: str
    state: str
    exit_code: int | None
    timed_out: bool
    duration_ms: int
    installed: list[str]
    refused: list[Refusal]
    notes: list[str]
    error: str
    output: str
    output_is_cut: bool

    @classmethod
    def of(cls, run: Run) -> Ended:
        """What is told of a run that has ended."""
        found = run.outcome
        output = str(found.get("output", ""))
        shown = cut(output, run.id)
        return cls(
            sandbox=run.sandbox_id,
            run=run.id,
            state=run.state,
            exit_code=run.exit_code,
            timed_out=run.timed_out,
            duration_ms=int(str(found.get("duration_ms") or 0)),
            installed=[_package(each) for each in _rows(found.get("installed"))][:_MOST],
            refused=refusals(run)[:_MOST],
            notes=[short(each) for each in [*_notes(found), *(_unlisted(found) if run.exit_code else [])]][:_MOST],
            error=short(run.error or str(found.get("error", ""))),
            output=shown,
            output_is_cut=shown != output,
        )

    def text(self) -> str:
        lines = [f"{self._verdict()} in {self.duration_ms / 1000:.1f} s; sandbox {self.sandbox}, run {self.run}"]
        if self.installed:
            lines.append(f"with {', '.join(self.installed)}")
        lines += [f"refused: {each.line()}" for each in self.refused]
        lines += [*self.notes, *([self.error] if self.error else [])]
        return "\n".join([*lines, "output:" if self.output else "no output", self.output])

    def _verdict(self) -> str:
        if self.state in (CANCELLED, LOST):
            return f"the run was {self.state}"
        if self.timed_out or self.exit_code == TIMED_OUT:
            return "the program was ended, as its time was over,"
        if self.exit_code == REFUSED:
            return "the policy refuses what the program needs (exit code 126)"
        return f"exit code {self.exit_code}"


class RunEntry(BaseModel):
    """A run, in a list. `kind` is file, command or test."""

    run: str
    sandbox: str
    state: str
    kind: str
    program: str
    queued_at: str
    exit_code: int | None

    @classmethod
    def of(cls, found: Run) -> RunEntry:
        """What is told of a run."""
        return cls(
            run=found.id,
            sandbox=found.sandbox_id,
            state=found.state,
            kind=found.kind,
            program=one_line(found.program, 400),
            queued_at=moment(found.queued_at),
            exit_code=found.exit_code,
        )


class Runs(Answer):
    """Runs."""

    runs: list[RunEntry]

    def text(self) -> str:
        lines = [
            f"{each.run} in {each.sandbox}: {each.state}, "
            f"{'' if each.exit_code is None else f'exit code {each.exit_code}, '}{each.kind} {each.program}"
            for each in self.runs
        ]
        return "\n".join(lines) or "nothing ran yet"


def refusals(run: Run) -> list[Refusal]:
    """What was refused in a run, as its outcome tells it."""
    return [
        Refusal(
            purl=str(each.get("purl") or ""),
            code=str(each.get("code") or ""),
            reason=one_line(str(each.get("reason") or ""), 400),
            rule=str(each.get("rule") or ""),
            url=str(each.get("url") or "")[:400],
        )
        for each in _rows(run.outcome.get("denied"))
    ]


def moment(seconds: float) -> str:
    """A time as ISO 8601 has it, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _rows(found: object) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def _notes(found: Mapping[str, Any]) -> list[str]:
    return _texts(found.get("notes")) + [f"missing: {each}" for each in _texts(found.get("missing"))]


def _unlisted(found: Mapping[str, Any]) -> list[str]:
    """What is not installed, and how it would be: a program that failed may have failed for want of it."""
    told = {}
    for each in _rows(found.get("unlisted_imports")):
        place = f" ({each.get('file')}:{each.get('line')})" if each.get("file") else ""
        closest = f"; the closest known package is {each['closest']}" if each.get("closest") else ""
        adding = f"; add to {each.get('manifest')}: {each['addition']}" if each.get("addition") else ""
        told[each.get("import")] = f"not installed: {each.get('import')}{place}: {each.get('reason')}{closest}{adding}"
    return list(told.values())


def _texts(found: object) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _package(found: Mapping[str, Any]) -> str:
    return str(found.get("purl") or " ".join(str(found.get(name, "")) for name in ("name", "version"))).strip()
