"""What a language needs of the host: which programs, where they are, and what of the host they show to a sandbox."""

from __future__ import annotations

import glob
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.python.steps import UV
from jhansi_runner.resolvers.resolver import Program, Resolver, Tools
from jhansi_runner.runner import interpreter
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.interpreter import Interpreter, planted

_PYTHON = "python"
_NUMBER = re.compile(r"\d+(?:\.\d+)+|\d+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SECONDS = 60
_SYSTEM = "/usr"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A language's programs. `tools` are they as its resolver sees them.

    `shown` are folders and files of the host, read-only where they are; `hidden` are folders in them that are covered.
    `named` are the names under which programs are found in a sandbox, `path` are further folders of PATH.
    `installer` is what only installations see: path on the host, and place.
    """

    tools: Tools
    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    path: tuple[str, ...] = ()
    installer: tuple[tuple[str, str], ...] = ()

    @property
    def programs(self) -> tuple[str, ...]:
        """The paths that change when a program is replaced."""
        return tuple(dict.fromkeys(self.tools.paths.values()))


def of_python(found: Interpreter, uv: str = "") -> Toolchain:
    """The toolchain of an interpreter. `uv` is the installer's path, "" where nothing is installed."""
    outside = found.prefix != "" and not _below(found.prefix, _SYSTEM)
    return Toolchain(
        Tools({_PYTHON: found.path}, {_PYTHON: found.version}, found.tag),
        shown=(found.prefix,) if outside else (),
        hidden=tuple(each for each in found.site if _below(each, _SYSTEM) or _below(each, found.prefix)),
        named=((_PYTHON, found.path), ("python3", found.path)),
        path=(f"{found.prefix}/bin",) if outside else (),
        installer=((uv, UV),) if uv else (),
    )


def find(
    resolver: Resolver, asked: str | None, env: Mapping[str, str], workspace: str, private: Sequence[str]
) -> Toolchain:
    """The host's toolchain for a language. `asked` is what `--python` says. Raises RunnerError with what is missing.

    No program is taken from the `workspace`, where a program may have put it, nor shown with a folder that holds one of
    the `private` ones.
    """
    if resolver.language == _PYTHON:
        return of_python(interpreter.find(asked, env, workspace, private), _find_uv())
    paths: dict[str, str] = {}
    versions: dict[str, str] = {}
    for program in resolver.programs:
        path = _on_path(program.name, env, workspace)
        if path is None and program.needed:
            lines = (program.hint,)
            raise RunnerError(f"{resolver.language} needs {program.name}, which is not on PATH", lines=lines)
        if path is not None:
            paths[program.name], versions[program.name] = path, _version(program, path)
    shown = tuple(dict.fromkeys(home for path in paths.values() if (home := _home(path))))
    for folder in shown:
        for each in private:
            if _below(each, folder):
                raise RunnerError(f"{folder} holds a program that is needed, and to show it would show {each}")
    configuration = [path for each in resolver.programs for glob_ in each.configuration for path in glob.glob(glob_)]
    machine = os.uname().machine
    tag = "-".join([resolver.language, *(f"{name}-{version}" for name, version in sorted(versions.items())), machine])
    return Toolchain(
        Tools(paths, versions, tag),
        shown=(*shown, *(path for path in configuration if os.access(path, os.R_OK))),
        named=tuple(paths.items()),
    )


def _on_path(name: str, env: Mapping[str, str], workspace: str) -> str | None:
    """The true path of a program, as `env` finds it outside of the workspace."""
    for folder in interpreter.search_path(env):
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK) and os.path.isfile(path) and not planted(path, workspace):
            return os.path.realpath(path)
    return None


def _home(path: str) -> str:
    """The folder that a program outside of `/usr` lies in with all that belongs to it, "" for one inside."""
    if _below(path, _SYSTEM):
        return ""
    folder = os.path.dirname(path)
    return os.path.dirname(folder) if os.path.basename(folder) in ("bin", "sbin") else folder


def _version(program: Program, path: str) -> str:
    """What a program of the host says of its version. Raises RunnerError where it is too old, or does not say."""
    try:
        done = subprocess.run(
            [path, *program.version], capture_output=True, text=True, timeout=_SECONDS, check=True, cwd="/"
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or "it does not tell its version"
        raise RunnerError(f"{path} cannot be used: {reason}", lines=(program.hint,)) from None
    found = _NUMBER.search(_COLOUR.sub("", done.stdout) or done.stderr)
    version = found.group() if found else ""
    if found is None or tuple(int(part) for part in version.split(".")) < program.least:
        least = ".".join(str(part) for part in program.least)
        raise RunnerError(f"{path} is {program.name} {version}: {least} or later is needed", lines=(program.hint,))
    return version


def _find_uv() -> str:
    """The uv that came with us, and no other that lies on PATH. Raises RunnerError."""
    import uv

    try:
        return os.path.realpath(uv.find_uv_bin())
    except FileNotFoundError:
        raise RunnerError("uv is missing from this installation: install jhansi-runner again") from None


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
