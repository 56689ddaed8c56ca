"""Asking a program of the host what it is: what it prints, or why it does not serve."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.session_limits import of_error

SECONDS = 180
"""How long a program may take to answer: a JVM on a busy host takes a minute."""


class NoAnswer(RunnerError):
    """A program did not answer in time, so nothing is known of it."""


def asked(argv: Sequence[str], trouble: str, silent: str, hint: tuple[str, ...] = (), seconds: float = SECONDS) -> str:
    """What a program of the host prints, stderr where stdout is empty. Raises RunnerError, and NoAnswer.

    `trouble` begins what is said then, `silent` is the reason where it ran and did not answer, `hint` are lines that
    bring another program.
    """
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=True, cwd="/")
    except subprocess.TimeoutExpired:
        lines = ("this host may be busy or slow; see how long it takes:", f"  time {' '.join(argv[:4])}")
        raise NoAnswer(f"{argv[0]} did not answer within {seconds:g} s", lines=lines) from None
    except OSError as error:
        limit = of_error(error.errno)
        if limit is not None:
            raise RunnerError(f"{argv[0]} cannot be started: {limit.wrong}", lines=(limit.remedy,)) from None
        raise RunnerError(f"{trouble}: {error.strerror}", lines=hint) from None
    except (subprocess.SubprocessError, UnicodeDecodeError):
        raise RunnerError(f"{trouble}: {silent}", lines=hint) from None
    return done.stdout or done.stderr
