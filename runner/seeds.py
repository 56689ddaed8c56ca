"""What the host's own programs make once for all workspaces of a user, from nothing that is hostile.

It only grows: by a step that has seen no code of a workspace or a package, in a sandbox of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets

from jhansi_runner.proxy import paths
from jhansi_runner.resolvers.resolver import SEED_ID, Seed
from jhansi_runner.runner.console import say
from jhansi_runner.runner.job import Job
from jhansi_runner.runner.stage import Stage, StepFailed
from jhansi_runner.runner.toolchain import Toolchain


def grown(job: Job, tools: Toolchain, seed: Seed) -> str:
    """The folder of a seed, after its step; one that was taken before is not taken again."""
    base = f"{job.folders.state}/seeds/{_digest(tools.tools.tag, seed.place)}"
    folder, done = paths.make(f"{base}/made"), paths.make(f"{base}/steps")
    with contextlib.suppress(FileExistsError), open(f"{folder}/{SEED_ID}", "x", encoding="ascii") as file:
        file.write(secrets.token_hex(8))
    mark = f"{done}/{_digest(*seed.step.argv, *map(str, sorted(seed.step.env.items())))}"
    if os.path.exists(mark):
        return folder
    say("compiling what the standard library has for it; that is kept for all of your workspaces")
    stage = Stage(job, tools, doing="still compiling the standard library")
    try:
        stage.run(seed.step, writable=((folder, seed.place),))
        os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except StepFailed:
        pass  # the program's own build will say what is wrong
    finally:
        stage.close()
    return folder


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
