"""`jhansi-runner cache warm`: have in the cache what another side will ask for."""

from __future__ import annotations

import json
import os
import sys

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.proxy.policy.decide import PolicySet
from jhansi_runner.proxy.policy.load import load
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import PolicyUnreadable, collect
from jhansi_runner.runner.console import counted, say
from jhansi_runner.runner.errors import FAILED, REFUSED, RunnerError
from jhansi_runner.runner.warm.targets import LINUX, Target, targets

_INTERRUPTED = 130


@click.command("warm")
@click.argument("given", nargs=-1, required=True, metavar="PATH...")
@click.option("--python", "pythons", metavar="VERSIONS", default="", help="For these Pythons, such as 3.11,3.12.")
@click.option(
    "--platform", "platforms", metavar="NAMES", default="", help="On these hosts: linux-x86_64, linux-aarch64 or both."
)
@click.option("--policy", "policy_file", metavar="FILE", default="", help="The policy to use instead of your own.")
@click.option("--offline", is_flag=True, help="Fetch nothing: tell whether all is in the cache.")
@click.option("--dry-run", "dry", is_flag=True, help="Fetch only what resolving takes: tell how much would come.")
@click.option(
    "--missing", metavar="FILE", default="", help="Write what is missing to FILE, for `cache warm` elsewhere."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def warm(
    given: tuple[str, ...],
    pythons: str,
    platforms: str,
    policy_file: str,
    offline: bool,
    dry: bool,
    missing: str,
    as_json: bool,
) -> None:
    """Fetch into the cache what PATHs need: locks, manifests, bills of materials, lists of package-urls, sources.

    A PATH is a file, a folder (of each language its lock, or else its manifest), or - for a list on standard input.
    Everything comes through the policy. Exit code 126 when it refused something, 125 when something is missing.
    """
    from jhansi_runner.proxy.cache.filesystem import UnsuitableFileSystem
    from jhansi_runner.proxy.cache.store import DamagedCache
    from jhansi_runner.proxy.registries.upstreams import UpstreamError
    from jhansi_runner.runner.warm import words
    from jhansi_runner.runner.warm.fetch import Interrupted
    from jhansi_runner.runner.warm.list_file import write
    from jhansi_runner.runner.warm.warming import Order
    from jhansi_runner.runner.warm.warming import warm as warm_now

    meant = _targets(pythons, platforms)
    offline = offline or _always_offline()
    order = Order(given, meant, _policy(policy_file), policy_file, offline, dry)
    progress = words.Warming()
    try:
        done = warm_now(order, paths.current(os.environ), os.environ, progress)
        progress.clear()
        if missing:
            write(missing, words.missing_list(done.report))
        if as_json:
            print(json.dumps(words.data(done, [one.name for one in meant]), indent=2))
        else:
            print(words.render(done, dry=dry, offline=offline))
    except Interrupted as ended:
        progress.clear()
        came = counted(ended.report.came, "file")
        say(f"interrupted: {came} came whole and will not be fetched again; give the same command to go on")
        sys.exit(_INTERRUPTED)
    except KeyboardInterrupt:  # while it was found out what is needed, or after the last file
        progress.clear()
        say("interrupted: what came whole will not be fetched again; give the same command to go on")
        sys.exit(_INTERRUPTED)
    except (UnsuitableFileSystem, DamagedCache, UpstreamError) as error:
        raise RunnerError(str(error)) from None
    sys.exit(REFUSED if done.report.refused else 0 if done.whole else FAILED)


def _targets(pythons: str, platforms: str) -> tuple[Target, ...]:
    here = Target(f"{sys.version_info.major}.{sys.version_info.minor}", os.uname().machine)
    if not platforms and here.machine not in LINUX:
        names = " or ".join(f"linux-{one}" for one in LINUX)
        raise RunnerError(f"this host is {here.machine}: say with --platform whether to warm for {names}")
    try:
        return tuple(targets(pythons, platforms, here))
    except ValueError as error:
        raise RunnerError(str(error)) from None


def _always_offline() -> bool:
    try:
        return always_offline(os.environ)
    except ValueError as error:
        raise RunnerError(str(error)) from None


def _policy(file: str) -> PolicySet:
    try:
        return load(collect(file or None, os.environ))
    except PolicyUnreadable as error:
        raise RunnerError(str(error)) from None
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the policy cannot be obeyed, so nothing is fetched", lines=lines) from None
