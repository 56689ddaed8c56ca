"""The standard library, compiled once for all workspaces: what Go keeps of a build is named by its inputs alone.

A workspace's own cache has links to it, so that the go command finds what is there and writes beside it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from jhansi_runner.resolvers.golang.steps import environment
from jhansi_runner.resolvers.resolver import STAGE, Seed, Step

PLACE = "/launch/go"
_PACKAGE = re.compile(r"[a-z][a-z0-9]*(?:/[a-z][a-z0-9]*)*")


def of(packages: Sequence[str]) -> Seed | None:
    """The seed with packages of the standard library, None without any. What else a program imports is left out."""
    fit = sorted({each for each in packages if _PACKAGE.fullmatch(each)} | ({"runtime"} if packages else set()))
    env = {**environment(f"{STAGE}/mod"), "GOPROXY": "off", "GOFLAGS": "", "GOWORK": "off", "GOCACHE": PLACE}
    return Seed(PLACE, Step(("go", "build", "--", *fit), env)) if fit else None


def linking(seed: Seed | None, cache: str) -> str:
    """A line of shell that makes a cache of compiled code know what is in the seed, once for each that it is given."""
    if seed is None:
        return ""
    mark = f"{cache}/seed-{hashlib.sha256(' '.join(seed.step.argv).encode()).hexdigest()[:16]}"
    links = f"mkdir -p {cache} && cp -rsn {PLACE}/. {cache}/ 2>/dev/null; : >{mark}"
    return f"[ -e {mark} ] || {{ {links}; }}\n"
