"""The standard library, compiled once for all workspaces: what Go keeps of a build is named by its inputs alone.

A workspace's own cache has links to it, so that the go command finds what is there and writes beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from jhansi_runner.resolvers.golang.steps import environment
from jhansi_runner.resolvers.resolver import SEED_ID, STAGE, Seed, Step

PLACE = "/launch/go"
_PACKAGE = re.compile(r"[a-z][a-z0-9]*(?:/[a-z][a-z0-9]*)*")


def of(packages: Sequence[str]) -> Seed:
    """The seed with packages of the standard library. What else a program imports is left out."""
    fit = sorted({"runtime", *(each for each in packages if _PACKAGE.fullmatch(each))})
    env = {**environment(f"{STAGE}/mod"), "GOPROXY": "off", "GOFLAGS": "", "GOWORK": "off", "GOCACHE": PLACE}
    return Seed(PLACE, Step(("go", "build", "--", *fit), env))


def linking(seed: Seed, cache: str) -> str:
    """A line of shell that makes a cache of compiled code know what is in the seed, once for each that it is given.

    Links to a seed that is there no more go first: the go command would take what they name for missing.
    """
    step = hashlib.sha256(" ".join(seed.step.argv).encode()).hexdigest()[:16]
    mark = f'"{cache}/seed-{step}-$(cat {PLACE}/{SEED_ID} 2>/dev/null)"'
    links = f"mkdir -p {cache}; find {cache} -xtype l -delete; cp -rsn {PLACE}/. {cache}/; : >{mark}"
    return f"[ -e {mark} ] || {{ {links}; }} 2>/dev/null\n"
