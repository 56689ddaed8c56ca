"""Removes each guard in a copy of the sources, and runs the tests that have to fail without it.

    PYTHONPATH=tests .venv/bin/python -m faults.without [WORD ...]

With words only guards whose number or description has one of them are tried.
Ends with code 1 where a guard can be removed and no test notices.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from faults.guards import GUARDS, Guard

TOP = Path(__file__).parents[2]
FOLDERS = ("client", "proxy", "resolvers", "runner", "tests", ".link")
_FAILED = re.compile(r"^FAILED tests/(\S+?)(?:\[(.*)\])?(?: - .*)?$", re.MULTILINE)


def unnoticed(guard: Guard, top: Path) -> str:
    """Run the tests without a guard in the copy at `top`; what they did not notice, "" for nothing."""
    path = top / guard.file
    sound = path.read_text()
    try:
        text = sound
        for before, after in guard.texts:
            if before not in text:
                return f"{guard.file} has no {before!r}"
            text = text.replace(before, after)
        path.write_text(text)
        failed = _failures(guard.tests, top)
    finally:
        path.write_text(sound)
    if isinstance(failed, str):
        return failed
    missed = [type_ for type_ in guard.types if not any(type_ in parameters.split("-") for parameters in failed)]
    return "no test fails" if not failed else f"no test fails for {', '.join(missed)}" if missed else ""


def _failures(tests: Sequence[str], top: Path) -> list[str] | str:
    """The parameters of the tests that fail, or why they did not run."""
    # What comes first counts: the folders of a namespace package are joined.
    env = {**os.environ, "PYTHONPATH": str(top / ".link"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider"]
    named = [f"tests/{test}" for test in tests]
    done = subprocess.run([*command, *named], cwd=top, env=env, capture_output=True, text=True, timeout=900)
    found = [parameters or "" for _, parameters in _FAILED.findall(done.stdout)]
    return found if done.returncode in (0, 1) else f"the tests do not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def main(words: Sequence[str]) -> int:
    """Try the guards; how many can be removed unnoticed, but at most 1."""
    code = 0
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for name in FOLDERS:
            shutil.copytree(TOP / name, top / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "pyproject.toml", top)
        for guard in GUARDS:
            if words and not any(word == str(guard.fault) or word in guard.what for word in words):
                continue
            problem = unnoticed(guard, top)
            code |= bool(problem)
            types = f" [{', '.join(guard.types)}]" if guard.types else ""
            print(f"{guard.fault:2} {'UNNOTICED' if problem else 'noticed'} {guard.what}{types} {problem}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
