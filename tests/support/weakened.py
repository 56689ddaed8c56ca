"""The product's own sandbox less one control: what an attack is tried in first, to see that it works at all.

The command is started by a script that changes the arguments which the product hands to bubblewrap; everything else of
the run stays as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from support.user import User

_DRIVER = """
import os, sys
from jhansi_runner.runner import entry
plain = os.posix_spawn
def content(number):
    return os.pread(number, os.fstat(number).st_size, 0)
def descriptor(data):
    made = os.memfd_create("")
    os.write(made, data)
    os.lseek(made, 0, os.SEEK_SET)
    os.set_inheritable(made, True)
    return made
def without(words, dropped):
    left, at = [], 0
    while at < len(words):
        part = words[at : at + len(dropped)]
        if len(part) == len(dropped) and all(d in (None, w) for d, w in zip(dropped, part)):
            at += len(dropped)
        else:
            left.append(words[at]); at += 1
    if left == words: sys.exit(f"weakened: no {{dropped}} among the arguments: this shows nothing")
    return left
def spawn(path, argv, env, **options):
    if argv[0] == "bwrap":
        words = [os.fsdecode(word) for word in content(int(argv[2])).split(b"\\0")[:-1]]
        for dropped in {drop!r}: words = without(words, dropped)
        words += {add!r}
        given = words if {inline!r} else ["--args", str(descriptor(b"".join(os.fsencode(w) + b"\\0" for w in words)))]
        argv, env = ["bwrap", *given, *argv[3:]], {environ!r}
    return plain(path, argv, env, **options)
os.posix_spawn = spawn
entry.main()
"""

FILTER = ("--seccomp", None)
"""The filter, in the form in which arguments are left out: None stands for any word."""


@contextlib.contextmanager
def weakened(
    user: User,
    *drop: Sequence[str | None],
    add: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    inline: bool = False,
) -> Iterator[None]:
    """The user's commands run in the product's sandbox less some of its arguments, or with more.

    `drop` are runs of words that are left out wherever they stand; each has to be there. `environ` is bubblewrap's
    own environment; `inline` gives it the arguments on its command line.
    """
    wanted = {"drop": [tuple(each) for each in drop], "add": list(add), "environ": dict(environ or {})}
    driver = user.write(user.root / "weakened.py", _DRIVER.format(**wanted, inline=inline))
    before = user.command
    user.command = [str(Path(before[0]).parent / "python"), "-I", str(driver)]
    try:
        yield
    finally:
        user.command = before
