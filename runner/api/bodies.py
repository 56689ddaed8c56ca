"""What requests may say: their bodies and parameters. Unknown names are refused, types are not guessed.

`null` is as good as leaving a name out, for clients that send all they know of.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from jhansi_runner.runner.sandboxes.model import NewSandbox, Program
from jhansi_runner.runner.sandboxes.names import LONGEST_PATH

_MOST_WORDS, _MOST_VARIABLES = 5000, 1000
"""Of a program. Short ones take twelve times as much memory as they are long, for as long as the program waits."""


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text may not have the character NUL")
    return text


Text = Annotated[str, AfterValidator(_no_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
Base64 = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64", "pattern": _BASE64})]
Path = Annotated[Text, Field(min_length=1, max_length=LONGEST_PATH)]
Name = Annotated[Text, Field(max_length=200)]
Words = Annotated[list[Text], Field(max_length=_MOST_WORDS)]


class Body(BaseModel):
    """A body or the parameters of a request."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _with(*names: str, **types: dict[str, Any]) -> dict[str, Any]:
    """A schema of what has these and has them not null, of the given types or as text."""
    return {"required": [*names], "properties": {name: types.get(name, {"type": "string"}) for name in names}}


class NewSandboxBody(Body):
    """A sandbox to create; an empty object will do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"language": "python"}]})

    language: Name | None = Field(None, description="The language of its programs, where a file's name does not tell.")
    ttl: float | None = Field(None, gt=0, le=1e9, description="Seconds that it lives without being used.")
    limits: dict[Name, Name | int | float] | None = Field(
        None, description="Limits of its programs, as options of `exec` take them, such as memory: 1GiB."
    )
    policy: Text | dict[str, Any] | None = Field(
        None, description="A policy file, as text or as an object. It can only narrow the operator's."
    )
    agent: Name | None = Field(None, description="Which agent it is for.")
    created_by: Name | None = Field(None, description="Who created it.")

    def asked(self, ttl: float) -> NewSandbox:
        """As the core takes it, with a ttl for who names none. A policy that is an object is told as JSON."""
        policy = self.policy or ""
        return NewSandbox(
            language=self.language or "",
            ttl=ttl if self.ttl is None else self.ttl,
            limits={name: str(value) for name, value in (self.limits or {}).items()},
            policy=policy if isinstance(policy, str) else json.dumps(policy, indent=1) + "\n",
            agent=self.agent or "",
            created_by=self.created_by or "",
        )


class ExecBody(Body):
    """A program to run: a file, a command, the project's tests, or a command and then what is named besides."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"filename": "main.py"}, {"command": "echo hello"}],
            "anyOf": [
                _with("filename"),
                _with("command", command={"type": ["string", "array"], "minLength": 1, "minItems": 1}),
                _with("test", test={"const": True}),
            ],
            "not": _with("stdin", "stdin_base64"),
        }
    )

    filename: Path | None = Field(None, description="A file of the sandbox.")
    command: Text | Words | None = Field(None, description="What a shell gets, or the words themselves.")
    args: Words | None = Field(
        None, description="Arguments of the file or the command: of a line of shell at its end, or where it says $@."
    )
    stdin: str | None = Field(None, description="The program's input, as text.")
    stdin_base64: Base64 | None = Field(None, description="The program's input, as base64.")
    env: dict[Name, Text] | None = Field(None, max_length=_MOST_VARIABLES, description="Variables of its environment.")
    timeout: float | None = Field(None, gt=0, le=1e9, description="Seconds until it is killed.")
    test: bool | None = Field(None, description="Run the project's tests.")
    wait: bool | None = Field(None, description="Queue behind what runs in the sandbox, instead of 409.")
    offline: bool | None = Field(None, description="Install from the cache alone.")
    no_install: bool | None = Field(None, description="Run with what is installed.")
    detach: bool | None = Field(None, description="Answer 202 at once, and let it run on by itself.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> ExecBody:
        if not (self.filename or self.command or self.test):
            raise ValueError('there is nothing to run: name a "filename" or a "command", or say "test": true')
        if self.stdin is not None and self.stdin_base64 is not None:
            raise ValueError('of "stdin" and "stdin_base64" one is enough')
        _bytes(self.stdin, self.stdin_base64)
        return self

    def program(self) -> Program:
        """As the core takes it."""
        command = self.command or ""
        return Program(
            filename=self.filename or "",
            command=command if isinstance(command, str) else tuple(command),
            args=tuple(self.args or ()),
            stdin=_bytes(self.stdin, self.stdin_base64),
            env=dict(self.env or {}),
            timeout=self.timeout,
            test=bool(self.test),
            wait=bool(self.wait),
            offline=bool(self.offline),
            no_install=bool(self.no_install),
        )


class FileBody(Body):
    """A file to write, as text or base64."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_with("content"), _with("content_base64")]})

    path: Path = Field(description="Where, below the sandbox's folder.")
    content: str | None = Field(None, description="What is in it, as text.")
    content_base64: Base64 | None = Field(None, description="What is in it, as base64.")
    executable: bool | None = Field(None, description="Whether it may be executed.")

    @model_validator(mode="after")
    def _has_content(self) -> FileBody:
        if (self.content is None) == (self.content_base64 is None):
            raise ValueError('say what is in it, by "content" or by "content_base64"')
        self.data()
        return self

    def data(self) -> bytes:
        """What is in it."""
        return _bytes(self.content, self.content_base64)


class FilesBody(Body):
    """Files to write, one after the other."""

    files: Annotated[list[FileBody], Field(min_length=1)]


class ForkBody(Body):
    """How to copy a sandbox."""

    wait: bool | None = Field(None, description="Wait until nothing runs there, instead of 409.")


SNAPSHOT = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SnapshotName = Annotated[str, Field(pattern=SNAPSHOT)]


class SnapshotBody(Body):
    """The name of a snapshot to make or to restore."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "before"}]})

    name: SnapshotName
    wait: bool | None = Field(None, description="Wait until nothing runs there, instead of 409.")


class Page(Body):
    """Which part of a list."""

    limit: int = Field(50, ge=1, le=500, description="How many.")
    offset: int = Field(0, ge=0, le=1 << 53, description="How many of the latest to leave out.")


class FilesQuery(Body):
    """What to list."""

    deep: bool = Field(False, description="Whether to list what is in folders as well.")


class WriteQuery(Body):
    """How to write a file."""

    executable: bool = Field(False, description="Whether it may be executed.")


class UnpackQuery(Body):
    """Where to unpack."""

    path: Name = Field("", description="The folder.")


class LogQuery(Body):
    """What of a log."""

    stream: Annotated[str, Field(pattern="^(|stdout|stderr)$")] = Field("", description="One stream; both by default.")


class EventsQuery(Body):
    """From where on."""

    after: int = Field(0, ge=0, le=1 << 53, description="The number of the last event that is known already.")


class ExplainQuery(Body):
    """What to explain."""

    purl: Annotated[Text, Field(min_length=1, max_length=2000)] = Field(
        description="A package, as a package URL.", examples=["pkg:pypi/six@1.16.0"]
    )
    sandbox: Name = Field("", description="A sandbox, whose policy is asked; by default the operator's.")


class NoQuery(Body):
    """No parameters at all."""


def _bytes(text: str | None, encoded: str | None) -> bytes:
    if encoded is None:
        return (text or "").encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is no base64") from None
