"""The one exception of the client."""

from __future__ import annotations


class JhansiError(Exception):
    """What was asked for was not done.

    `code` is a stable name, such as `sandbox_busy`; `hint` says what to do next, or is "". `status` is that of HTTP, 0
    where nothing was answered. `retry_after` is in seconds, None where trying again does not help.
    """

    def __init__(
        self, code: str, message: str, hint: str = "", status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{message}: {hint}" if hint else message)
        self.code, self.message, self.hint = code, message, hint
        self.status, self.retry_after = status, retry_after


def bad_answer(what: str, status: int = 0) -> JhansiError:
    """Something answered that does not speak as our server does."""
    return JhansiError("bad_answer", what, "is this the address of a jhansi-runner serve?", status)


def broken(what: str) -> JhansiError:
    """The connection was lost while an answer was awaited."""
    hint = "what ran may have ended: see the runs of the sandbox"
    return JhansiError("connection_lost", f"the server was lost ({what})", hint)
