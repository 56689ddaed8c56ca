"""What is answered instead of what was asked for: a stable name, a sentence, what next, and the status in HTTP."""

from __future__ import annotations

from jhansi_runner.runner.errors import FAILED, NOTHING_TO_RUN, REFUSED, RunnerError

NO_SPACE = "no_space"
"""The name of the error that tells of a full disk."""


class SandboxError(RunnerError):
    """A request that cannot be done. `name` is stable, `status` that of HTTP, `hint` says what to do next, or "".

    `retry_after` is in seconds, None where trying again does not help.
    """

    def __init__(
        self,
        status: int,
        name: str,
        message: str,
        hint: str = "",
        *,
        code: int = FAILED,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, code=code, lines=(hint,) if hint else ())
        self.status, self.name, self.hint, self.retry_after = status, name, hint, retry_after


def bad_request(message: str, hint: str = "", name: str = "bad_request") -> SandboxError:
    """What was asked for makes no sense."""
    return SandboxError(400, name, message, hint)


def refused(message: str, hint: str = "", name: str = "refused") -> SandboxError:
    """What was asked for is not allowed, by a limit or a policy."""
    return SandboxError(403, name, message, hint, code=REFUSED)


def not_found(what: str, name: str = "not_found", hint: str = "") -> SandboxError:
    """There is no such thing, or it is not the caller's: which of the two is not told."""
    return SandboxError(404, name, f"there is no {what}", hint, code=NOTHING_TO_RUN)


def busy(sandbox: str) -> SandboxError:
    """Something runs in the sandbox, or copies it."""
    hint = 'try again later, or end what runs there; a request with "wait": true queues behind it'
    return SandboxError(409, "sandbox_busy", f"{sandbox} is busy", hint, retry_after=1)


def damaged(sandbox: str) -> SandboxError:
    """The folder of a sandbox is missing that is not deleted."""
    return SandboxError(500, "sandbox_damaged", f"{sandbox} has lost its folder", "put it back, or delete the sandbox")


def too_large(message: str, hint: str = "") -> SandboxError:
    """More bytes or files than there is room for."""
    return SandboxError(413, "too_large", message, hint)


def queue_full(message: str, seconds: int = 5) -> SandboxError:
    """There is no place to wait."""
    return SandboxError(429, "queue_full", message, "try again later", retry_after=seconds)
