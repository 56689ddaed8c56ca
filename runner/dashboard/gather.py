"""What pages tell of the cache and the policy, printed as JSON by a process of its own.

It reads every row of the cache, and much of the ledger: in the server's own process others would wait for that.
"""

from __future__ import annotations

import os
import sys
import time

from pydantic import TypeAdapter

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import PolicyUnreadable, collect, without_folders
from jhansi_runner.runner.cli_bundle import opened_cache
from jhansi_runner.runner.cli_policy import hosts
from jhansi_runner.runner.console import say
from jhansi_runner.runner.dashboard.aside import CACHE
from jhansi_runner.runner.dashboard.cache_facts import cache_facts
from jhansi_runner.runner.dashboard.facts import CacheFacts, PolicyFacts
from jhansi_runner.runner.dashboard.lately import lately, with_refusals
from jhansi_runner.runner.dashboard.policy_facts import policy_facts
from jhansi_runner.runner.errors import FAILED, RunnerError
from jhansi_runner.runner.limits.model import host_memory
from jhansi_runner.runner.limits.policy import in_force


def main(what: str) -> int:
    """Print it; the exit code."""
    try:
        text = TypeAdapter(CacheFacts).dump_json(_cache()) if what == CACHE else _policy_json()
    except (RunnerError, OSError) as error:
        say(str(error))
        return FAILED
    sys.stdout.buffer.write(text)
    return 0


def _cache() -> CacheFacts:
    folders = paths.current(os.environ)
    if not os.path.isdir(folders.cache):
        return CacheFacts(folders.cache, 0)
    with opened_cache() as (store, files):
        return cache_facts(store, files, lately(folders.ledger, time.time()))


def _policy_json() -> bytes:
    return TypeAdapter(PolicyFacts).dump_json(_policy())


def _policy() -> PolicyFacts:
    try:
        sources = collect(None, os.environ)
        named = load(sources)
        # once more, by the names that the ledger has: files that are right have no problems to be told by their paths
        policies = load(without_folders(sources))
    except PolicyUnreadable as error:
        return PolicyFacts(problems=(str(error),))
    except PolicyError as error:
        return PolicyFacts(problems=tuple(str(problem) for problem in error.problems))
    names = [source.name for source in sources]
    now, folders = time.time(), paths.current(os.environ)
    past = with_refusals(lately(folders.ledger, now), folders, now)
    return policy_facts(policies, names, hosts(named), in_force(named, host_memory()), past, now)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
