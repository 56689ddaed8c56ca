"""Runs, as the journal tells of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jhansi_runner.runner.evidence.lines import Line

RUNNING, ENDED, KILLED = "running", "ended", "killed"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was refused to a run: the code, the purl or URL, the rule's place, and how often."""

    code: str
    what: str
    rule: str
    count: int


@dataclass(frozen=True, slots=True)
class Held:
    """A limit that a run had: how much, in bytes, processes, CPUs, files or seconds, who set it ("" for the default),
    and who held the program to it."""

    name: str
    limit: float
    set_by: str
    held_by: str

    @property
    def plain(self) -> float:
        """The limit as a number that is whole where it is."""
        return int(self.limit) if self.limit == int(self.limit) else self.limit


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `number` is that of its first record; `began` is in seconds since the epoch, `timeout` in seconds.

    `program` is a file's path in the workspace, or a command's first word when `is_command`. `state` is `running`,
    `ended` or `killed`; what follows it is known of ended ones alone. `dependencies` is the stored set, "" for none.
    `installed` are purls, of a run that looked at its packages anew. `refused_more` counts what is not in `refused`.
    `limits` are what its program might use, `ended_by` the limit that ended it, and `met` are those that refused it
    something.
    """

    number: int
    run: str
    sandbox: str
    workspace: str
    is_command: bool
    program: str
    arguments: int
    began: float
    policy: str
    timeout: float | None
    options: tuple[str, ...]
    host: str
    state: str
    code: int | None = None
    timed_out: bool = False
    milliseconds: int | None = None
    language: str = ""
    dependencies: str = ""
    private: bool = False
    asked: str = ""
    installed: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    refused_more: int = 0
    limits: tuple[Held, ...] = ()
    ended_by: str = ""
    met: tuple[str, ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, object]:
        """The object that `runs --json` prints for each run."""
        return {
            "run_id": self.run,
            "record": self.number,
            "sandbox_id": self.sandbox,
            "workspace": self.workspace,
            "kind": "command" if self.is_command else "file",
            "program": self.program,
            "arguments": self.arguments,
            "began": self.began,
            "duration_ms": self.milliseconds,
            "state": self.state,
            "exit_code": self.code,
            "timed_out": self.timed_out,
            "language": self.language,
            "policy": self.policy,
            "limits": {
                "timeout": self.timeout,
                **{
                    one.name: {"limit": one.plain, "set_by": one.set_by or "default", "held_by": one.held_by}
                    for one in self.limits
                },
                "ended_by": self.ended_by or None,
                "met": list(self.met),
            },
            "options": list(self.options),
            "host": self.host,
            "set": self.dependencies,
            "private": self.private,
            "asked": self.asked,
            "installed": list(self.installed),
            "denied": [
                {"code": one.code, "what": one.what, "rule": one.rule, "count": one.count} for one in self.refused
            ],
            "denied_more": self.refused_more,
            "error": self.error,
        }


def run_of(first: Line, last: Line | None, *, running: bool) -> Run:
    """The run of its two lines; `last` is None where there is none. Raises ValueError for lines of another form."""
    timeout = first.text("timeout")
    begun = Run(
        number=first.number,
        run=first.text("run"),
        sandbox=first.text("sandbox"),
        workspace=first.text("workspace"),
        is_command=first.text("kind") == "command",
        program=first.text("program"),
        arguments=int(first.text("arguments")),
        began=float(first.text("began")),
        policy=first.text("policy"),
        timeout=float(timeout) if timeout else None,
        options=first.parts("options"),
        host=first.text("host"),
        state=RUNNING if running else KILLED,
    )
    if last is None:
        return begun
    return replace(
        begun,
        state=ENDED,
        code=int(last.text("code")),
        timed_out=last.text("timed-out") == "yes",
        milliseconds=int(last.text("ms")),
        language=last.text("language"),
        dependencies=last.text("set"),
        private=last.text("private") == "yes",
        asked=last.text("asked"),
        installed=last.parts("installed"),
        refused=tuple(Refusal(code, what, rule, int(count)) for code, what, rule, count in last.every("refused")),
        refused_more=int(last.text("refused-more") or 0),
        limits=tuple(Held(name, float(value), by, tier) for name, value, by, tier in last.every("limit")),
        ended_by=next((name for name, how in last.every("met") if how == "ended"), ""),
        met=tuple(name for name, how in last.every("met") if how == "refused"),
        error=last.text("error"),
    )
