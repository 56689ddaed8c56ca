"""Where a run is that somebody ordered: in a sandbox that has a name. Light: a warm `exec` imports this module."""

from __future__ import annotations


class Placed:
    """`run` and `sandbox` are ids as they are told; `policy` is a text that narrows the operator's, "" for none.

    `timeout` is in seconds, for programs that ask for none, where the policy does not say less.
    """

    __slots__ = ("policy", "run", "sandbox", "timeout")

    def __init__(self, run: str, sandbox: str, policy: str = "", timeout: float | None = None) -> None:
        self.run, self.sandbox, self.policy, self.timeout = run, sandbox, policy, timeout

    @property
    def journal(self) -> str:
        """The run's id in the journal."""
        return self.run.rpartition("_")[2]
