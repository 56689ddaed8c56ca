"""How a Python program is started: by itself, or a notebook by our runner."""

from __future__ import annotations

import os

from jhansi_runner.resolvers.python import notebook
from jhansi_runner.resolvers.resolver import ENTRY

_PLACE = "/launch/notebook.py"


def launch_for(entry: str | None) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The words after the interpreter that start `entry`, and what they need shown, as `Launch.mounts`."""
    if entry is not None and entry.lower().endswith(notebook.SUFFIX):
        return (_PLACE, ENTRY), ((os.path.abspath(notebook.__file__), _PLACE),)
    return (ENTRY,), ()
