"""What is measured of ours: the mirror as a team runs it, and the gate as a sandbox meets it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.home import Home
from benchmarks.servers import Server, fetch, running
from support.cases import Case
from support.registry import Upstream
from support.service import Door, services

_COMMAND = "from jhansi_runner.runner.entry import main; main()"
RULES = "default: allow\nminimum_age: {pypi: 3 days, npm: 3 days}\n"
"""As the shipped policy; the age of Go modules cannot be awaited here."""


@contextlib.contextmanager
def team(folder: str, registries: str, rules: str = RULES) -> Iterator[tuple[str, int]]:
    """`jhansi-runner proxy serve` with one worker, policy and ledger: its URL, and its process. Raises RuntimeError.

    `registries` are lines of the policy. What `write_policy` writes is in force a second later.
    """
    os.makedirs(folder)
    write_policy(folder, registries, rules)
    env = {**os.environ, "JHANSI_HOME": folder}
    argv = [sys.executable, "-P", "-c", _COMMAND, "proxy", "serve", "--listen", "127.0.0.1:0"]
    with running(argv, env, folder) as process:
        deadline = time.monotonic() + 30
        while (said := re.search(r"serving at (http://\S+) with", _read(f"{folder}/log"))) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the mirror does not serve: {_read(f'{folder}/log')[-400:]}")
            time.sleep(0.1)
        fetch(f"{said.group(1)}/healthz")
        yield said.group(1), process.pid


def write_policy(folder: str, registries: str, rules: str) -> None:
    """Write the policy of a mirror, all at once."""
    with open(f"{folder}/new", "w", encoding="utf-8") as file:
        file.write(f"version: 1\nregistries:\n{registries}\n{rules}")
    os.rename(f"{folder}/new", f"{folder}/policy.yaml")


def lines_of(cases: Sequence[Case]) -> str:
    """The lines of a policy that have its registries be those of the tests."""
    return "\n".join(
        f'  {case.type}: {{enabled: true, upstream: "{case.server.url}", files: ["{case.netloc}"]}}' for case in cases
    )


def mirrored(base: str, pid: int, case: Case, version: str) -> Server:
    """Our mirror, with a file of a registry in its cache."""
    server = Server("jhansi-runner", pid, base + case.listing, base + case.file(version), (f"Accept: {case.accept}",))
    for url in (server.page, server.file):
        fetch(url, {"Accept": case.accept})
    return server


@contextlib.contextmanager
def gate(upstream: Upstream) -> Iterator[tuple[Door, str, list[int]]]:
    """A door of the gate, the file of its authority, and the processes of gate and mirror."""
    with Home() as home:
        home.start_proxy()
        door = Door(home.folders, upstream, RULES)
        try:
            yield door, home.folders.authority_certificate, services(home.env["JHANSI_HOME"])
        finally:
            door.close()


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
