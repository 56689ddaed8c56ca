"""A `bwrap` of the tests, for what is read of it and not done by it."""

from __future__ import annotations

from pathlib import Path

from support.ordinary import PYTHON


def stub(folder: Path, script: str = "exit 1") -> Path:
    """A script named `bwrap` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


_DESCRIPTORS = """
words = os.pread(int(sys.argv[sys.argv.index("--args") + 1]), 1 << 20, 0).split(b"\\0")
status, block, kept = (int(words[words.index(name) + 1]) for name in (b"--json-status-fd", b"--block-fd", b"--sync-fd"))
"""
_DYING = """#!PYTHON -IS
import os, signal, subprocess, sys, time
if "--version" in sys.argv:
    print("bubblewrap 0.8.0")
    sys.exit()
if REAL and sys.argv[-1] != "true":
    os.execv(REAL, ["bwrap", *sys.argv[1:]])
DESCRIPTORSif STAGE != "before":
    null = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    first = subprocess.Popen(["/bin/sleep", "0" if STAGE == "gone" else "20"], **null)
    if STAGE == "gone":
        first.wait()
    if STAGE == "unreleased":
        os.close(block)
    os.write(status, b'{ "child-pid": %d }\\n' % first.pid)
    if STAGE == "released":
        os.read(block, 1)
        first.kill()
        sys.exit(128 + signal.SIGSYS)
signal.signal(signal.SIGSYS, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGSYS)
"""
STAGES = ("before", "gone", "unreleased", "released")
"""When a system-call filter kills bwrap, or its first process inside: before that is there, when that is gone, before
it was let go, and while it made the sandbox."""


def dying(path: Path, stage: str, real: Path | None = None) -> Path:
    """A `bwrap` that ends as one does which a system-call filter kills at a stage.

    With `real`, where the true one is, only a cell for `true` ends like that.
    """
    named = (
        _DYING.replace("DESCRIPTORS", _DESCRIPTORS).replace("STAGE", repr(stage)).replace("REAL", repr(str(real or "")))
    )
    path.write_text(named.replace("PYTHON", PYTHON))
    path.chmod(0o755)
    return path


def misbehaving(path: Path, body: str) -> Path:
    """A `bwrap` of these lines of Python, which know the descriptors `status`, `block` and `kept` that it was given."""
    path.write_text(f"#!{PYTHON} -IS\nimport os, signal, subprocess, sys, time\n{_DESCRIPTORS}{body}\n")
    path.chmod(0o755)
    return path
