"""`jhansi-runner units`: the units with which systemd runs our services for a user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import click

from jhansi_runner.proxy import paths, whole_file
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError

_NAMES = tuple(f"jhansi-runner-{part}.{kind}" for part in ("serve", "proxy") for kind in ("socket", "service"))
_PASSED = ("PATH", "JHANSI_HOME", "JHANSI_OFFLINE", "JHANSI_CACHE_LIMIT", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
           "XDG_DATA_HOME", "XDG_STATE_HOME")  # fmt: skip
"""What shapes what we do, and is otherwise in the user's shell alone."""


@click.command("units")
@click.option("--write", metavar="DIR", help="Write them into this folder instead of printing them.")
@click.option("--listen", default="127.0.0.1:8080", metavar="ADDR", show_default=True, help="Where the mirror listens.")
def units(write: str | None, listen: str) -> None:
    """Print units of systemd: for the sandbox service, and for the mirror, each started by its socket.

    They call this very installation, with the PATH of this shell, by which Node, Go and Java are found.
    """
    made = rendered(_command(), paths.current(os.environ), os.environ, listen)
    if write is None:
        print("\n".join(f"# {name}\n{text}" for name, text in made.items()), end="")
        return
    folder = os.path.abspath(write)
    os.makedirs(folder, exist_ok=True)
    for name, text in made.items():
        whole_file.write(os.path.join(folder, name), text.encode())
        say(f"written: {os.path.join(folder, name)}")
    say("next: systemctl --user daemon-reload && systemctl --user enable --now jhansi-runner-serve.socket")


def rendered(command: str, folders: paths.Paths, env: Mapping[str, str], listen: str) -> dict[str, str]:
    """The units, by name: `command` is the path of ours. Raises RunnerError for what a unit cannot say."""
    told = [f'Environment="{name}={_quoted(env[name])}"' for name in _PASSED if env.get(name)]
    values = {
        "{socket}": f"{_plain(folders.runtime) if env.get('JHANSI_HOME') else '%t/jhansi-runner'}/service.sock",
        "{command}": f'"{_quoted(command).replace("$", "$$")}"',
        "{environment}": "\n".join(told),
        "{listen}": _plain(listen),
    }
    found = {}
    for name in _NAMES:
        text = resources.files("jhansi_runner.runner").joinpath("units", name).read_text()
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        found[name] = text
    return found


def _command() -> str:
    """The command that was called, as a path. Raises RunnerError."""
    beside = Path(sys.executable).with_name("jhansi-runner")
    called = Path(os.path.abspath(sys.argv[0]))
    for path in (called, beside):
        if path.name == "jhansi-runner" and os.access(path, os.X_OK):
            return str(path)
    raise RunnerError("it cannot be told where the command is installed", lines=("call it by its whole path",))


def _quoted(text: str) -> str:
    """A value as units take it between double quotes. Raises RunnerError. Source: systemd.syntax(7), "Quoting"."""
    return _plain(text.replace("\\", "\\\\").replace('"', '\\"'))


def _plain(text: str) -> str:
    """A value as it is, without specifiers. Raises RunnerError. Source: systemd.unit(5), "Specifiers"."""
    if any(not char.isprintable() for char in text):
        raise RunnerError(f"{text!r} cannot be written into a unit: it has characters that cannot be printed")
    return text.replace("%", "%%")
