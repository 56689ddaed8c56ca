"""`jhansi-runner cache`: what was kept, whether it is still what it was, and making room."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.runner import cache_words, cli_bundle, cli_review
from jhansi_runner.runner.cache_words import parse_age, parse_room
from jhansi_runner.runner.cli_bundle import opened_cache
from jhansi_runner.runner.cli_warm import warm
from jhansi_runner.runner.console import say, shown
from jhansi_runner.runner.errors import FAILED, RunnerError

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_TYPE_HELP = f"Only this registry: {', '.join(SUPPORTED_TYPES[:-1])} or {SUPPORTED_TYPES[-1]}."
_LEDGER_DAYS = 7


@click.group()
def cache() -> None:
    """The packages that were fetched."""


cache.add_command(cli_bundle.keygen)
cache.add_command(cli_bundle.export)
cache.add_command(cli_bundle.import_)
cache.add_command(cli_review.review)
cache.add_command(warm)


@cache.command("list")
@click.argument("pattern", required=False)
@click.option("--type", "type_", metavar="TYPE", type=click.Choice(SUPPORTED_TYPES), help=_TYPE_HELP)
@_JSON
def list_(pattern: str | None, type_: str | None, as_json: bool) -> None:
    """List what is cached. PATTERN is a name, a file's name or a package-url, in which * stands for anything."""
    from jhansi_runner.proxy.cache.contents import entries
    from jhansi_runner.proxy.cache.pins import pinned

    with opened_cache() as (store, files):
        found = [one for one in entries(store, files) if cache_words.is_meant(one, pattern or "*", type_ or "")]
    pins = pinned(_folders().state)
    if as_json:
        print(json.dumps({"artifacts": [cache_words.entry_data(one, pins) for one in found]}, indent=2))
    else:
        print(cache_words.render_entries(found, pins))


@cache.command("stats")
@_JSON
def stats(as_json: bool) -> None:
    """Tell what the cache holds, by registry, and how often it was asked in the last seven days."""
    from jhansi_runner.proxy.cache import contents
    from jhansi_runner.proxy.history import entries

    with opened_cache() as (store, files):
        found = contents.stats(store, files)
    uses = cache_words.uses(entries(_folders().ledger, time.time() - _LEDGER_DAYS * 86400.0))
    if as_json:
        print(json.dumps(cache_words.stats_data(found, uses), indent=2))
    else:
        print(cache_words.render_stats(found, uses))


@cache.command("verify")
@click.option("--keep", is_flag=True, help="Only tell; leave what is damaged where it is.")
@_JSON
def verify(keep: bool, as_json: bool) -> None:
    """Read every artifact of the cache again, and compare it with its hash. Exit code 125 when one is damaged.

    What is damaged is moved to the folder `quarantine` of the cache, and fetched again when somebody asks for it.
    """
    from jhansi_runner.proxy.cache.checkup import check_all

    with opened_cache() as (store, files):
        report = check_all(store, files, time.time(), keep=keep)
    if as_json:
        print(json.dumps(cache_words.report_data(report), indent=2))
    else:
        print(cache_words.render_report(report, keep=keep))
    sys.exit(FAILED if report.faults else 0)


@cache.command("prune")
@click.option("--older-than", metavar="AGE", help="Remove what was fetched longer ago, such as 30d.")
@click.option("--unused", metavar="AGE", help="Remove what was not used for so long.")
@click.option("--to-size", metavar="SIZE", help="Remove what was not used for longest, until SIZE is left: 10GiB.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@_JSON
def prune(older_than: str | None, unused: str | None, to_size: str | None, dry_run: bool, as_json: bool) -> None:
    """Make room. What is installed, or pinned otherwise, stays; so does what is being sent or fetched.

    Documents, such as index pages, go by the time they were fetched or confirmed last. With --unused, what was built
    and kept for a workspace goes too, when its folder is gone and nothing ran in it for so long; and locks that nothing
    is installed from any more.
    """
    from jhansi_runner.proxy.cache.pruning import Wish
    from jhansi_runner.proxy.cache.pruning import prune as prune_now

    if not (older_than or unused or to_size):
        raise click.UsageError("say what may go: --older-than AGE, --unused AGE or --to-size SIZE")
    try:
        wish = Wish(
            parse_age(older_than) if older_than else None,
            parse_age(unused) if unused else None,
            parse_room(to_size) if to_size else None,
        )
    except ValueError as error:
        raise RunnerError(str(error)) from None
    forgotten = [] if wish.unused is None else _forget(wish.unused, dry_run=dry_run)  # first: sets pin what they are of
    with opened_cache() as (store, files):
        done = prune_now(store, files, _folders().state, wish, dry_run=dry_run)
    if as_json:
        print(json.dumps({**cache_words.pruned_data(done, dry_run=dry_run), "workspaces": forgotten}, indent=2))
    else:
        for path in forgotten:
            print(f"{'would be forgotten' if dry_run else 'forgotten'}: {shown(path)}, a workspace that is gone")
        print(cache_words.render_pruned(done, wish, dry_run=dry_run))


def _forget(unused: float, *, dry_run: bool) -> list[str]:
    """The paths of the workspaces that are forgotten, or would be."""
    from jhansi_runner.runner import resolved
    from jhansi_runner.runner.gone import forget, gone

    found = gone(_folders(), unused)
    if not dry_run:
        found, whole = forget(_folders(), found)
        if not whole:
            say("what was kept for workspaces that are gone is much; later installs go on removing it")
        resolved.prune(_folders(), unused)
    return [one.path for one in found]


def _folders() -> paths.Paths:
    return paths.current(os.environ)
