"""`jhansi-runner sandbox files`: what is in a sandbox, and bringing files in and out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import asdict

import click

from jhansi_runner.runner.cli_sandbox import JSON, done
from jhansi_runner.runner.console import counted, say, shown
from jhansi_runner.runner.errors import NOTHING_TO_RUN, RunnerError
from jhansi_runner.runner.sandboxes.model import Caller, Entry
from jhansi_runner.runner.sandboxes.places import ID_PREFIX
from jhansi_runner.runner.sandboxes.service import Service

_PIECE = 1 << 20
_TIME = "%Y-%m-%d %H:%M:%S"


class _Files(click.Group):
    """Lists them where only a sandbox is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, ["list", *args] if args[0].startswith(ID_PREFIX) else args)


@click.group(cls=_Files)
def files() -> None:
    """The files of a sandbox. Paths are below its own folder; `files ID` lists them."""


@files.command("list")
@click.argument("id_", metavar="ID")
@click.argument("path", default="")
@click.option("--deep", is_flag=True, help="All that is below, too.")
@JSON
def list_(id_: str, path: str, deep: bool, as_json: bool) -> None:
    """List what is in a sandbox, or in a folder of it. Times are in UTC."""
    found = done(lambda service: service.files(Caller(), id_, path, deep=deep))
    if as_json:
        print(json.dumps({"files": [asdict(one) for one in found]}, indent=2))
        return
    for one in found:
        size = str(one.size) if one.kind == "file" else one.kind
        when = time.strftime(_TIME, time.gmtime(one.modified))
        print(f"{size:>12}  {when}  {shown(one.path)}{'/' if one.kind == 'folder' else ''}")


@files.command("put")
@click.argument("id_", metavar="ID")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@click.option("--to", "folder", default="", metavar="FOLDER", help="The folder of the sandbox that they come into.")
@JSON
def put(id_: str, sources: tuple[str, ...], folder: str, as_json: bool) -> None:
    """Copy files into a sandbox; of `a/b.py` the name is `b.py`."""
    for source in sources:
        if not os.path.isfile(source):
            what = "is a folder or the like" if os.path.lexists(source) else "is not there"
            raise RunnerError(f"{source} {what}: name files", code=NOTHING_TO_RUN)

    async def act(service: Service) -> list[Entry]:
        return [await _put(service, id_, source, folder) for source in sources]

    made = done(act)
    if as_json:
        print(json.dumps({"files": [asdict(one) for one in made]}, indent=2))
    else:
        say(f"{counted(len(made), 'file')} copied into {id_}")


async def _put(service: Service, id_: str, source: str, folder: str) -> Entry:
    path = "/".join(part for part in (folder.rstrip("/"), os.path.basename(source)) if part)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        executable = bool(os.fstat(descriptor).st_mode & 0o100)
        return await service.write(Caller(), id_, path, _pieces(descriptor), executable=executable)
    finally:
        os.close(descriptor)


async def _pieces(descriptor: int) -> AsyncIterator[bytes]:
    while piece := os.read(descriptor, _PIECE):
        yield piece


@files.command("get")
@click.argument("id_", metavar="ID")
@click.argument("path")
@click.option("--output", type=click.Path(), metavar="FILE", help="Write it to this new file instead of stdout.")
def get(id_: str, path: str, output: str | None) -> None:
    """Print a file of a sandbox, or write it to a new file."""
    _, source = done(lambda service: service.read(Caller(), id_, path))
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        target = 1 if output is None else os.open(output, flags, 0o666)
    except FileExistsError:
        raise RunnerError(f"{output} is there already: name another file, or remove it") from None
    while piece := os.read(source, _PIECE):
        while piece:
            piece = piece[os.write(target, piece) :]


@files.command("rm")
@click.argument("id_", metavar="ID")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
def remove(id_: str, paths: tuple[str, ...]) -> None:
    """Remove files, or folders with all that is in them."""

    async def act(service: Service) -> None:
        for path in paths:
            await service.remove(Caller(), id_, path)

    done(act)
    say(f"{', '.join(paths)} removed from {id_}")
