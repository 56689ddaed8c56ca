"""`jhansi-runner cache review`: what a bundle would bring, for whoever decides whether it comes."""

from __future__ import annotations

import json
import os
import sys

import click

from jhansi_runner.runner.errors import REFUSED, RunnerError


@click.command("review")
@click.argument("file")
@click.option("--key", "named", metavar="PUBLIC", multiple=True, help="A public key that counts, besides your own.")
@click.option("--html", "page", metavar="PAGE", help="Write one page of HTML to this file as well.")
@click.option("--policy", "policy", metavar="FILE", help="The policy to use instead of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def review(file: str, named: tuple[str, ...], page: str | None, policy: str | None, as_json: bool) -> None:
    """Tell what a bundle would bring: new against known, ages, licences, advisories, and the policy's verdict.

    FILE is the bundle, or any of its volumes. It is verified to the last byte, and nothing of it is kept. Exit code 126
    when the policy refuses something.
    """
    from jhansi_runner.proxy import whole_file
    from jhansi_runner.proxy.bundle.review import Reviewing
    from jhansi_runner.proxy.bundle.trust import NoKeys, trusted
    from jhansi_runner.runner.bundle_progress import Moving
    from jhansi_runner.runner.cli_bundle import opened_cache, side, trouble
    from jhansi_runner.runner.review_words import render_page, render_review, review_data

    with trouble(NoKeys), opened_cache() as (store, files), Moving("reviewing") as moving:
        found = Reviewing(store, files, side(policy), moving.add).run(file, trusted(named, os.environ))
    if page is not None:
        try:
            whole_file.write(page, render_page(found), mode=0o666)
        except OSError as error:
            raise RunnerError(f"{page}: the page cannot be written: {error.strerror}") from None
    print(json.dumps(review_data(found), indent=2) if as_json else render_review(found))
    sys.exit(REFUSED if found.refused else 0)
