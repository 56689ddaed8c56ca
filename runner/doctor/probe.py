"""The program that `jhansi-runner doctor` runs twice: in a sandbox, where it must reach nothing, and outside of it.

It reads a JSON object from its standard input: what to try, by name. Each attempt is made by a process of its own,
because the kernel may kill it for trying, and prints a line: its name, whether it got there, and what it was told.
Python's standard library alone. Nothing that it says is trusted (`trial.py`).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time

from jhansi_runner.runner.doctor import probe_host, probe_kernel
from jhansi_runner.runner.doctor.probe_lock import hold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECONDS = 10
_PARENT_SECONDS = 30
_BYTES = 4096


def attempt(asked: dict[str, Any]) -> tuple[bool, str]:
    """Try one thing in a process of its own, 10 s at most or as asked: whether it got there, and what it was told."""
    tried = asked["try"]
    function = getattr(probe_host, tried, None) or getattr(probe_kernel, tried)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        signal.alarm(asked.get("seconds", _SECONDS))
        try:
            answer = function(asked)
        except OSError as error:
            answer = False, str(error.strerror or error)
        except Exception as error:  # whatever it is, it is the answer
            answer = False, repr(error)
        os.write(theirs, json.dumps(answer).encode()[:_BYTES])
        os._exit(0)
    os.close(theirs)
    _, status = os.waitpid(child, 0)
    os.set_blocking(ours, False)
    try:
        reached, said = json.loads(os.read(ours, _BYTES))
    except (OSError, ValueError):
        reached, said = False, f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "no answer"
    os.close(ours)
    return bool(reached), str(said)


def main(words: list[str]) -> None:
    """Try what standard input asks for; with `hold`, hold a lock; with `parent`, start that and wait."""
    if words[:1] == ["hold"]:
        hold(words[1], words[2], os.dup(1))
    elif words[:1] == ["parent"]:
        if os.fork() == 0:
            hold(words[1], words[2], os.dup(1))
        else:
            time.sleep(_PARENT_SECONDS)
    else:
        for name, asked in json.load(sys.stdin).items():
            reached, said = attempt(asked)
            print(json.dumps({"name": name, "reached": reached, "said": said}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
