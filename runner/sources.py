"""What the build of a project may see of it when it is asked: texts and sources, and nothing that tools left behind.

All of it counts for a ticket: what a build cannot see cannot change what it says. Light: a warm `exec` imports this
module.
"""

from __future__ import annotations

from jhansi_runner.proxy.digests import sha256
from jhansi_runner.runner.workspace import Unreadable, Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_FILES, MAX_FOLDERS, MAX_BYTES, MAX_DEPTH = 5_000, 2_000, 64 << 20, 32
_MAX_FILE = 1 << 20
_SUFFIXES = frozenset({
    "", "build", "c", "cc", "cfg", "cmake", "cpp", "cxx", "f", "f90", "gradle", "h", "hh", "hpp", "in", "ini",
    "json", "kts", "md", "options", "properties", "pxd", "pxi", "py", "pyf", "pyi", "pyx", "rs", "rst", "template",
    "toml", "txt", "yaml", "yml",
})  # fmt: skip
"""How names of files end that builds read; names without a dot count, such as LICENSE and VERSION."""
_BUILD_SOURCES, _JVM_SUFFIXES = "buildSrc/", frozenset({"groovy", "java", "kt"})
"""A folder with sources of the build itself, by Gradle's convention; those of a program tell its build nothing."""
_WHOLE_FILES, _WHOLE_BYTES = 20_000, 512 << 20
_SETTINGS = (".mvn/",)
"""Folders whose names begin with a dot, and which a build obeys that is run."""
_LEFT_BEHIND = frozenset({"__pycache__", "node_modules", "site-packages"})
_LEFT_ON_TOP = frozenset({"build", "deps", "dist", "htmlcov"})


def files(workspace: Workspace, folder: str, *, whole: bool = False) -> Iterator[tuple[str, bytes]]:
    """The files of the project in `folder`, by their path below it, in order. Links are left out, and what is large.

    With `whole` they are those of a build that is run and tested, whatever their names. Raises Unreadable for a project
    that is too large.
    """
    most, bytes_, largest = (_WHOLE_FILES, _WHOLE_BYTES, _WHOLE_BYTES) if whole else (MAX_FILES, MAX_BYTES, _MAX_FILE)
    size = 0
    for count, path in enumerate(_paths(workspace, folder, whole=whole)):
        try:
            data = workspace.read(f"{folder}/{path}" if folder else path)
        except Unreadable:
            continue
        if data is None or len(data) > largest:
            continue
        size += len(data)
        if count >= most or size > bytes_:
            raise Unreadable(f"has more than {most} files or {bytes_ >> 20} MiB that its build may read")
        yield path, data


def _paths(workspace: Workspace, folder: str, *, whole: bool) -> Iterator[str]:
    folders, seen = [("", 0)], 0
    while folders:
        below, depth = folders.pop()
        names = workspace.names("/".join(part for part in (folder, below) if part))
        seen += 1
        if seen > MAX_FOLDERS:
            raise Unreadable(f"has more than {MAX_FOLDERS} folders")
        if depth and "pyvenv.cfg" in names:
            continue
        for name in names:
            path = f"{below}/{name}" if below else name
            if not name.endswith("/"):
                suffix = name.rpartition(".")[2 if "." in name else 0].lower()
                if whole or suffix in _SUFFIXES or (suffix in _JVM_SUFFIXES and path.startswith(_BUILD_SOURCES)):
                    yield path
            elif (whole and name in _SETTINGS) or not (
                depth >= MAX_DEPTH or _is_left_behind(name[:-1], depth) or _is_output(name, names)
            ):
                folders.append((path[:-1], depth + 1))


def _is_left_behind(name: str, depth: int) -> bool:
    return (
        name.startswith(".")
        or name in _LEFT_BEHIND
        or name.endswith((".egg-info", ".dist-info"))
        or (depth == 0 and name in _LEFT_ON_TOP)
    )


def _is_output(name: str, beside: Sequence[str]) -> bool:
    return (name == "build/" and ("build.gradle" in beside or "build.gradle.kts" in beside)) or (
        name == "target/" and "pom.xml" in beside
    )


def digest(found: Iterable[tuple[str, bytes]]) -> str:
    """What changes when any of the files does."""
    whole = sha256()
    for path, data in found:
        name = path.encode("utf-8", "surrogateescape")
        whole.update(b"%d %d\n" % (len(name), len(data)) + name + data)
    return whole.hexdigest()
