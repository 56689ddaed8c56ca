"""`jhansi-runner proxy`: the mirror for a team, and how to set clients up for it."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import ssl
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

import click

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.proxy.policy.problems import PolicyError
from jhansi_runner.proxy.policy.sources import PolicyUnreadable
from jhansi_runner.proxy.registries.upstreams import UpstreamError
from jhansi_runner.proxy.team.clients import CLIENTS, Setup, shell
from jhansi_runner.proxy.team.jvm import ASKING
from jhansi_runner.proxy.team.settings import Settings
from jhansi_runner.runner.console import say
from jhansi_runner.runner.errors import RunnerError

_ADDRESS = "127.0.0.1:8080"
_URL = f"http://{_ADDRESS}"


@click.group()
def proxy() -> None:
    """The caching mirror by itself, for package managers outside sandboxes."""


@proxy.command("serve")
@click.option(
    "--listen", metavar="ADDR", help=f"Host and port (default: that of the service manager's socket, else {_ADDRESS})."
)
@click.option("--policy", "policy", metavar="FILE", default="", help="The policy to use instead of your own.")
@click.option("--token-file", metavar="FILE", default="", help="Ask clients for the token in this file.")
@click.option("--tls-cert", metavar="FILE", default="", help="Serve HTTPS with this certificate (chain), in PEM.")
@click.option("--tls-key", metavar="FILE", default="", help="Its key, in PEM.")
@click.option("--public-url", metavar="URL", default="", help="Where clients reach the mirror, if behind a proxy.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that serve.")
@click.option("--offline", is_flag=True, help="Serve what is in the cache, and ask no upstream.")
@click.option("--cache-limit", metavar="SIZE", default="", help="Most that the cache may hold, such as 50GiB.")
def serve(
    listen: str | None,
    policy: str,
    token_file: str,
    tls_cert: str,
    tls_key: str,
    public_url: str,
    workers: int,
    offline: bool,
    cache_limit: str,
) -> None:
    """Run the mirror for a team until it is told to stop. The policy is read again when it changes."""
    from jhansi_runner.proxy.activation import notify
    from jhansi_runner.proxy.team.supervisor import WorkerFailed, supervise

    settings = Settings(
        policy=_absolute(policy),
        token_file=_absolute(token_file),
        tls_certificate=_absolute(tls_cert),
        tls_key=_absolute(tls_key),
        public_url=_url(public_url),
        offline=offline or _always_offline(),
        limit=_limit(cache_limit),
    )
    _check(settings)
    listener = _listener(listen)
    host, port = listener.getsockname()[:2]
    scheme = "https" if tls_cert else "http"
    shown = f"[{host}]" if ":" in host else host
    say(f"serving at {scheme}://{shown}:{port} with {workers} worker{'' if workers == 1 else 's'}")
    if not token_file and not ipaddress.ip_address(host).is_loopback:
        say("everybody who can reach this address can use it; --token-file asks for a token")
    try:
        supervise(listener, workers, settings, say, lambda: notify("READY=1", os.environ))
    except WorkerFailed as error:
        raise RunnerError(str(error), lines=("what it said is above",)) from None


def _listener(listen: str | None) -> socket.socket:
    """Where to listen: as asked for, else the socket that the service manager holds, else the usual address."""
    from jhansi_runner.proxy.activation import inherited
    from jhansi_runner.proxy.team.supervisor import bind

    try:
        given = [] if listen is not None else inherited(os.environ)
        if len(given) > 1 or any(one.family == socket.AF_UNIX for one in given):
            raise RunnerError("the mirror listens at one address of TCP: name one in ListenStream= of its socket")
        return given[0] if given else bind(listen or _ADDRESS)
    except ValueError as error:
        raise RunnerError(str(error)) from None
    except OSError as error:
        raise RunnerError(f"cannot listen at {listen or _ADDRESS}: {error.strerror or error}") from None


@proxy.command("env")
@click.option("--client", type=click.Choice(list(CLIENTS)), help="Only this client; default: all of them.")
@click.option(
    "--url",
    default=_URL,
    metavar="URL",
    show_default=True,
    help=f"Where the mirror is; one that asks for a token is '{ASKING}'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def env(client: str | None, url: str, as_json: bool) -> None:
    """Print the settings that make a package manager use the mirror."""
    base = _url(url)
    setups = {name: make(base) for name, make in CLIENTS.items() if client in (None, name)}
    if as_json:
        print(json.dumps({name: _data(setup) for name, setup in setups.items()}, indent=2))
    elif client:
        sys.stdout.write(_alone(setups[client]))
    else:
        for name, setup in setups.items():
            print(f"# {name}\n{shell(setup)}")


@proxy.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Tell whether the proxy of your sandboxes is running, and where its things are."""
    from jhansi_runner.proxy.service.socket_path import connected

    folders = paths.current(os.environ)
    endpoint = connected(folders.runtime, folders.service_key) if os.path.isdir(folders.runtime) else None
    if endpoint is not None:
        endpoint.close()
    running = endpoint is not None
    places = {"cache": folders.cache, "ledger": folders.ledger, "log": f"{folders.state}/proxy.log"}
    if as_json:
        print(json.dumps({"running": running, **places}, indent=2))
    else:
        print("running" if running else "not running; the first program that needs a registry starts it")
        print("\n".join(f"{name:<7} {place}" for name, place in places.items()))


def _alone(setup: Setup) -> str:
    """One client's settings: lines for `eval`, or its one file as it is."""
    return shell(setup) if setup.variables else "".join(setup.files.values())


def _data(setup: Setup) -> Mapping[str, object]:
    return {"variables": dict(setup.variables), "files": dict(setup.files)}


def _absolute(path: str) -> str:
    return os.path.abspath(path) if path else ""


def _always_offline() -> bool:
    try:
        return always_offline(os.environ)
    except ValueError as error:
        raise RunnerError(str(error)) from None


def _url(text: str) -> str:
    if text and not _is_url(text):
        raise RunnerError(f"{text!r} is no URL of a mirror", lines=(f"write it like {_URL}",))
    return text.rstrip("/")


def _is_url(text: str) -> bool:
    if any(one.isspace() or not one.isprintable() or one == "'" for one in text):
        return False
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return sound and not url.query and not url.fragment


def _limit(text: str) -> int:
    """The limit in bytes: as given, else as the environment says. Raises RunnerError."""
    from jhansi_runner.proxy.cache.upkeep import BadLimit, limit_of
    from jhansi_runner.runner.cache_words import parse_room

    try:
        return parse_room(text.strip()) if text else limit_of(os.environ)
    except BadLimit as error:
        raise RunnerError(str(error)) from None
    except ValueError as error:
        raise RunnerError(f"--cache-limit {text}: {error}; 0 is no limit") from None


def _check(settings: Settings) -> None:
    """Find the mistakes before anything listens. Raises RunnerError."""
    from jhansi_runner.proxy.team.access import BadToken, read_token
    from jhansi_runner.proxy.team.keeper import Keeper

    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise RunnerError("--tls-cert and --tls-key belong together")
    try:
        if settings.token_file:
            read_token(settings.token_file)
        _check_tls(settings.tls_certificate, settings.tls_key)
        Keeper(settings.policy, os.environ, say)
    except PolicyError as error:
        lines = tuple(str(problem) for problem in error.problems)
        raise RunnerError("the policy cannot be obeyed, so nothing is served", lines=lines) from None
    except (BadToken, PolicyUnreadable, UpstreamError) as error:
        raise RunnerError(str(error)) from None


def _check_tls(certificate: str, key: str) -> None:
    if not certificate:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # an error of TLS is one
        raise RunnerError(f"{certificate}, {key}: {error}") from None
