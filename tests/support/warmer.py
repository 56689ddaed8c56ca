"""A warming without a command line: the four test registries, a policy that names them, and the cache of a home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.coordinate import Coordinate
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.sources import Source
from jhansi_runner.runner.warm.fetch import fetch
from jhansi_runner.runner.warm.report import Report
from jhansi_runner.runner.warm.targets import Target
from jhansi_runner.runner.warm.wants import Exact
from support.registry import Upstream
from support.registry.golang import GoUpstream
from support.registry.maven import MavenUpstream
from support.registry.npm import NpmUpstream

_MAIN = "from jhansi_runner.runner.entry import main; main()"
HERE = (Target("3.12", "x86_64"),)


def policy_text(
    *registries: Upstream | NpmUpstream | MavenUpstream | GoUpstream, rules: str = "default: allow\n"
) -> str:
    """A policy with these registries, each at its own port; `rules` follow."""
    lines = ["version: 1", "registries:"]
    for one in registries:
        if isinstance(one, Upstream):
            lines.append(f'  pypi: {{enabled: true, upstream: "{one.url}", files: ["127.0.0.1:{one.files_port}"]}}')
        elif isinstance(one, NpmUpstream):
            lines.append(f'  npm: {{enabled: true, upstream: "{one.url}", files: ["{one.files_host}"]}}')
        elif isinstance(one, MavenUpstream):
            lines.append(f'  maven: {{enabled: true, upstream: "{one.url}"}}')
        else:
            lines.append(f'  golang: {{enabled: true, upstream: "{one.url}"}}')
    return "\n".join([*lines, "", rules])


def policy_of(text: str) -> PolicySet:
    """A policy by its text, called `policy.yaml`."""
    return load((Source("policy.yaml", text.encode(), "main"),))


def folders_of(home: Path) -> paths.Paths:
    """The folders of a user whose home is that."""
    return paths.current({"JHANSI_HOME": str(home)})


def exact(purl: str, line: int = 1, **more: object) -> Exact:
    """A want of `list.txt`."""
    return Exact(Coordinate.parse(purl), "list.txt", line, **more)  # type: ignore[arg-type]


def warmed(
    home: Path,
    policy: str,
    wants: Iterable[Exact | str],
    targets: Sequence[Target] = HERE,
    *,
    offline: bool = False,
    dry: bool = False,
) -> Report:
    """What became of wants; texts are package-urls."""
    exacts = [exact(one, number) if isinstance(one, str) else one for number, one in enumerate(wants, 1)]
    return fetch(exacts, targets, policy_of(policy), folders_of(home), offline=offline, dry=dry)


class Command:
    """`jhansi-runner cache warm` in a process of its own, under the policy of its home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(parents=True)

    def policy(self, text: str) -> None:
        """Set the policy."""
        (self.home / "policy.yaml").write_text(text)

    def __call__(self, *words: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        argv = [sys.executable, "-P", "-c", _MAIN, "cache", "warm", *words]
        env = {**os.environ, "JHANSI_HOME": str(self.home)}
        return subprocess.run(argv, env=env, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)

    def data(self, *words: str) -> dict[str, Any]:
        """What it tells programs."""
        done = self(*words, "--json")
        return dict(json.loads(done.stdout)) | {"code": done.returncode}
