"""`jhansi-runner cache missing`: what was asked for offline and is not in the cache, for the side with registries."""

from __future__ import annotations

import json
import os
import time

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.history import entries
from jhansi_runner.runner.asked_for import AskedFor, asked_for
from jhansi_runner.runner.cli_log import printed, seconds, when
from jhansi_runner.runner.warm.lists import line_of


@click.command("missing")
@click.option("--since", default="7d", metavar="TIME", show_default=True, help="How far back: 90m, 12h, 7d, 4w.")
@click.option("--for", "whom", default="", metavar="WHO", help="Only what this sandbox or client asked for.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def missing(since: str, whom: str, as_json: bool) -> None:
    """List what was asked for offline and is not in the cache, as `cache warm` takes it on a host with registries.

    Where a client was shown other versions than it wanted, the mirror cannot know which: the package is listed without
    one. `exec --offline` writes an exact list of its own.
    """
    folders = paths.current(os.environ)
    began = time.time() - seconds(since)
    heard = (entry for entry in entries(folders.ledger, began) if not whom or whom in (entry.sandbox, entry.client))
    found = asked_for(heard, folders.cache)
    if as_json:
        printed(json.dumps({"since": when(began), "missing": [_data(one) for one in found]}, indent=2))
    elif found:
        printed("\n".join(one.line for one in found))
    else:
        printed(f"# nothing that was asked for offline since {when(began)} is missing")


def _data(one: AskedFor) -> dict[str, object]:
    return {"line": line_of(one.want), "who": list(one.who), "last": when(one.last)}
