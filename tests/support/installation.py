"""An installation of the command that an ordinary user can run, whoever runs the tests."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from support.ordinary import PYTHON, as_ordinary
from support.tree import PACKAGES, ROOT


@functools.cache
def ordinary_command() -> str:
    """The path of `jhansi-runner` for the ordinary user: the environment's own, else a copy that can be read."""
    own = os.path.join(sysconfig.get_path("scripts"), "jhansi-runner")
    assert os.access(own, os.X_OK), f"{own} is missing: run `make bootstrap`"
    return own if _runs(own) else _copy()


def _runs(command: str) -> bool:
    try:
        return as_ordinary([command, "exec", "--help"]).returncode == 0
    except OSError:
        return False


def _copy() -> str:
    """Root's tree and environment may lie where nobody else can read: copy what the command needs."""
    folder = Path(tempfile.mkdtemp(prefix="jr-", dir="/tmp"))  # pytest's own is root's alone
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    site = next(folder.glob("lib/python3*/site-packages"))
    skipped = shutil.ignore_patterns("jhansi_runner*", "mypy*", "hypothesis*", "__pycache__")
    shutil.copytree(sysconfig.get_path("purelib"), site, dirs_exist_ok=True, ignore=skipped)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, site / "jhansi_runner" / name)
    metadata = next(Path(sysconfig.get_path("purelib")).glob("jhansi_runner-*.dist-info"), None)
    if metadata is not None:
        shutil.copytree(metadata, site / metadata.name)
    shutil.copy(Path(sysconfig.get_path("scripts"), "uv"), folder / "bin/uv")
    command = folder / "bin/jhansi-runner"
    shutil.copy(ROOT / "scripts/launcher.sh", command)
    command.chmod(0o755)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    assert _runs(str(command)), "no ordinary user can run the command, not even from a copy"
    return str(command)
