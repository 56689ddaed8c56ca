"""A home of our own for a measurement: the cache, the stored sets and the proxy of nobody else."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import sys
import sysconfig
import tempfile
import time
from typing import Self

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect
from jhansi_runner.proxy.service.socket_path import connected

_IDLE_SECONDS = "120"
_STOP_SECONDS = 15.0


class Home:
    """A new `JHANSI_HOME` and a workspace, from `with` to its end; its proxy is ended with it."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="jb-")
        self.env = {**os.environ, "JHANSI_HOME": f"{self._folder}/home", "JHANSI_PROXY_IDLE": _IDLE_SECONDS}
        self.folders = paths.current(self.env)
        self.command = os.path.join(sysconfig.get_path("scripts"), "jhansi-runner")
        if not os.access(self.command, os.X_OK):
            raise RuntimeError(f"{self.command} is missing: run `make bootstrap`")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_proxy()
        shutil.rmtree(self._folder, ignore_errors=True)

    def workspace(self, name: str, text: str) -> str:
        """A new workspace that holds one program, `main.py`."""
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=self._folder)
        with open(f"{folder}/main.py", "w", encoding="utf-8") as file:
            file.write(text)
        return folder

    def scratch(self) -> str:
        """A new folder, on the file system of the cache."""
        return tempfile.mkdtemp(dir=self._folder)

    def exec(self, *words: str) -> list[str]:
        """The command line of an `exec` of `main.py`."""
        return [self.command, "exec", *words, "main.py"]

    def set_upstream(self, url: str) -> None:
        """Have the packages come from somewhere else than the public registry."""
        with open(paths.make(self.env["JHANSI_HOME"]) + "/policy.yaml", "w", encoding="utf-8") as file:
            file.write(f"version: 1\nregistries: {{pypi: {{enabled: true, upstream: '{url}'}}}}\ndefault: allow\n")

    def start_proxy(self) -> None:
        """Have the proxy serve, as a run of a minute ago would have left it."""
        before = dict(os.environ)
        os.environ.update(self.env)  # what is started inherits it
        try:
            connect(self.folders).close()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def stop_proxy(self) -> None:
        """End the proxy, if it serves, and wait until it is gone."""
        pid = self._proxy()
        if pid:
            os.kill(pid, signal.SIGTERM)
            _reap(pid)

    def _proxy(self) -> int:
        try:
            endpoint = connected(self.folders.runtime, self.folders.service_key)
        except OSError:
            return 0
        if endpoint is None:
            return 0
        with endpoint:
            credentials = endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])

    def forget_installs(self) -> None:
        """Drop what was installed and decided; the cache stays."""
        for folder in (self.folders.sets, self.folders.tickets, f"{self.folders.state}/requests"):
            shutil.rmtree(folder, ignore_errors=True)


def _reap(pid: int) -> None:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            if os.waitpid(pid, os.WNOHANG) != (0, 0):
                return
        except ChildProcessError:  # a run's proxy is not a child of ours
            if not os.path.exists(f"/proc/{pid}"):
                return
        time.sleep(0.05)
    print(f"the proxy {pid} is still there", file=sys.stderr)
