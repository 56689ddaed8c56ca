"""`jhansi-runner serve`: the sandboxes over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from dataclasses import dataclass

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.proxy.policy.sizes import read_size
from jhansi_runner.runner.api.access import Access
from jhansi_runner.runner.api.app import build
from jhansi_runner.runner.api.listening import handed_over, notify, remove_socket, tcp_listener, unix_listener, url_of
from jhansi_runner.runner.api.operation import Context
from jhansi_runner.runner.api.peer import our_uid
from jhansi_runner.runner.api.server import Secure, serve
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandboxes.service import Service, Settings

_USUAL = Settings()


class _Size(click.ParamType):
    """A size, such as 1GiB; in bytes."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else read_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where to listen, and how."""

    plain: list[socket.socket]
    secured: list[socket.socket]
    secure: Secure | None
    ours: socket.socket | None
    """The unix socket that we made, and remove."""


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", default="", help="Listen at an address too; clients need a token there.")
@click.option("--no-socket", is_flag=True, help="Do not listen at the unix socket.")
@click.option("--same-user", is_flag=True, help="On loopback, take processes of your own user without a token.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="A name that clients reach the address by.")
@click.option("--tls-cert", metavar="FILE", default="", help="Serve HTTPS with this certificate (chain), in PEM.")
@click.option("--tls-key", metavar="FILE", default="", help="Its key, in PEM.")
@click.option("--insecure", is_flag=True, help="Listen at an address that is not loopback without TLS.")
@click.option("--runs", type=click.IntRange(1, 10_000), metavar="NUMBER", help="Programs at once (default: CPUs x 2).")
@click.option("--timeout", type=click.FloatRange(1, 1e7), default=_USUAL.timeout, metavar="SECONDS", show_default=True,
              help="Until a program is killed that asked for no other.")  # fmt: skip
@click.option("--ttl", type=click.FloatRange(1, 1e9), default=_USUAL.ttl, metavar="SECONDS", show_default=True,
              help="How long a sandbox lives without being used.")  # fmt: skip
@click.option("--longest-ttl", type=click.FloatRange(1, 1e9), default=_USUAL.longest_ttl, metavar="SECONDS",
              show_default=True, help="The most that may be asked for.")  # fmt: skip
@click.option("--upload-limit", type=_Size(), default=_USUAL.upload, metavar="SIZE", help="The most of one request.")
@click.option("--sandbox-limit", type=_Size(), default=_USUAL.sandbox, metavar="SIZE", help="The most of one sandbox.")
@click.option("--sandboxes-each", type=click.IntRange(1), default=_USUAL.sandboxes_each, metavar="NUMBER",
              show_default=True, help="Sandboxes that one owner may have.")  # fmt: skip
@click.option("--log-limit", type=_Size(), default=_USUAL.logs, metavar="SIZE", help="The most that is kept of logs.")
@click.option("--offline", is_flag=True, help="Install from the cache alone.")
def serve_command(
    listen: str,
    no_socket: bool,
    same_user: bool,
    names: tuple[str, ...],
    tls_cert: str,
    tls_key: str,
    insecure: bool,
    runs: int | None,
    timeout: float,
    ttl: float,
    longest_ttl: float,
    upload_limit: int,
    sandbox_limit: int,
    sandboxes_each: int,
    log_limit: int,
    offline: bool,
) -> None:
    """Serve sandboxes over HTTP until it is told to stop: at a unix socket that is yours alone, unless told otherwise.

    GET /openapi.json describes what can be asked for. Tokens are made by `jhansi-runner token create`.
    """
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together")
    if ttl > longest_ttl:
        raise click.UsageError("--ttl is more than --longest-ttl")
    settings = Settings(
        runs=runs or 0,
        timeout=timeout,
        ttl=ttl,
        longest_ttl=longest_ttl,
        upload=upload_limit,
        sandbox=sandbox_limit,
        sandboxes_each=sandboxes_each,
        log=min(_USUAL.log, log_limit),
        logs=log_limit,
        offline=offline or always_offline(os.environ),
    )
    secure = Secure(tls_cert, tls_key) if tls_cert else None
    if secure is not None:
        secure.check()
    folders = paths.current(os.environ)
    places = _places(folders, listen, secure, use_socket=not no_socket, insecure=insecure)
    try:
        asyncio.run(_serve(folders, settings, places, same_user, frozenset(name.lower() for name in names)))
    finally:
        if places.ours is not None:
            remove_socket(places.ours)


def _places(
    folders: paths.Paths, listen: str, secure: Secure | None, *, use_socket: bool, insecure: bool
) -> _Places:
    given = handed_over(os.environ, os.getpid())
    addresses = [each for each in given if each.family != socket.AF_UNIX]
    plain = [each for each in given if each.family == socket.AF_UNIX]
    if listen:
        addresses.append(tcp_listener(listen, secure=secure is not None, insecure=insecure))
    ours = None
    if use_socket and not given:
        ours = unix_listener(paths.make(folders.runtime))
        plain.append(ours)
    if not plain and not addresses:
        raise RunnerError("there is nowhere to listen", lines=("leave out --no-socket, or add --listen HOST:PORT",))
    return _Places([*plain, *([] if secure else addresses)], addresses if secure else [], secure, ours)


async def _serve(
    folders: paths.Paths, settings: Settings, places: _Places, same_user: bool, names: frozenset[str]
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not stopping.is_set():
            notify(os.environ, "STOPPING=1")
            stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with Service(folders, os.environ, settings) as service:
        access = Access(our_uid(), service.caller, same_user, names)
        app = build(Context(service, access, settings.upload, paths.make(folders.service), stopping))
        await serve(app, places.plain, places.secured, places.secure, stopping, lambda: _began(places, same_user))


def _began(places: _Places, same_user: bool) -> None:
    """Say where it is served, with a line to try."""
    for listener in (*places.plain, *places.secured):
        url = url_of(listener, "https" if listener in places.secured else "http")
        say(f"serving at {url}")
        if listener.family == socket.AF_UNIX:
            say(f"  curl --unix-socket {url.removeprefix('unix:')} -X POST http://localhost/v1/sandboxes")
        else:
            token = "" if same_user else " -H 'Authorization: Bearer TOKEN'"
            say(f"  curl{token} -X POST {url}/v1/sandboxes")
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    notify(os.environ, "READY=1")
