"""The runner's side of the service: find it or start it, register a run, hear what is refused."""

from __future__ import annotations

import json
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cell.doorway import raise_limit
from jhansi_runner.proxy.ledger import FAULT, Entry
from jhansi_runner.proxy.service.messages import MESSAGE_BYTES, Registration, read_entry, write_registration
from jhansi_runner.proxy.service.socket_path import connected

UNREADABLE = "JR-UNREADABLE"
_START_SECONDS = 30.0
_FINISH_SECONDS = 5.0


SYSTEM_BWRAP = "/usr/bin/bwrap"


class ServiceFailed(Exception):
    """The proxy could not be started or reached, or it refused the run."""


class Starting:
    """A service that is being started; `wait` ends when it, or another one, serves."""

    def __init__(self, folders: paths.Paths, bwrap: str = SYSTEM_BWRAP) -> None:
        paths.make(folders.runtime)
        paths.make(folders.state)
        self._folders = folders
        self._log = f"{folders.state}/proxy.log"
        ready, theirs = os.pipe()
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "jhansi_runner.proxy.service.main", str(theirs), bwrap],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                pass_fds=[theirs],
                start_new_session=True,
            )
        finally:
            os.close(theirs)
            os.close(log)
        self._ready = ready

    def wait(self) -> None:
        """Wait until a service serves. Raises ServiceFailed with what it said."""
        said = b""
        deadline = time.monotonic() + _START_SECONDS
        try:
            while select.select([self._ready], [], [], max(0.0, deadline - time.monotonic()))[0]:
                data = os.read(self._ready, 4096)
                said += data
                if not data or said in (b"ready", b"taken"):
                    break
            else:
                raise ServiceFailed(f"the proxy did not start within {_START_SECONDS:.0f} s; its log is {self._log}")
        finally:
            os.close(self._ready)
        if said not in (b"ready", b"taken"):
            words = said.decode("utf-8", "replace") or "the proxy ended while it started"
            raise ServiceFailed(f"{words} (its log is {self._log})")


def connect(folders: paths.Paths, starting: Starting | None = None, bwrap: str = SYSTEM_BWRAP) -> socket.socket:
    """A connection to the service of this user, which is started when there is none. Raises ServiceFailed."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        paths.make(folders.runtime)
        endpoint = connected(folders.runtime, folders.service_key)
        if endpoint is not None and _greeted(endpoint):
            return endpoint
        if time.monotonic() > deadline:
            raise ServiceFailed(f"the proxy cannot be reached in {folders.runtime}")
        (starting or Starting(folders, bwrap)).wait()
        starting = None
        time.sleep(0.01)


def _greeted(endpoint: socket.socket) -> bool:
    """Whether the service took us in; one that is about to go leaves connections unanswered."""
    try:
        if select.select([endpoint], [], [], _START_SECONDS)[0] and endpoint.recv(MESSAGE_BYTES):
            return True
    except OSError:
        pass
    endpoint.close()
    return False


class Link:
    """A registered run's connection to the service."""

    def __init__(self, endpoint: socket.socket, tell: Callable[[Entry], None]) -> None:
        self._endpoint, self._tell = endpoint, tell

    def fileno(self) -> int:
        """The descriptor to wait at for `read`."""
        return self._endpoint.fileno()

    def read(self) -> bool:
        """Take one message in, entries to `tell`; False when the service is gone or done."""
        try:
            message = self._endpoint.recv(MESSAGE_BYTES)
        except OSError:
            return False
        if not message:
            return False
        try:
            fields = json.loads(message)
            if not isinstance(fields, dict):
                raise ValueError("not a message")
            entry = read_entry(fields["entry"]) if "entry" in fields else None
        except (ValueError, RecursionError):
            reason = "a message of the proxy's cannot be read; the ledger has every request whole"
            fields, entry = {}, Entry("gate", FAULT, "", "", code=UNREADABLE, reason=reason)
        if entry is not None:
            self._tell(entry)
        return "finished" not in fields

    def close(self) -> None:
        """End the connection, and with it the run."""
        self._endpoint.close()

    def finish(self) -> None:
        """Hear the last entries of the run, and end it."""
        try:
            self._endpoint.send(json.dumps({"finish": True}).encode())
            while select.select([self._endpoint], [], [], _FINISH_SECONDS)[0] and self.read():
                pass
        except OSError:
            pass
        finally:
            self._endpoint.close()


def register(endpoint: socket.socket, registration: Registration, listener: int, tell: Callable[[Entry], None]) -> Link:
    """Register a run and its door; whoever calls keeps the listener as well. Raises ServiceFailed."""
    payload = write_registration(registration)
    before = raise_limit()
    try:
        socket.send_fds(endpoint, [b"register"], [payload, listener])
        answer = endpoint.recv(MESSAGE_BYTES)
    except OSError as error:
        endpoint.close()
        raise ServiceFailed(f"the proxy went away: {error}") from error
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        os.close(payload)
    fields = json.loads(answer or b"{}")
    if not fields.get("ok"):
        endpoint.close()
        raise ServiceFailed(str(fields.get("error", "the proxy went away")))
    return Link(endpoint, tell)
