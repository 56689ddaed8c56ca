"""Runs the service at the places that the command line names, from the first socket to the last answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request

from jhansi_runner.proxy import paths
from jhansi_runner.runner.api.access import Access
from jhansi_runner.runner.api.app import build
from jhansi_runner.runner.api.listening import (
    check_secure,
    handed_over,
    notify,
    remove_socket,
    tcp_listener,
    unix_listener,
    url_of,
)
from jhansi_runner.runner.api.operation import Context
from jhansi_runner.runner.api.peer import our_uid
from jhansi_runner.runner.api.revoking import keep_out
from jhansi_runner.runner.api.server import Secure, serve
from jhansi_runner.runner.console import say
from jhansi_runner.runner.dashboard.routes import routes
from jhansi_runner.runner.errors import RunnerError
from jhansi_runner.runner.sandboxes.errors import SandboxError
from jhansi_runner.runner.sandboxes.model import Caller
from jhansi_runner.runner.sandboxes.service import Service, Settings

_DESCRIPTORS = 8192


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen: at `address`, "" for none, and at the unix socket. `names`: what clients call the address.

    `certificate` and `key` are files in PEM, "" for no TLS; `insecure` permits that beyond loopback. `same_user`: on
    loopback, processes of our own user need no token.
    """

    address: str = ""
    use_socket: bool = True
    same_user: bool = False
    names: frozenset[str] = frozenset()
    certificate: str = ""
    key: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class _Places:
    """Where to listen, and how."""

    plain: list[socket.socket]
    secured: list[socket.socket]
    secure: Secure | None
    ours: str
    """The unix socket that we made, and remove; "" for none."""


def run(listening: Listening, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises RunnerError."""
    _make_room()
    secure = Secure(listening.certificate, listening.key) if listening.certificate else None
    if secure is not None:
        secure.check()
    folders = paths.current(os.environ)
    places = _places(folders, listening, secure)
    try:
        asyncio.run(_serve(folders, settings, places, listening))
    finally:
        remove_socket(places.ours)


def _make_room() -> None:
    """Have descriptors for all connections, and for what each of them reads or writes besides: 1,024 are the usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _places(folders: paths.Paths, listening: Listening, secure: Secure | None) -> _Places:
    given = handed_over(os.environ, os.getpid())
    addresses = [each for each in given if each.family != socket.AF_UNIX]
    plain = [each for each in given if each.family == socket.AF_UNIX]
    for each in addresses:
        check_secure(each, secure=secure is not None, insecure=listening.insecure)
    if listening.address:
        listener = tcp_listener(listening.address, secure=secure is not None, insecure=listening.insecure)
        addresses.append(listener)
    ours = ""
    if listening.use_socket and not given:
        plain.append(unix_listener(folders.runtime))
        ours = str(plain[-1].getsockname())
    if not plain and not addresses:
        raise RunnerError("there is nowhere to listen", lines=("leave out --no-socket, or add --listen HOST:PORT",))
    return _Places([*plain, *([] if secure else addresses)], addresses if secure else [], secure, ours)


async def _serve(folders: paths.Paths, settings: Settings, places: _Places, listening: Listening) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not stopping.is_set():
            notify(os.environ, "STOPPING=1")
            stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with Service(folders, os.environ, settings) as service:
        access = Access(our_uid(), service.caller, listening.same_user, listening.names)
        context = Context(service, access, settings.upload, settings.ttl, paths.make(folders.service), stopping)
        app = build(context, routes(service, partial(_known, access), os.environ, stopping))
        began = partial(_began, places, listening.same_user)
        keeping_out = asyncio.create_task(keep_out(service, app))
        keeping_out.add_done_callback(lambda _: stop())  # without it, tokens that were revoked would be good for more
        try:
            await serve(app, places.plain, places.secured, places.secure, stopping, began)
        finally:
            keeping_out.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping_out


async def _known(access: Access, request: Request) -> Caller | None:
    """Who looks at a page without a session; None for nobody who may."""
    try:
        return await access.caller(request.scope["state"]["peer"], request.headers)
    except SandboxError:
        return None


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
    notify(os.environ, "READY=1")
