"""`requirements.txt` and the files that it names, all inside the workspace.

Source: pip's documentation, "Requirements File Format".
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from jhansi_runner.resolvers.interface import ManifestError, View
from jhansi_runner.resolvers.python.manifest import Draft, LocalProject, read
from jhansi_runner.resolvers.python.requirement import check_url, from_pep508
from jhansi_runner.resolvers.python.requirements_lines import Line, decode, lines

MAX_FILES = 64
INDEX = frozenset({"--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--trusted-host", "--no-index"})
BUILD = frozenset(
    {
        "--no-binary",
        "--only-binary",
        "--prefer-binary",
        "--require-hashes",
        "--use-feature",
        "--global-option",
    }
)
FOR_WORK = tuple(
    name
    for group in ("dev", "test", "tests")
    for name in (f"requirements-{group}.txt", f"requirements_{group}.txt", f"{group}-requirements.txt")
)
"""Files beside requirements.txt that list what work on a project needs."""
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
LOCAL = re.compile(r"(?P<path>[^\[\s]*)(?:\[(?P<extras>[^\]]*)\])?")


def collect(view: View, path: str, draft: Draft, *, command: bool = False) -> bool:
    """Add what a requirements file asks for; False when there is no such file. Raises ManifestError.

    `command`: what is run is a command, such as pytest: it needs what is listed apart for work on the project, too.
    """
    data = read(view, path)
    if data is None:
        return False
    reader = _Reader(view, draft)
    reader.file(path, data, constrains=False)
    for name in FOR_WORK if command else ():
        beside = posixpath.join(posixpath.dirname(path), name)
        data = read(view, beside)
        if data is not None and (beside, False) not in reader.seen:
            reader.file(beside, data, constrains=False)
    return True


class _Reader:
    """Follows `-r` and `-c`, each file once for each meaning."""

    def __init__(self, view: View, draft: Draft) -> None:
        self._view = view
        self._draft = draft
        self.seen: set[tuple[str, bool]] = set()

    def file(self, path: str, data: bytes, constrains: bool) -> None:
        self.seen.add((path, constrains))
        for line in lines(decode(data, path), path):
            if line.option:
                self._option(line, path, constrains)
            else:
                self._requirement(line, path, constrains)

    def _option(self, line: Line, path: str, constrains: bool) -> None:
        match line.option:
            case "--requirement":
                self._include(line, path, constrains)
            case "--constraint":
                self._include(line, path, constrains=True)
            case "--editable":
                self._address(line, path, constrains)
            case "--pre":
                self._draft.allow_prereleases = True
            case option if option in INDEX:
                self._draft.note(path, line.number, f"{option} is not obeyed: registries are set by the policy")
            case option if option in BUILD:
                self._draft.note(path, line.number, f"{option} is not obeyed")
            case option:
                raise ManifestError(path, line.number, f"{option} is not known here", "remove the line")

    def _include(self, line: Line, path: str, constrains: bool) -> None:
        target = named_file(posixpath.dirname(path), line.value, path, line.number)
        if (target, constrains) in self.seen:
            self._draft.note(path, line.number, f"{target} was read already")
            return
        if len(self.seen) >= MAX_FILES:
            raise ManifestError(path, line.number, f"more than {MAX_FILES} files are included", "include fewer files")
        data = read(self._view, target)
        if data is None:
            hint = "correct the path; it is relative to the file that names it"
            raise ManifestError(path, line.number, f"{target} does not exist", hint)
        self.file(target, data, constrains)

    def _requirement(self, line: Line, path: str, constrains: bool) -> None:
        if line.ignored:
            self._draft.note(path, line.number, f"{line.ignored.split()[0]} is not obeyed")
        if URL.match(line.value) or line.value.startswith((".", "/", "~")) or _is_archive(line.value):
            self._address(line, path, constrains)
        else:
            self._add(line.value, line, path, constrains)

    def _address(self, line: Line, path: str, constrains: bool) -> None:
        """A line that names a place instead of a package."""
        target, _, marker = line.value.partition(" ;")
        if URL.match(target):
            check_url(target, path, line.number)
            name = archive_name(target)
            if name is None:
                hint = f"write it as NAME @ {target[:80]}"
                raise ManifestError(path, line.number, "an address that does not show the package's name", hint)
            self._add(f"{name} @ {target}" + (f" ;{marker}" if marker else ""), line, path, constrains)
            return
        found = LOCAL.fullmatch(target.strip())
        folder = inside(posixpath.dirname(path), found["path"] if found else target, path, line.number)
        if found is None or _is_archive(target):
            hint = "name a released version, or the folder that it was made from"
            raise ManifestError(path, line.number, f"{target[:80]!r} is a file of a package", hint)
        extras = tuple(extra.strip() for extra in (found["extras"] or "").split(",") if extra.strip())
        self._draft.projects.append(LocalProject(folder, extras, path, line.number))

    def _add(self, text: str, line: Line, path: str, constrains: bool) -> None:
        target: Callable[..., None] = (self._draft.constraints if constrains else self._draft.requirements).append
        target(from_pep508(text, path, line.number, hashes=line.hashes))


def inside(folder: str, target: str, file: str, line: int) -> str:
    """A path as `file` names it, relative to the workspace. Raises ManifestError when it leads out."""
    if not target or URL.match(target) or "\\" in target:
        raise ManifestError(file, line, f"{target[:80]!r} is not a path", "name a file inside the workspace")
    path = posixpath.normpath(posixpath.join(folder, target))
    if path.startswith("/") or path.split("/")[0] == "..":
        hint = "copy the file into the workspace and name it there"
        raise ManifestError(file, line, f"{target[:80]!r} is outside the workspace", hint)
    return "" if path == "." else path


def folder_of(value: object, file: str, line: int) -> str | None:
    """The folder of the workspace that a manifest's `path = ...` leads to; None where it is no path to a folder.

    Raises ManifestError when it leads out.
    """
    if not isinstance(value, str) or _is_archive(value):
        return None
    return inside(posixpath.dirname(file), value, file, line)


def extras_of(entry: Mapping[str, object]) -> tuple[str, ...]:
    """The extras that a manifest's table of a dependency asks for."""
    listed = entry.get("extras")
    return tuple(map(str, listed)) if isinstance(listed, list) else ()


def named_file(folder: str, target: str, file: str, line: int) -> str:
    """A file's path as `file` names it, relative to the workspace. Raises ManifestError when it can be no file's."""
    path = inside(folder, target, file, line)
    if not path:
        raise ManifestError(file, line, f"{target[:80]!r} is a folder", "name a file inside the workspace")
    return path


def _is_archive(text: str) -> bool:
    path = text.partition(" ;")[0].partition("[")[0].strip()
    return " " not in path and path.endswith((".whl", ".tar.gz", ".zip"))


def archive_name(url: str) -> str | None:
    """The distribution that a wheel's or sdist's URL names."""
    file = url.partition("#")[0].partition("?")[0].rpartition("/")[2].replace("%2B", "+")
    try:
        return str(parse_wheel_filename(file)[0])
    except InvalidWheelFilename:
        pass
    try:
        return str(parse_sdist_filename(file)[0])
    except InvalidSdistFilename:
        return None
