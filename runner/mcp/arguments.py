"""What the tools are asked, as models: their schemas are what a client is shown, and nothing else is taken.

Source: Model Context Protocol, "Tools", inputSchema.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_SHOWN = 200_000
"""Bytes that one answer may show."""
SHOWN = 20_000

SandboxId = Annotated[str, Field(description="Id of a sandbox: sb_...", max_length=64)]
MaybeSandboxId = Annotated[str, Field(description="Id of a sandbox: sb_...; empty: a new one is made.", max_length=64)]
RunId = Annotated[str, Field(description="Id of a run: run_...", max_length=64)]
Path = Annotated[str, Field(description="Path below the sandbox's folder, such as src/main.py.", min_length=1)]
Language = Literal["python", "node", "go", "java"]
Offset = Annotated[int, Field(ge=0, description="First byte to show.")]
Limit = Annotated[int, Field(ge=1, le=MOST_SHOWN, description="How many bytes to show at most.")]
Arguments = Annotated[list[str], Field(description="Arguments of the program.")]


class Asked(BaseModel):
    """What every tool's arguments have in common: those that it does not know are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class OneSandbox(Asked):
    """A sandbox."""

    sandbox: SandboxId


class Given(Asked):
    """What a program is given."""

    stdin: str = Field("", description="Text on standard input.")
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables.")
    timeout_seconds: float | None = Field(
        None, gt=0, le=86400, description="Seconds until the program is ended; usually 600."
    )
    no_install: bool = Field(
        False, description="Run with what is installed: for where a manifest asks for what cannot be had."
    )


class RunCode(Given):
    """Arguments of `run_code`."""

    language: Language
    code: str = Field(description="The whole program.", min_length=1)
    sandbox: MaybeSandboxId = ""
    args: Arguments = Field(default_factory=list)

    def filename(self) -> str:
        """What the program is called in the sandbox: Node tells by the name which kind of module it is."""
        if self.language == "node":
            modern = re.search(r"^\s*(import\b\s*[\w{*\"']|export\b)", self.code, re.MULTILINE)
            return "main.mjs" if modern else "main.js"
        return {"python": "main.py", "go": "main.go", "java": "Main.java"}[self.language]


class RunFile(Given):
    """Arguments of `run_file`."""

    sandbox: SandboxId
    path: Path
    args: Arguments = Field(default_factory=list)


class RunCommand(Given):
    """Arguments of `run_command`."""

    sandbox: SandboxId
    command: str = Field(description="A line of shell; its folder is that of the sandbox.", min_length=1)


class RunTests(Given):
    """Arguments of `run_tests`."""

    sandbox: SandboxId
    args: list[str] = Field(default_factory=list, description="Further words for the test tool, such as -k name.")


class File(Asked):
    """A file to write."""

    path: Path
    content: str
    encoding: Literal["utf-8", "base64"] = Field("utf-8", description="How content is written here.")
    executable: bool = False


class WriteFiles(Asked):
    """Arguments of `write_files`."""

    sandbox: MaybeSandboxId = ""
    files: list[File] = Field(min_length=1, max_length=500)


class ReadFile(Asked):
    """Arguments of `read_file`."""

    sandbox: SandboxId
    path: Path
    offset: Offset = 0
    limit: Limit = SHOWN


class ListFiles(Asked):
    """Arguments of `list_files`."""

    sandbox: SandboxId
    path: str = Field("", description="A folder; empty: all of the sandbox.")
    deep: bool = Field(False, description="Also what is in folders below.")


class DeleteFile(Asked):
    """Arguments of `delete_file`."""

    sandbox: SandboxId
    path: Path


class CreateSandbox(Asked):
    """Arguments of `create_sandbox`."""

    language: Language | Literal[""] = Field("", description="Empty: told by the files.")
    ttl_seconds: float | None = Field(None, gt=0, description="Seconds without use after which it is deleted.")
    limits: dict[str, str] = Field(
        default_factory=dict, description='Limits of what runs there, such as {"memory": "1GiB", "timeout": "60"}.'
    )
    policy: str = Field("", description="Text of a policy file (YAML) that narrows which packages may enter.")


class ListSandboxes(Asked):
    """Arguments of `list_sandboxes`."""

    limit: int = Field(50, ge=1, le=200)


class ListRuns(Asked):
    """Arguments of `list_runs`."""

    sandbox: str = Field("", description="Id of a sandbox, which may be deleted; empty: all.", max_length=64)
    limit: int = Field(20, ge=1, le=200)


class Named(Asked):
    """A sandbox, and the name of a snapshot of it."""

    sandbox: SandboxId
    name: str = Field(description="Name of the snapshot.", min_length=1)


class ReadOutcome(Asked):
    """Arguments of `read_outcome`."""

    run: RunId
    stream: Literal["output", "stdout", "stderr"] = Field(
        "output", description="output: both streams in the order they came."
    )
    offset: Offset = 0
    limit: Limit = SHOWN


class ExplainRefusal(Asked):
    """Arguments of `explain_refusal`."""

    purl: str = Field("", description="Package-url, such as pkg:pypi/requests@2.32.0.")
    run: str = Field("", description="Id of a run: run_...", max_length=64)
    sandbox: str = Field("", description="Of a purl: the sandbox whose policy counts; empty: the host's.")

    @model_validator(mode="after")
    def _one_of_two(self) -> ExplainRefusal:
        if bool(self.purl) == bool(self.run):
            raise ValueError("give a purl or a run, one of the two")
        return self


class OneRun(Asked):
    """A run."""

    run: RunId
