"""The command's first steps: a plain `exec` goes straight to work, everything else to click.

Light: a warm `exec` imports this module.
"""

from __future__ import annotations

import os
import sys

from jhansi_runner.runner.options import ExecOptions, read_exec

_MOST_DESCRIPTORS = 1 << 16


def main() -> None:
    """Run the command line, and exit with its code."""
    words = sys.argv[1:]
    open_standard()
    close_inherited()
    options = read_exec(words[1:]) if words and words[0] == "exec" else None
    if options is None:
        from jhansi_runner.runner.cli import run

        run(words)
    elif options.json:
        from jhansi_runner.runner.cli import exec_json

        sys.exit(exec_json(options))
    else:
        code = _exec(options)
        if sys.stderr is not None:
            sys.stderr.flush()
        os._exit(code)  # there is nothing to tidy up that the kernel does not, and Python's own way takes 5 ms


def _exec(options: ExecOptions) -> int:
    from jhansi_runner.runner.execute import execute

    try:
        return execute(options, os.environ)
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # whatever it is, it must not look like the program's own exit code
        from jhansi_runner.runner.cli import report

        return report(error)


def open_standard() -> None:
    """Open what we were started without of the first three: else a file of ours would become the program's output."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def close_inherited() -> None:
    """Let no descriptor that we were started with, beyond the first three, reach a program of ours."""
    try:
        open_now = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:  # there is no /proc, which is explained when a sandbox is to be made
        open_now = list(range(_MOST_DESCRIPTORS))
    for descriptor in open_now:
        if descriptor > 2:
            try:
                os.set_inheritable(descriptor, False)
            except OSError:
                continue
