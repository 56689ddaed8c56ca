"""What an archive may hold, whichever kind it is: plain files and folders, each once, below the folder it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jhansi_runner.runner.sandboxes.errors import SandboxError, bad_request, too_large
from jhansi_runner.runner.sandboxes.names import parts, told

MOST_ENTRIES = 50_000
"""Entries of an archive, and files and folders that come of them."""
_MOST_NAMES = 8 << 20
"""Bytes of all their names."""
_DRIVE = re.compile(rb"[A-Za-z]:")
LINKS = "leave links out, or pack what they lead to: tar --dereference --hard-dereference, or zip without -y"


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. `path` has no slash at its end, and is "" for the top; `size` in bytes is what the archive says."""

    path: str
    folder: bool
    executable: bool = False
    size: int = 0


def bad_archive(why: str, hint: str = "make it anew, with zip or tar") -> SandboxError:
    """An archive that is refused whole."""
    return bad_request(f"the archive is refused, and nothing of it was kept: {why}", hint, name="bad_archive")


def bad_entry(raw: bytes, why: str, hint: str = "make it anew, with zip or tar") -> SandboxError:
    """The same, for one of its entries."""
    return bad_archive(f"its entry {told(raw.decode('utf-8', 'backslashreplace'))!r} {why}", hint)


def too_many() -> SandboxError:
    """An archive with more entries than are taken."""
    return too_large(f"the archive has more than {MOST_ENTRIES} files and folders", "send it in parts")


def too_big(most: int) -> SandboxError:
    """An archive with more in it than there is room for."""
    return too_large(
        f"the archive holds more than the {most} bytes that there is room for",
        "send it in parts, or remove files of the sandbox first",
    )


def member_path(raw: bytes, *, folder: bool) -> str:
    """The path of an entry, by the name that it has; a first `./` means nothing, "" is the top. Raises SandboxError.

    A backslash or a drive's letter would be a path elsewhere: whoever packed them did not mean a name with them in it.
    """
    name = raw.removeprefix(b"./") if raw != b"." or not folder else b""
    if folder:
        name = name.removesuffix(b"/")
        if not name and raw.startswith(b"."):
            return ""
    if b"\\" in name or _DRIVE.match(name):
        raise bad_entry(raw, "has a backslash or a drive's letter in its name", "pack it with / between names")
    try:
        path = name.decode()
    except UnicodeDecodeError:
        raise bad_entry(raw, "has a name that is not UTF-8", "rename the file, or pack it with UTF-8 names") from None
    try:
        parts(path)
    except SandboxError as error:
        raise bad_archive(f"of an entry, {error}", "pack it from the folder that it is in, with names below") from None
    return path


class Seen:
    """The paths that have come: no two entries may mean the same one, nor lie below what is a file."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._named: set[str] = set()
        self._bytes = 0

    def add(self, path: str, *, folder: bool) -> list[str]:
        """Take in a path; the folders that are new with it, the outermost first. Raises SandboxError."""
        twice = path in self._files or (path in self._named if folder else path in self._folders)
        new = list(_missing(path, self._folders))
        if twice or any(above in self._files for above in new):
            raise bad_entry(path.encode(), "is there twice, or lies below a file", "pack each file once")
        if folder:
            self._named.add(path)
            if path not in self._folders:
                new.insert(0, path)
        else:
            self._files.add(path)
        self._folders.update(new)
        self._bytes += len(path) + sum(map(len, new))
        if len(self._files) + len(self._folders) > MOST_ENTRIES or self._bytes > _MOST_NAMES:
            raise too_many()
        return new[::-1]


def _missing(path: str, known: set[str]) -> Iterator[str]:
    """The folders on the way that are not known, the innermost first: of one that is, all on its way are."""
    while (path := path.rpartition("/")[0]) and path not in known:
        yield path
