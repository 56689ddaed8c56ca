"""Writes a list of package-urls where somebody wants it: whole or not at all, and only over a file."""

from __future__ import annotations

import os
import stat

from jhansi_runner.runner.errors import RunnerError


def write(path: str, text: str) -> None:
    """Write a list. Raises RunnerError with what next."""
    partial = f"{path}.{os.urandom(8).hex()}"
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            raise RunnerError(f"the list of what is missing cannot be written: {path} is no file, name another one")
        with open(partial, "x", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        os.replace(partial, os.path.realpath(path))
    except OSError as error:
        if os.path.lexists(partial):
            os.unlink(partial)
        raise RunnerError(f"the list of what is missing cannot be written: {path}: {error.strerror}") from None
