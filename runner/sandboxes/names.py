"""Paths as requests name them: judged once, as text, before anything is looked at.

A path is UTF-8, below the workspace, and says one thing: no part of it is empty, `.` or `..`. What tools of the host
obey, such as `.git`, may be named: the workspace is no place that they work in, what its owner writes there is the
owner's own, and a program inside can make such a name too where there is none. `exec` mounts them read-only, whoever
wrote them.

A name on disk that is not UTF-8 is shown with its bytes as `\\xff`; no request names it, but whole folders are copied,
packed and removed with all that is in them.

Source: ADR 16; limits.h for the lengths that Linux takes.
"""

from __future__ import annotations

import os
from errno import (
    EACCES,
    EDQUOT,
    EEXIST,
    EFBIG,
    EISDIR,
    ELOOP,
    EMFILE,
    ENFILE,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    ENOTEMPTY,
    ENXIO,
    EPERM,
)

from jhansi_runner.runner.console import shown
from jhansi_runner.runner.sandboxes.errors import NO_SPACE, SandboxError, bad_request

DEPTH = 64
"""Parts that a path may have; folders that lie deeper are passed over by nobody, but refused."""
LONGEST_NAME, LONGEST_PATH = 255, 4000
"""Bytes. A whole path leaves room below PATH_MAX, 4096, for the folder that it is unpacked in."""
_QUOTED = 200

Parts = tuple[bytes, ...]


def parts(path: str) -> Parts:
    """The names on the way to something in a workspace, the last its own. Raises SandboxError."""
    if not path:
        raise _bad(path, "is empty", "name a file of the sandbox, such as src/main.py")
    if path.startswith("/"):
        raise _bad(path, "is absolute", "paths begin at the sandbox's own folder: leave the first / away")
    if "\0" in path:
        raise _bad(path, "has a NUL in it", "no file has such a name")
    try:
        whole = path.encode()
    except UnicodeEncodeError:
        raise _bad(path, "is not UTF-8", "name the folder that it lies in instead") from None
    if len(whole) > LONGEST_PATH:
        raise _bad(path, f"has more than {LONGEST_PATH} bytes", "use shorter names")
    names = tuple(whole.split(b"/"))
    if any(name in (b"", b".", b"..") for name in names):
        raise _bad(path, "has an empty part, . or .. in it", "name each folder from the sandbox's own on, once")
    if any(len(name) > LONGEST_NAME for name in names):
        raise _bad(path, f"has a name of more than {LONGEST_NAME} bytes", "use shorter names")
    if len(names) > DEPTH:
        raise _bad(path, f"has more than {DEPTH} parts", "use fewer folders in folders")
    return names


def folder_parts(path: str) -> Parts:
    """The same for a folder, which may be the workspace itself (""), and may end with a slash. Raises SandboxError."""
    return parts(path.removesuffix("/")) if path else ()


def text(names: Parts) -> str:
    """A path as it is listed: with what is not UTF-8 as `\\xff`."""
    return b"/".join(names).decode("utf-8", "backslashreplace")


def told(path: str) -> str:
    """A path for a sentence: short, and without control characters."""
    safe = shown(path.encode("utf-8", "backslashreplace").decode())
    return safe if len(safe) <= _QUOTED else f"{safe[:_QUOTED]}..."


def failed(error: OSError, path: str, doing: str) -> SandboxError:
    """What a failed system call means to who asked. `doing` is what was not done, such as `written`."""
    number = error.errno or 0
    if number == ENOENT and not path:
        return SandboxError(404, "not_found", "the sandbox is gone", "somebody deleted it: create another one")
    path = told(path) or "the sandbox"
    message = f"{path} is not {doing}: {os.strerror(number)}"
    if number == ENOENT:
        return SandboxError(404, "not_found", f"there is no {path}", "list the folder to see what is there")
    if number in (ELOOP, ENOTDIR):
        hint = "links are not followed, and a file holds no others: remove what is in the way, or use another path"
        return SandboxError(409, "not_a_folder", f"{path} is not {doing}: a link or a file is on the way", hint)
    if number == ENXIO:
        return SandboxError(400, "not_a_file", f"{path} is a socket or a device", "only files can be read")
    if number in (EISDIR, EEXIST, ENOTEMPTY):
        return SandboxError(409, "is_a_folder", f"{path} is not {doing}: a folder is there", "remove the folder first")
    if number in (ENOSPC, EDQUOT, EFBIG):
        return SandboxError(507, NO_SPACE, message, "remove files or sandboxes, or tell the operator")
    if number in (EACCES, EPERM):
        hint = "a program in the sandbox has closed it: chmod it from inside, or remove it"
        return SandboxError(403, "closed", message, hint)
    if number in (EMFILE, ENFILE):
        return SandboxError(503, "overloaded", message, "try again later", retry_after=5)
    return SandboxError(500, "failed", message, "try again; if it stays so, tell the operator")


def _bad(path: str, why: str, hint: str) -> SandboxError:
    return bad_request(f"the path {told(path)!r} {why}", hint, name="bad_path")
