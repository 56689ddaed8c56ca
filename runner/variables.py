"""The variables that the user gives to the program: `--env` and `--env-file`. Light: a warm `exec` imports it."""

from __future__ import annotations

import os

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandbox import OWN_VARIABLES
from jhansi_runner.runner.workspace import enclosing, true_path
from jhansi_runner.runner.workspace_lock import is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jhansi_runner.proxy.paths import Paths

_MAX_FILE = 1 << 20
_KIND, _FILE = 0o170000, 0o100000


def given_variables(
    given: Sequence[str], files: Sequence[str], env: Mapping[str, str], folders: Paths
) -> dict[str, str]:
    """What `--env KEY=VALUE`, `--env KEY` and `--env-file FILE` say; the former win. Raises RunnerError."""
    found: dict[str, str] = {}
    for path in files:
        found.update(_read_file(path, folders))
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            if name not in env:
                raise RunnerError(f"--env {name}: your shell has no such variable; give {name}=VALUE")
            value = env[name]
        _check(name, value, f"--env {name}")
        found[name] = value
    return found


def _opened(path: str, folders: Paths) -> int:
    """A file that may lie in a workspace, where a program may have put something else in its place.

    Raises RunnerError for a link that leads out of a known workspace, and for what is no file in one; OSError.
    """
    way = os.path.abspath(path)
    leads = true_path(way, lambda each: is_known(folders, each))
    descriptor = os.open(way, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        is_file = os.fstat(descriptor).st_mode & _KIND == _FILE
        if any(is_known(folders, each) for place in (way, leads) for each in enclosing(place)) and not (
            is_file and os.readlink(f"/proc/self/fd/{descriptor}") == leads
        ):
            raise RunnerError(f"--env-file {path}: is no file of the workspace, and a program there may have made it")
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _read_file(path: str, folders: Paths) -> dict[str, str]:
    try:
        with open(_opened(path, folders), encoding="utf-8") as file:
            text = file.read(_MAX_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise RunnerError(f"--env-file {path}: {getattr(error, 'strerror', None) or 'not UTF-8 text'}") from None
    if len(text) > _MAX_FILE:
        raise RunnerError(f"--env-file {path}: larger than 1 MiB")
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise RunnerError(f"{path}:{number}: not a line of the form KEY=VALUE")
        name, value = name.strip(), value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        _check(name, value, f"{path}:{number}")
        found[name] = value
    return found


def _check(name: str, value: str, where: str) -> None:
    if not (name.isascii() and name.isidentifier()):
        raise RunnerError(f"{where}: {name!r} is not the name of a variable")
    if name in OWN_VARIABLES:
        raise RunnerError(f"{where}: {name} is set by the sandbox, whose way out depends on it")
    if "\0" in value:
        raise RunnerError(f"{where}: the value of {name} has a NUL in it, which no variable can have")
