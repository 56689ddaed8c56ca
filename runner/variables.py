"""The variables that the user gives to the program: `--env` and `--env-file`. Light: a warm `exec` imports it."""

from __future__ import annotations

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandbox import OWN_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAX_FILE = 1 << 20


def given_variables(given: Sequence[str], files: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """What `--env KEY=VALUE`, `--env KEY` and `--env-file FILE` say; the former win. Raises RunnerError."""
    found: dict[str, str] = {}
    for path in files:
        found.update(_read_file(path))
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            if name not in env:
                raise RunnerError(f"--env {name}: your shell has no such variable; give {name}=VALUE")
            value = env[name]
        _check(name, f"--env {text}")
        found[name] = value
    return found


def _read_file(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
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
        _check(name, f"{path}:{number}")
        found[name] = value
    return found


def _check(name: str, where: str) -> None:
    if not (name.isascii() and name.isidentifier()):
        raise RunnerError(f"{where}: {name!r} is not the name of a variable")
    if name in OWN_VARIABLES:
        raise RunnerError(f"{where}: {name} is set by the sandbox, whose way out depends on it")
