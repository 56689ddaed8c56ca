"""Builds the index of a folder of advisories, in a process of its own.

Reading 200,000 records takes a minute, and much memory for archives; a proxy has requests to answer meanwhile. The
process can be killed at any time: an index that is there is complete.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from jhansi_runner.proxy.policy.osv_folder import FolderUnreadable, files, records, signature
from jhansi_runner.proxy.policy.osv_index import Writer, name_of
from jhansi_runner.proxy.policy.osv_record import NoRecord, read_record

_MEMORY_BYTES = 4 << 30
_SAY_SECONDS = 3.0
_KEPT_SECONDS = 86_400.0
"""How long an index that nobody looked at is kept."""
_NEW = ".new"


def built(folder: str, place: str) -> str:
    """Build the index of a folder below `place`, unless it is there; the folder's signature.

    What takes long is said on stderr. Raises FolderUnreadable.
    """
    argv = [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.policy.osv_build", folder, place]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        told = process.communicate()[0]
    try:
        answer = json.loads(told)
        unreadable, found = answer["unreadable"], answer["signature"]
    except (ValueError, KeyError, TypeError):
        raise FolderUnreadable(f"reading it ended with code {process.returncode}") from None
    if unreadable:
        raise FolderUnreadable(unreadable)
    return str(found)


def main() -> None:
    """Build, and answer on stdout in JSON."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever waits tells that it was interrupted
    os.umask(0o077)
    os.nice(5)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    answer = {"signature": "", "unreadable": ""}
    try:
        answer["signature"] = build(sys.argv[1], sys.argv[2], time.monotonic, _say)
    except FolderUnreadable as error:
        answer["unreadable"] = str(error)
    except MemoryError:
        answer["unreadable"] = f"it takes more than {most >> 20} MiB of memory to read"
    except (OSError, sqlite3.Error) as error:
        answer["unreadable"] = f"its index cannot be written below {sys.argv[2]}: {error}"
    print(json.dumps(answer))


def build(folder: str, place: str, clock: Callable[[], float], say: Callable[[str], None]) -> str:
    """Build the index of a folder, unless it is there; the folder's signature. One process at a time.

    `clock` is in seconds. Raises FolderUnreadable, OSError, sqlite3.Error.
    """
    with _alone(place, say):
        found = signature(folder)
        if os.path.exists(os.path.join(place, name_of(found))):
            return found
        _sweep(place)
        path = os.path.join(place, f"{os.getpid()}{_NEW}")
        try:
            found = _write(folder, path, clock, say)
            _to_disk(path)
            os.rename(path, os.path.join(place, name_of(found)))
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    return found


def _write(folder: str, path: str, clock: Callable[[], float], say: Callable[[str], None]) -> str:
    """Write the index; the signature of what was read, which may have changed a moment ago."""
    state = hashlib.sha256()
    said = clock()
    writer = Writer(path)
    try:
        for file in files(folder):
            state.update(file.mark)
            for name, data in records(folder, file):
                _add(writer, name, data)
                if (now := clock()) - said > _SAY_SECONDS:
                    said = now
                    say(f"reading the advisories in {folder}: {writer.records:,} so far")
        if not writer.records:
            some = f"{writer.troubles} files and no advisory that can be read"
            raise FolderUnreadable(f"it holds {some if writer.troubles else 'no advisory'}")
        writer.finish()
    finally:
        writer.close()
    if writer.troubles:
        some = f"{writer.troubles:,} advisories in {folder}"
        say(f"{some} cannot be read in full: `jhansi-runner policy check` names them")
    return state.hexdigest()


def _add(writer: Writer, name: str, data: bytes | str) -> None:
    if isinstance(data, str):
        writer.trouble(name, data)
        return
    try:
        record = read_record(data)
    except NoRecord as error:
        writer.trouble(name, str(error))
        return
    writer.add(record, data)
    if record.troubles:
        writer.trouble(name, f"{record.id} {', '.join(record.troubles)}")


@contextlib.contextmanager
def _alone(place: str, say: Callable[[str], None]) -> Iterator[None]:
    lock = os.open(os.path.join(place, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that reads advisories")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _sweep(place: str) -> None:
    """Remove what a killed process left, and indexes that nobody has looked at for long."""
    with os.scandir(place) as entries:
        for entry in entries:
            old = entry.name.endswith(".db") and entry.stat().st_mtime < time.time() - _KEPT_SECONDS
            if old or entry.name.endswith(_NEW):
                os.unlink(entry.path)


def _to_disk(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        print(f"jhansi-runner: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
