"""Which Python the program gets: the one that runs us, or the one that was asked for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jhansi_runner.runner.asked import asked
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.workspace import SHARED

_PROBE = (
    "import site,sys,sysconfig;"
    "print(*sys.version_info[:3],sep='.');print(sys.implementation.cache_tag);print(sysconfig.get_platform());"
    "print(sys._base_executable or sys.executable);print(sys.base_prefix);"
    "print(*site.getsitepackages([sys.base_prefix,sys.base_exec_prefix]),sep=chr(0))"
)
_VERSION = re.compile(r"\d{1,2}(\.\d{1,2}){0,2}")
_NAME = re.compile(r"(python|pypy)[0-9.]*")
_SHOWN = re.compile(r"(python|pypy)3(\.\d{1,2})?")
_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: its true path, where its library is, and what packages must fit."""

    path: str
    prefix: str
    version: str
    tag: str
    """Implementation, version and platform, such as `cpython-311-linux-x86_64`."""
    site: tuple[str, ...]
    """Its folders of installed packages, which are the host's and not the program's."""


def find(asked: str | None, env: Mapping[str, str], planted: Planted, private: Sequence[str]) -> Interpreter:
    """The interpreter for `--python`, a path or a version; without it our own. Raises RunnerError that tells of others.

    It is asked what it is outside of any sandbox, so one that a program may have put into a workspace is refused.
    So is one whose library, which is shown to programs, is in a folder that holds one of the `private` ones.
    """
    found = own() if asked is None else _find(asked, env, planted)
    shows = shown_with(found.prefix, private)
    if shows:
        raise RunnerError(
            f"{found.path} keeps its library in {found.prefix}, and to show that would show {shows}",
            lines=("name another interpreter with --python",),
        )
    return found


def shown_with(folder: str, private: Sequence[str]) -> str:
    """What should stay hidden and would be shown with the folder of a program, "" for nothing."""
    if folder in SHARED and folder != "/usr":
        return "what other programs keep there"
    home = os.path.expanduser("~")
    if os.path.dirname(folder) == home and os.path.basename(folder).startswith("."):
        return "what other programs keep of you there"  # `~/.local` has keyrings, `~/.cargo` credentials
    return next((each for each in private if each == folder or each.startswith(folder.rstrip("/") + "/")), "")


Planted = Callable[[str], bool]
"""Whether a program that ran in a workspace, this one or another, could have written a file."""


def _find(asked: str, env: Mapping[str, str], planted: Planted) -> Interpreter:
    if "/" in asked:
        if planted(asked):
            raise RunnerError(
                f"--python {asked}: is in a workspace, where a program may have put it",
                lines=("name an interpreter outside of it",),
            )
        return probe(os.path.abspath(asked))
    folders = search_path(env)
    if not _VERSION.fullmatch(asked) and not _NAME.fullmatch(asked):
        lines = _there(folders, planted)
        raise RunnerError(f"--python {asked}: give a path, or a version such as 3.12", lines=lines)
    name = asked if asked[0] == "p" else f"python{asked}"
    short = re.sub(r"(\d+\.\d+)\.\d+$", r"\1", name)
    tried = []
    for folder in folders:
        path = f"{folder}/{short}"
        if not os.access(path, os.X_OK):
            continue
        if planted(path):
            tried.append(f"{path} is in a workspace, where a program may have put it")
            continue
        try:
            found = probe(path)
        except RunnerError as error:
            tried.append(str(error))
            continue
        if name == short or found.version == re.sub(r"^\D+", "", asked):
            return found
    ours = own()
    if name.startswith("python3") and f"python{ours.version}.".startswith(name + "."):
        return ours
    raise RunnerError(f"--python {asked}: there is no such interpreter", lines=(*tried, *_there(folders, planted)))


def search_path(env: Mapping[str, str]) -> list[str]:
    """Where programs of the host are looked for, in order."""
    named = [*env.get("PATH", "").split(":"), "/usr/local/bin", "/usr/bin"]
    return list(dict.fromkeys(folder for folder in named if folder.startswith("/")))


def _there(folders: Sequence[str], planted: Planted) -> tuple[str, ...]:
    """Lines that tell which interpreters there are, ours among them, and where was looked."""
    paths = [f"{folder}/{name}" for folder in folders for name in _names(folder) if _SHOWN.fullmatch(name)]
    usable = [path for path in paths if os.access(path, os.X_OK) and not planted(path)]
    ours = own()
    found = {ours.path: ours.version}
    for path in dict.fromkeys(map(os.path.realpath, usable)):
        if len(found) == _MOST_SHOWN:
            break
        try:
            each = probe(path)
        except RunnerError:
            continue
        found.setdefault(each.path, each.version)
    return (
        *(f"found {version}: {path}" for path, version in found.items()),
        f"looked in {', '.join(folders)}",
        "give one of these versions, or the path of another interpreter",
    )


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


@cache
def own() -> Interpreter:
    """The interpreter that runs us, outside of any virtual environment. Raises RunnerError."""
    return probe(sys._base_executable or sys.executable)  # type: ignore[attr-defined]


def probe(path: str) -> Interpreter:
    """Ask an interpreter what it is. It is the host's own, not the workspace's. Raises RunnerError."""
    trouble, silent = f"{path} is not a Python that can be used", "it does not answer as Python does"
    said = asked([path, "-I", "-S", "-c", _PROBE], trouble, silent)
    try:
        version, tag, platform, executable, prefix, site = said.splitlines()
    except ValueError:
        raise RunnerError(f"{trouble}: {silent}") from None
    if tuple(int(part) for part in version.split(".")[:2]) < (3, 9):
        raise RunnerError(f"{path} is Python {version}: 3.9 or later is needed")
    folders = tuple(dict.fromkeys(path for path in site.split("\0") if path.startswith("/")))
    return Interpreter(os.path.realpath(executable), os.path.realpath(prefix), version, f"{tag}-{platform}", folders)
