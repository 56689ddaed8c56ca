"""`jhansi-runner cache keygen, export and import`: what crosses an air gap."""

from __future__ import annotations

import json
import os
import pwd
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import diskcache

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.bundle.judging import Judging, Scope
from jhansi_runner.proxy.bundle.keys import BadKey, SecretKey, generate, read_secret
from jhansi_runner.proxy.bundle.reading import BadBundle
from jhansi_runner.proxy.bundle.room import NoRoom
from jhansi_runner.proxy.bundle.volumes import NoBundle
from jhansi_runner.proxy.cache.artifacts import ArtifactFiles
from jhansi_runner.proxy.cache.filesystem import UnsuitableFileSystem
from jhansi_runner.proxy.cache.store import DamagedCache, Store
from jhansi_runner.proxy.policy.pattern import SUPPORTED_TYPES
from jhansi_runner.proxy.registries.upstreams import UpstreamError
from jhansi_runner.runner import bundle_words
from jhansi_runner.runner.bundle_progress import Moving
from jhansi_runner.runner.cache_words import parse_room
from jhansi_runner.runner.errors import RunnerError

PASSWORD = "JHANSI_KEY_PASSWORD"  # noqa: S105  # the variable's name
_SECRET, _PUBLIC = ".key", ".pub"
_LONGEST_KEY = 1 << 16
_SMALLEST_VOLUME = 1 << 20
_POLICY = click.option("--policy", "policy", metavar="FILE", help="The policy to use instead of your own.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("keygen")
@click.argument("name")
def keygen(name: str) -> None:
    """Make a pair of keys: NAME.key signs bundles and stays here, NAME.pub goes to whoever imports them.

    The password is asked for, or taken from the variable JHANSI_KEY_PASSWORD; an empty one is none. They are
    minisign's keys, and its own work as well.
    """
    for path in (name + _SECRET, name + _PUBLIC):
        if os.path.lexists(path):
            raise RunnerError(f"{path} is there already: name another one, or move that away")
    secret, public = generate(_new_password())
    _write(name + _SECRET, secret, 0o600)
    _write(name + _PUBLIC, public, 0o644)
    print(f"{name}{_SECRET} signs bundles: keep it here\n{name}{_PUBLIC} goes to whoever imports them")


@click.command("export")
@click.argument("file")
@click.option("--key", "key", metavar="SECRET", required=True, help="The secret key to sign with; see cache keygen.")
@click.option(
    "--type", "types", metavar="TYPE", type=click.Choice(SUPPORTED_TYPES), multiple=True, help="Only this registry."
)
@click.option("--only", "only", metavar="PATTERN", multiple=True, help="Only what this names, as in cache list.")
@click.option("--since", "since", metavar="BUNDLE", default="", help="Leave out what this earlier bundle brought.")
@click.option("--volume-size", "volume", metavar="SIZE", help="Write FILE.001 and so on, each at most so large: 4GiB.")
@_POLICY
@_JSON
def export(
    file: str,
    key: str,
    types: tuple[str, ...],
    only: tuple[str, ...],
    since: str,
    volume: str | None,
    policy: str | None,
    as_json: bool,
) -> None:
    """Write what the policy allows into a signed bundle, FILE, and prove that it can be imported."""
    from jhansi_runner.proxy.bundle.export import Export, Order, Unfit
    from jhansi_runner.proxy.bundle.placing import Taken
    from jhansi_runner.runner.warm.proof import names, proof_of

    most = _volume(volume)
    secret = _secret(key)
    with trouble(Taken, Unfit), opened_cache() as (store, files), Moving("exporting") as moving:
        from jhansi_runner.proxy.bundle.trust import NoKeys, trusted

        try:
            known = trusted((), os.environ) if since else ()
        except NoKeys:
            known = ()
        scope, own = Scope(types, only), side(policy)
        proof = proof_of(scope, own.policy, policy or "", os.environ)
        order = Order(
            file=file,
            secret=secret,
            by=_by(),
            release=_release(),
            scope=scope,
            since=since,
            trusted=known,
            most=most,
            created=_epoch(),
            wants=tuple(sorted({name for want in proof.wants for name in names(want)})),
            prove=proof.hold,
        )
        done = Export(store, files, own, moving.add).run(order)
    if as_json:
        print(json.dumps(bundle_words.exported_data(done), indent=2))
    else:
        print(bundle_words.render_exported(done))


@click.command("import")
@click.argument("file")
@click.option("--key", "named", metavar="PUBLIC", multiple=True, help="A public key that counts, besides your own.")
@click.option("--dry-run", is_flag=True, help="Verify all of it, and tell what would come.")
@_POLICY
@_JSON
def import_(file: str, named: tuple[str, ...], dry_run: bool, policy: str | None, as_json: bool) -> None:
    """Take a bundle into the cache. FILE is the bundle, or any of its volumes.

    It is verified to the last byte before anything of it is seen, and judged by the policy of this side. A bundle that
    is refused changes nothing, and an import that was interrupted can be repeated.
    """
    from jhansi_runner.proxy.bundle.importing import Import
    from jhansi_runner.proxy.bundle.merging import Gone
    from jhansi_runner.proxy.bundle.trust import NoKeys, trusted
    from jhansi_runner.proxy.cache.upkeep import BadLimit, limit_of

    with trouble(Gone, NoKeys, BadLimit), opened_cache() as (store, files), Moving("importing") as moving:
        keys = trusted(named, os.environ)
        limit = limit_of(os.environ)
        done = Import(store, files, side(policy), moving.add).run(file, keys, dry_run=dry_run)
        size = bundle_words.cache_size(store, files) if limit else 0
    if as_json:
        print(json.dumps(bundle_words.imported_data(done, dry_run=dry_run, limit=limit, size=size), indent=2))
    else:
        print(bundle_words.render_imported(done, dry_run=dry_run, limit=limit, size=size))


def side(policy: str | None) -> Judging:
    """This side: its policy and its registries. Raises RunnerError."""
    from jhansi_runner.proxy.registries.all import registries
    from jhansi_runner.proxy.service.runs import upstreams_of
    from jhansi_runner.runner.cli_policy import loaded

    found = loaded(policy)
    try:
        return Judging(found, registries(), upstreams_of(found))
    except UpstreamError as error:
        raise RunnerError(str(error)) from None


@contextmanager
def trouble(*more: type[Exception]) -> Iterator[None]:
    """What keeps a bundle from being written or read is told in a sentence."""
    expected: tuple[type[Exception], ...] = (BadBundle, BadKey, NoBundle, NoRoom, *more)
    try:
        yield
    except expected as error:
        words = f"{error.filename}: {error.strerror}" if isinstance(error, NoBundle) else str(error)
        raise RunnerError(words) from None
    except (sqlite3.Error, diskcache.Timeout) as error:
        raise RunnerError(f"the cache cannot be used: {error or 'others keep it busy'}; nothing changed") from None
    except OSError as error:
        if error.filename is not None:
            raise
        raise RunnerError(f"{error.strerror or error}; nothing half-done was kept") from None


@contextmanager
def opened_cache() -> Iterator[tuple[Store, ArtifactFiles]]:
    """The cache of this user. Raises RunnerError."""
    folder = paths.make(paths.current(os.environ).cache)
    try:
        store = Store(folder)
    except (DamagedCache, UnsuitableFileSystem) as error:
        raise RunnerError(str(error)) from None
    try:
        yield store, ArtifactFiles(folder)
    finally:
        store.close()


def _secret(path: str) -> SecretKey:
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST_KEY)
    except OSError as error:
        raise RunnerError(f"{path}: the secret key cannot be read: {error.strerror}") from None
    password = os.environ.pop(PASSWORD, None)  # no program that we start is to know it
    if password is not None:
        return _opened_key(data, path, lambda: password)
    try:
        return read_secret(data, path, lambda: "")
    except BadKey as error:
        if "password" not in str(error):
            raise RunnerError(str(error)) from None
    if not sys.stdin.isatty():
        raise RunnerError(f"{path} has a password: set {PASSWORD}, or run this on a terminal")
    return _opened_key(data, path, lambda: str(click.prompt(f"Password of {path}", hide_input=True, err=True)))


def _opened_key(data: bytes, path: str, password: Callable[[], str]) -> SecretKey:
    try:
        return read_secret(data, path, password)
    except BadKey as error:
        raise RunnerError(str(error)) from None


def _new_password() -> str:
    if PASSWORD in os.environ:
        return os.environ[PASSWORD]
    if not sys.stdin.isatty():
        raise RunnerError(f"set {PASSWORD} to the key's password, which may be empty, or run this on a terminal")
    asked = click.prompt("Password (empty for none)", default="", hide_input=True, confirmation_prompt=True, err=True)
    return str(asked)


def _write(path: str, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file:
        file.write(data)


def _volume(text: str | None) -> int:
    if text is None:
        return 0
    try:
        size = parse_room(text)
    except ValueError as error:
        raise RunnerError(f"--volume-size: {error}") from None
    if size < _SMALLEST_VOLUME:
        raise RunnerError(f"--volume-size {text}: a volume has at least 1MiB")
    return size


def _epoch() -> int | None:
    """When the bundle is to say that it was made. Source: reproducible-builds.org, SOURCE_DATE_EPOCH."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 11:
        raise RunnerError(f"SOURCE_DATE_EPOCH is {text!r}, which is no number of seconds")
    return int(text)


def _by() -> str:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def _release() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("jhansi-runner")
    except PackageNotFoundError:
        return "unknown"
