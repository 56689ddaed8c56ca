"""`exec`, with controls of its sandbox taken away: `python without_controls.py CONTROL,CONTROL exec ...`.

For tests that show of an attack, or of who looks for attacks, that it succeeds without the control. Never part of the
product: it changes what `exec` hands to bubblewrap, from outside.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from jhansi_runner.proxy.cell import process
from jhansi_runner.runner import entry, execute, inside, link

Words = list[str]
Alter = Callable[[Words], Words]
UNSHARED = ("user", "ipc", "pid", "net", "uts", "cgroup")


def _without(name: str) -> Alter:
    """All namespaces but one."""
    kept = [f"--unshare-{each}" for each in UNSHARED if each != name]
    return lambda words: [new for word in words for new in (kept if word == "--unshare-all" else [word])]


def _less(*options: str) -> Alter:
    return lambda words: [word for word in words if word not in options]


def _processes(words: Words) -> Words:
    words = _without("pid")(words)
    at = words.index("--proc")
    return [*words[:at], "--ro-bind", *words[at + 1 : at + 2], *words[at + 1 :]]


def _unsealed(words: Words) -> Words:
    at = len(words) - words[::-1].index("--remount-ro") - 1
    return words[:at] + words[at + 2 :]


def _variable(words: Words) -> Words:
    return [*words, "--setenv", "LEAK", os.environ["JHANSI_DOCTOR_CANARY"]]


def _shown(folder: str) -> Alter:
    return lambda words: [*words[: words.index("--remount-ro")], "--bind", folder, folder,
                          *words[words.index("--remount-ro") :]]  # fmt: skip


ALTERED: dict[str, Alter] = {
    "network": _without("net"),
    "ipc": _without("ipc"),
    "processes": _processes,
    "sealed": _unsealed,
    "environment": _variable,
    "temporary files": _shown("/tmp"),
    "home": _shown(os.path.expanduser("~")),
    "namespaces": _less("--disable-userns"),
    "ending": _less("--die-with-parent"),
    **dict.fromkeys(("filter", "descriptors", "gate", "door"), list),
}
UNFILTERED = ("filter", "namespaces")


class NoGuardian:
    """Stands for the guardian, and guards nothing."""

    def __init__(self, mark: int) -> None:
        del mark

    def end(self) -> None:
        """Nothing to end."""


def weaken(controls: Sequence[str]) -> None:
    """Take controls away from all that this process starts."""
    real = process.start
    leaked = _open_files() if "descriptors" in controls else []

    def start(bwrap: str, arguments: Sequence[str], command: Sequence[str], stdio: Any, **more: Any) -> process.Cell:
        if not set(UNFILTERED).isdisjoint(controls):
            more["seccomp"] = None
        words = list(arguments)
        for control in controls:
            words = ALTERED[control](words)
        return real(bwrap, words, command, stdio, **{**more, "inherited": leaked})

    cast(Any, inside).start = start
    if "ending" in controls:
        cast(Any, process).Guardian = NoGuardian
    if "gate" in controls:
        cast(Any, link).open_link = _everything_allowed
    if "door" in controls:
        _always_a_door()


def _open_files() -> list[int]:
    names = os.listdir("/proc/self/fd")  # the folder's own descriptor is among them, and closed by now
    return [int(name) for name in names if int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}")]


def _everything_allowed(job: Any, phase: str, listener: int, tell: Any) -> None:
    """A gate that says yes to everything, for as long as this process lives."""
    import socket

    del job, phase, tell
    door = socket.socket(fileno=os.dup(listener))

    def serve() -> None:
        while True:
            client, _ = door.accept()
            client.recv(4096)
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            client.close()

    threading.Thread(target=serve, daemon=True).start()
    threading.Event().wait(30)


def _always_a_door() -> None:
    run = execute._run

    def with_door(job: Any, found: Any, *more: Any) -> Any:
        found.egress = "registries"
        return run(job, found, *more)

    cast(Any, execute)._run = with_door


if __name__ == "__main__":
    weaken(sys.argv.pop(1).split(","))
    entry.main()
