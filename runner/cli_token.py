"""`jhansi-runner token`: who may use the service over TCP."""

from __future__ import annotations

import json
import os
import time

import click

from jhansi_runner.proxy import paths
from jhansi_runner.runner.console import say, shown
from jhansi_runner.runner.sandboxes.database import Database
from jhansi_runner.runner.sandboxes.tokens import Tokens

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_TIME = "%Y-%m-%d %H:%M:%S"


@click.group()
def token() -> None:
    """The tokens with which others use the service; each sees its own sandboxes alone."""


@token.command("create")
@click.argument("name")
@click.option("--all", "sees_all", is_flag=True, help="Let it see and change what others own.")
@_JSON
def create(name: str, sees_all: bool, as_json: bool) -> None:
    """Make a token and print it: only this once, for only a digest is kept."""
    made = _tokens().create(name, sees_all=sees_all)
    if as_json:
        print(json.dumps({"name": name, "all": sees_all, "token": made}))
        return
    say(f"this is the token of {name}; it is not shown again")
    print(made)


@token.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """List the tokens that are good. Times are in UTC."""
    found = _tokens().all()
    if as_json:
        rows = [{"name": one.name, "all": one.sees_all, "created_at": one.created} for one in found]
        print(json.dumps({"tokens": rows}, indent=2))
        return
    for one in found:
        rights = "sees all" if one.sees_all else "its own"
        print(f"{shown(one.name):<24} {rights:<9} {time.strftime(_TIME, time.gmtime(one.created))}")
    if not found:
        print("there is no token; make one: jhansi-runner token create NAME")


@token.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Let a token be good for nothing; programs of its owner end, and the sandboxes stay."""
    _tokens().revoke(name)
    say(f"the token of {name} is good for nothing any more")


def _tokens() -> Tokens:
    return Tokens(Database(paths.current(os.environ)))
