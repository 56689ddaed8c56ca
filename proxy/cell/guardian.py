"""A guardian: a shell that kills what we started, should we be killed first.

bubblewrap's `--die-with-parent` is armed late: its first process inside arms itself only after the program was let go,
bubblewrap only after it made that process. Of 400 runners killed while they started, 75 left a program running.
What a program opens has a name that the program chose: `-q` keeps its line breaks from becoming lines of the list,
which would name other processes. Light: a warm `exec` imports this module.

Source: prctl(2), PR_SET_PDEATHSIG, which a new process does not inherit; measured with bubblewrap 0.8.0.
"""

from __future__ import annotations

import os

_SHELL = "/bin/sh"
_SCRIPT = """
read -r _ && exit
for pass in 1 2 3 4 5; do
    ls -lq /proc/[0-9]*/fd | while read -r line; do
        case $line in
            /proc/*) pid=${line#/proc/}; pid=${pid%%/*} ;;
            *) [ "${line#* -> }" = "pipe:[$1]" ] && kill -KILL "$pid" ;;
        esac
    done
    sleep 0.1
done
"""
_SIGPIPE = 13


class Guardian:
    """Waits for `end`. If we go away before, it kills every process that holds a pipe.

    `mark` is a descriptor of that pipe, which our processes inherit, and which we do not hold when we are gone. It
    looks several times, because bubblewrap hides its descriptors while it changes its user.
    """

    __slots__ = ("_pid", "_pipe")

    def __init__(self, mark: int) -> None:
        theirs, self._pipe = os.pipe()
        try:
            self._pid = os.posix_spawn(
                _SHELL,
                ["sh", "-c", _SCRIPT, "sh", str(os.fstat(mark).st_ino)],
                {"PATH": os.defpath, "LC_ALL": "C"},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                setsigdef=(_SIGPIPE,),
                setsigmask=(),
            )
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(theirs)

    def end(self) -> None:
        """Let them be."""
        if self._pipe >= 0:
            try:
                os.write(self._pipe, b"\n")
            except BrokenPipeError:  # somebody killed it, as a batch system may; what it guarded has ended well
                pass
            os.close(self._pipe)
            self._pipe = -1
            os.waitpid(self._pid, 0)
