"""Limits that this session was started with and that stop our own work: which one it was, and how to raise it. Pure.

Source: getrlimit(2); bash(1), `ulimit`; systemd.exec(5), `LimitNOFILE=` and its like.
"""

from __future__ import annotations

import errno
import os

_LIMITS = {
    errno.EMFILE: ("open-files-limit", "so few files may be open at once here", "n 1024", "NOFILE=1024"),
    errno.EFBIG: ("file-size-limit", "no file may be larger here", "f unlimited", "FSIZE=infinity"),
    errno.EAGAIN: ("process-limit", "no further process may be started here", "u unlimited", "NPROC=infinity"),
}


class SessionLimit:
    """A stable `code`, what is `wrong` in a few words with the name of the limit, and what to do."""

    __slots__ = ("code", "remedy", "wrong")

    def __init__(self, code: str, wrong: str, remedy: str) -> None:
        self.code, self.wrong, self.remedy = code, wrong, remedy


def of_error(number: int | None, value: int | None = None) -> SessionLimit | None:
    """The limit behind an error's number, None for any other; `value` is what it is set to, None if not known."""
    if number not in _LIMITS:
        return None
    code, wrong, option, setting = _LIMITS[number]
    name = f"RLIMIT_{setting.partition('=')[0]}"
    told = name if value is None else f"{name} is {value}"
    remedy = f"Raise the limit of this session:\n  ulimit -{option}\nor of the service that it runs in: Limit{setting}"
    if number == errno.EAGAIN:
        remedy = f"End what you do not need. {remedy}, TasksMax=infinity; of all that is yours:\n{_SLICE}"
    return SessionLimit(code, f"{wrong} ({told})", remedy)


def of_words(said: str, open_files: int | None = None, processes: int | None = None) -> SessionLimit | None:
    """The limit behind what a program said, whose last words are those of an error."""
    values = {errno.EMFILE: open_files, errno.EAGAIN: processes}
    number = next((each for each in _LIMITS if said.endswith(os.strerror(each))), None)
    return of_error(number, values.get(number) if number is not None else None)


_SLICE = "  systemctl show --property=TasksMax user-$(id -u).slice"
