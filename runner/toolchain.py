"""What a language needs of the host: which programs, where they are, and what of the host they show to a sandbox."""

from __future__ import annotations

import glob
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jhansi_runner.resolvers.python.steps import UV
from jhansi_runner.resolvers.resolver import Program, Resolver, Tools
from jhansi_runner.runner import interpreter
from jhansi_runner.runner.asked import asked
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.interpreter import Interpreter, Planted, shown_with

_PYTHON = "python"
_DOTTED, _NUMBER = re.compile(r"\d+(?:\.\d+)+"), re.compile(r"\d+")  # `x86_64-linux-gnu-gcc-12 (...) 12.2.0`
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SYSTEM = "/usr"


class NotOnPath(RunnerError):
    """A program is there, in a folder that is not on PATH."""


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
    resolver: Resolver, asked: str | None, env: Mapping[str, str], planted: Planted, private: Sequence[str]
) -> Toolchain:
    """The host's toolchain for a language. `asked` is what `--python` says. Raises RunnerError with what is missing.

    No program is taken from a workspace, where a program may have put it. Where the folder that one lies in has more in
    it than should be shown, it is shown alone.
    """
    if resolver.language == _PYTHON:
        return of_python(interpreter.find(asked, env, planted, private), _find_uv())
    paths: dict[str, str] = {}
    versions: dict[str, str] = {}
    for program in resolver.programs:
        path = _on_path(program.name, env, planted)
        if path is None and program.needed:
            missing = f"{resolver.language} needs {program.name}, which is not on PATH"
            folder = _usual(program, env.get("HOME", ""), planted)
            if folder:
                raise NotOnPath(missing, lines=("it is there:", f"  export PATH={shlex.quote(folder)}:$PATH"))
            raise RunnerError(missing, lines=(program.hint,))
        if path is not None:
            paths[program.name] = path
            versions |= {program.name: _version(program, path)} if program.version else {}
    shown = tuple(dict.fromkeys(place for path in paths.values() if (place := _place(path, private))))
    configuration = [path for each in resolver.programs for glob_ in each.configuration for path in glob.glob(glob_)]
    machine = os.uname().machine
    tag = "-".join([resolver.language, *(f"{name}-{version}" for name, version in sorted(versions.items())), machine])
    return Toolchain(
        Tools(paths, versions, tag),
        shown=(*shown, *(path for path in configuration if os.access(path, os.R_OK))),
        named=tuple(paths.items()),
    )


def _on_path(name: str, env: Mapping[str, str], planted: Planted) -> str | None:
    """The true path of a program, as `env` finds it outside of workspaces."""
    for folder in interpreter.search_path(env):
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK) and os.path.isfile(path) and not planted(path):
            return os.path.realpath(path)
    return None


def _usual(program: Program, home: str, planted: Planted) -> str:
    """The folder of a program where its installers put it, the newest one, "" for none."""
    patterns = [place.replace("~", glob.escape(home), 1) for place in program.places if home or place[0] != "~"]
    found = [folder for pattern in patterns for folder in glob.glob(pattern)]
    paths = {each: f"{each}/{program.name}" for each in found}
    usable = [each for each, path in paths.items() if os.access(path, os.X_OK) and not planted(path)]
    return max(usable, key=lambda each: [int(part) for part in _NUMBER.findall(each)], default="")


def _place(path: str, private: Sequence[str]) -> str:
    """What is shown for a program outside of `/usr`: the folder with all that belongs to it, else the file alone.

    "" for a program inside.
    """
    if _below(path, _SYSTEM):
        return ""
    folder = os.path.dirname(path)
    folder = os.path.dirname(folder) if os.path.basename(folder) in ("bin", "sbin") else folder
    return path if shown_with(folder, private) else folder


def _version(program: Program, path: str) -> str:
    """What a program of the host says of its version. Raises RunnerError where it is too old, or does not say."""
    hint = (program.hint,)
    answer = asked([path, *program.version], f"{path} cannot be used", "it does not tell its version", hint)
    said = _COLOUR.sub("", answer)
    found = _DOTTED.search(said) or _NUMBER.search(said)
    version = found.group() if found else ""
    if found is None or tuple(int(part) for part in version.split(".")) < program.least:
        least = ".".join(str(part) for part in program.least)
        raise RunnerError(f"{path} is {program.name} {version}: {least} or later is needed", lines=hint)
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
