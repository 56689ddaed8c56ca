"""`jhansi-runner serve`: the sandboxes over HTTP."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import click

from jhansi_runner.proxy.offline import always_offline
from jhansi_runner.proxy.policy.sizes import read_size
from jhansi_runner.runner.errors import RunnerError


def _size(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """A size, such as 1GiB, in bytes."""
    try:
        return None if value is None else read_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", default="", help="Listen at an address too; clients need a token there.")
@click.option("--no-socket", is_flag=True, help="Do not listen at the unix socket.")
@click.option("--same-user", is_flag=True, help="On loopback, take processes of your own user without a token.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="A name that clients reach the address by.")
@click.option("--tls-cert", metavar="FILE", default="", help="Serve HTTPS with this certificate (chain), in PEM.")
@click.option("--tls-key", metavar="FILE", default="", help="Its key, in PEM.")
@click.option("--insecure", is_flag=True, help="Listen at an address that is not loopback without TLS.")
@click.option("--runs", type=click.IntRange(1, 10_000), metavar="NUMBER", help="Programs at once: CPUs x 2.")
@click.option("--timeout", type=click.FloatRange(1, 1e7), metavar="SECONDS", help="Until a program is killed: 600.")
@click.option("--longest-timeout", type=click.FloatRange(1, 1e7), metavar="SECONDS", help="The most to ask for: a day.")
@click.option("--ttl", type=click.FloatRange(1, 1e9), metavar="SECONDS", help="A sandbox lives unused: 3600.")
@click.option("--longest-ttl", type=click.FloatRange(1, 1e9), metavar="SECONDS", help="The most to ask for: 30 days.")
@click.option("--upload-limit", callback=_size, metavar="SIZE", help="What one request may bring: 256MiB.")
@click.option("--sandbox-limit", callback=_size, metavar="SIZE", help="What one sandbox may hold: 4GiB.")
@click.option("--sandboxes-each", type=click.IntRange(1), metavar="NUMBER", help="Sandboxes of one owner: 1000.")
@click.option("--log-limit", callback=_size, metavar="SIZE", help="What is kept of logs: 500MiB.")
@click.option("--offline", is_flag=True, help="Install from the cache alone.")
def serve(
    listen: str,
    no_socket: bool,
    same_user: bool,
    names: tuple[str, ...],
    tls_cert: str,
    tls_key: str,
    insecure: bool,
    log_limit: int | None,
    offline: bool,
    **given: int | float | None,
) -> None:
    """Serve sandboxes over HTTP until it is told to stop: at a unix socket that is yours alone, unless told otherwise.

    GET /openapi.json describes what can be asked for. Tokens are made by `jhansi-runner token create`. What options of
    limits say last is what holds without them.
    """
    from jhansi_runner.runner.api.running import Listening, run
    from jhansi_runner.runner.sandboxes.service import Settings

    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key go together")
    usual = Settings()
    known: dict[str, Any] = {name.removesuffix("_limit"): value for name, value in given.items() if value is not None}
    logs = usual.logs if log_limit is None else log_limit
    settings = replace(usual, **known, log=min(usual.log, logs), logs=logs, offline=offline or _always_offline())
    if settings.timeout > settings.longest_timeout:
        raise click.UsageError("--timeout is more than --longest-timeout")
    if settings.ttl > settings.longest_ttl:
        raise click.UsageError("--ttl is more than --longest-ttl")
    run(
        Listening(
            address=listen,
            use_socket=not no_socket,
            same_user=same_user,
            names=frozenset(name.lower() for name in names),
            certificate=tls_cert,
            key=tls_key,
            insecure=insecure,
        ),
        settings,
    )


def _always_offline() -> bool:
    try:
        return always_offline(os.environ)
    except ValueError as error:
        raise RunnerError(str(error)) from None
