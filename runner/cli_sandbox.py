"""`jhansi-runner sandbox`: sandboxes that have a name, with or without a server."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.policy.sizes import size_text
from jhansi_runner.runner.console import counted, say, shown
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.limits.model import NAMES, OPTIONS
from jhansi_runner.runner.sandboxes.model import DEFAULT_TTL, Caller, NewSandbox, Sandbox
from jhansi_runner.runner.sandboxes.service import Service, Settings

T = TypeVar("T")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_TIME = "%Y-%m-%d %H:%M:%S"
_POLICY_BYTES = 1 << 20


@click.group()
def sandbox() -> None:
    """Sandboxes that have a name: run in one with `exec --sandbox ID`. Times are in UTC."""


@sandbox.command("create")
@click.option("--language", default="", metavar="NAME", help="The language of what runs there.")
@click.option("--ttl", default=DEFAULT_TTL, metavar="SECONDS", help="How long it lives unused.", show_default=True)
@click.option("--limit", "limits", multiple=True, metavar="NAME=VALUE", help="A limit of `exec`, such as memory=1GiB.")
@click.option("--policy", type=click.Path(), metavar="FILE", help="A policy that narrows yours, for it alone.")
@click.option("--agent", default="", help="Who will use it.")
@JSON
def create(language: str, ttl: float, limits: tuple[str, ...], policy: str | None, agent: str, as_json: bool) -> None:
    """Make a sandbox, and print its id."""
    given = {}
    for each in limits:
        name, equals, value = each.partition("=")
        if not equals:
            known = ", ".join(OPTIONS[one].removeprefix("--") for one in NAMES)
            raise click.UsageError(f"--limit {each}: write NAME=VALUE, with a name of {known}")
        given[name] = value
    text = _policy(policy) if policy is not None else ""
    asked = NewSandbox(language=language, ttl=ttl, limits=given, policy=text, agent=agent, created_by="command line")
    made = done(lambda service: service.create(Caller(), asked))
    print(json.dumps(asdict(made), indent=2) if as_json else made.id)


@sandbox.command("list")
@click.option("--all", "deleted", is_flag=True, help="Those that are deleted, too.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), metavar="N", help="How many.")
@JSON
def list_(deleted: bool, limit: int, as_json: bool) -> None:
    """List the sandboxes, the latest first."""
    found = done(lambda service: service.sandboxes(Caller(), active=not deleted, limit=limit))
    if as_json:
        print(json.dumps({"sandboxes": [asdict(one) for one in found]}, indent=2))
        return
    for one in found:
        row = (one.id, f"{one.status:<8}", f"{one.language or '-':<8}", _when(one.created_at), one.owner, one.agent)
        print(shown("  ".join(row)).rstrip())
    if not found:
        print("there is no sandbox; make one: jhansi-runner sandbox create")


@sandbox.command("show")
@click.argument("id_", metavar="ID")
@JSON
def show(id_: str, as_json: bool) -> None:
    """Tell all that is known of a sandbox."""
    found = done(lambda service: service.sandbox(Caller(), id_))
    print(json.dumps(asdict(found), indent=2) if as_json else "\n".join(_facts(found)))


@sandbox.command("delete")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def delete(ids: tuple[str, ...]) -> None:
    """Delete sandboxes with all that is in them. One in which something runs is busy, and stays."""

    async def act(service: Service) -> None:
        for each in ids:
            try:
                await service.delete(Caller(), each)
            except RunnerError as error:  # of several it has to say which
                raise RunnerError(f"{each} is not deleted: {error}", code=error.code, lines=error.lines) from None
            say(f"{each} is deleted")

    done(act)


@sandbox.command("fork")
@click.argument("id_", metavar="ID")
@JSON
def fork(id_: str, as_json: bool) -> None:
    """Make a sandbox with a copy of another one's files, and print its id."""
    made = done(lambda service: service.fork(Caller(), id_))
    print(json.dumps(asdict(made), indent=2) if as_json else made.id)


@sandbox.command("snapshot")
@click.argument("id_", metavar="ID")
@click.argument("name", required=False)
@click.option("--delete", "drop", is_flag=True, help="Remove the snapshot of this name.")
@JSON
def snapshot(id_: str, name: str | None, drop: bool, as_json: bool) -> None:
    """Keep a copy of the files under NAME; without a name, list what is kept."""
    if name is None:
        if drop:
            raise click.UsageError("name the snapshot to remove")
        _list_snapshots(id_, as_json=as_json)
    elif drop:
        done(lambda service: service.drop_snapshot(Caller(), id_, name))
        say(f"snapshot {name} of {id_} is removed")
    else:
        made = done(lambda service: service.snapshot(Caller(), id_, name))
        if as_json:
            print(json.dumps(asdict(made), indent=2))
        else:
            say(f"{counted(made.files, 'file')} of {id_} kept; go back: jhansi-runner sandbox restore {id_} {name}")


def _list_snapshots(id_: str, *, as_json: bool) -> None:
    found = done(lambda service: service.snapshots(Caller(), id_))
    if as_json:
        print(json.dumps({"snapshots": [asdict(one) for one in found]}, indent=2))
        return
    for one in found:
        print(f"{one.name:<24} {_when(one.created_at)}  {counted(one.files, 'file')}, {size_text(one.size)}")
    if not found:
        print(f"nothing is kept; keep it now: jhansi-runner sandbox snapshot {id_} NAME")


@sandbox.command("restore")
@click.argument("id_", metavar="ID")
@click.argument("name")
@JSON
def restore(id_: str, name: str, as_json: bool) -> None:
    """Make the files what they were in a snapshot."""
    found = done(lambda service: service.restore(Caller(), id_, name))
    if as_json:
        print(json.dumps(asdict(found), indent=2))
    else:
        say(f"{id_} has the files of {name} again")


def done(act: Callable[[Service], Awaitable[T]]) -> T:
    """What the core answers, on the state that servers use, too. Raises RunnerError."""

    async def main() -> T:
        async with Service(paths.current(os.environ), os.environ, Settings(), runs=False) as service:
            return await act(service)

    return asyncio.run(main())


def _policy(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_POLICY_BYTES).decode()
    except UnicodeDecodeError as error:
        raise RunnerError(f"{path} is no text: {error.reason} at byte {error.start}") from None


def _facts(one: Sandbox) -> list[str]:
    facts = [
        ("sandbox", one.id),
        ("status", one.status),
        ("owner", one.owner),
        ("language", one.language),
        ("limits", ", ".join(f"{name} {value}" for name, value in one.limits.items())),
        ("policy", "of its own, besides that of the host" if one.policy else ""),
        ("agent", one.agent),
        ("made by", one.created_by),
        ("forked of", one.parent),
        ("created", _when(one.created_at)),
        ("used", _when(one.used_at)),
        ("expires", _when(one.expires_at) if one.deleted_at is None else ""),
        ("deleted", _when(one.deleted_at) if one.deleted_at is not None else ""),
    ]
    return [f"{name + ':':<11} {shown(value)}" for name, value in facts if value]


def _when(seconds: float) -> str:
    return time.strftime(_TIME, time.gmtime(seconds))
