"""Tries new inputs for longer, and keeps what breaks a target.

    PYTHONPATH=tests .venv/bin/python -m fuzz [TARGET ...] [--seconds N] [--seed N] [--keep] [--atheris]

`--keep` writes an input that breaks a target to its corpus. `--atheris` leaves the choice of inputs to atheris, where
that is installed, which watches what the code does with them.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import sys
import time

from fuzz.engine import CORPUS, Found, Target, check, explore
from fuzz.targets import TARGETS


def main() -> int:
    """Run targets one after another; 1 where an input breaks one."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("targets", nargs="*", choices=[[], *sorted(TARGETS)], metavar="TARGET")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--atheris", action="store_true")
    given = parser.parse_args()
    code = 0
    for name in given.targets or sorted(TARGETS):
        try:
            if given.atheris:
                _with_atheris(TARGETS[name], given.seconds)
            else:
                print(f"{name}: {explore(TARGETS[name], given.seed, seconds=given.seconds)} inputs", flush=True)
        except Found as found:
            code = 1
            print(f"{name}: {found}\n{getattr(found, '__notes__', '')}", flush=True)
            if given.keep:
                file = CORPUS / name / f"found-{hashlib.sha256(found.data).hexdigest()[:12]}"
                file.write_bytes(found.data)
                print(f"kept as {file}", flush=True)
    return code


def _with_atheris(target: Target, seconds: float) -> None:
    atheris = importlib.import_module("atheris")
    folder = str(CORPUS / target.name)
    arguments = [sys.argv[0], f"-max_total_time={int(seconds)}", folder]

    def once(data: bytes) -> None:
        check(target, data)

    atheris.Setup(arguments, once)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
