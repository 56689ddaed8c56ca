"""The caches that are compared: ours, devpi and proxpi, each in front of one upstream on loopback."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from benchmarks.mirror import RUN

DEVPI = ("devpi-server==6.20.3",)
PROXPI = ("proxpi==1.3.1", "gunicorn==27.0.1")
_START_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: the URLs of an index page and of a small file of it, and what requests have to say."""

    name: str
    page: str
    file: str
    headers: tuple[str, ...] = ()


@contextlib.contextmanager
def ours(folder: str, index: str, path: str) -> Iterator[tuple[Server, int]]:
    """Our mirror, and its process id. `path` is the file's on the upstream."""
    upstream = index.removesuffix("/simple/")
    os.makedirs(f"{folder}/cache")
    with socket.socket() as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}/pypi"
        argv = [sys.executable, _own("mirror.py"), folder, index, str(listener.fileno())]
        with _running(argv, dict(os.environ), folder, (listener.fileno(),)) as process:
            file = f"{base}/files/{upstream.removeprefix('http://')}{path}"
            server = Server("jhansi-runner", f"{base}/simple/widget/", file, (f"x-jhansi-run: {RUN}",))
            _wait(server.page, {"x-jhansi-run": RUN})
            yield server, process.pid


@contextlib.contextmanager
def devpi(folder: str, index: str) -> Iterator[Server]:
    """devpi-server as it comes, with a mirror of the upstream. Raises RuntimeError, OSError."""
    bin_ = _install(f"{folder}/venv", DEVPI)
    state = ["--serverdir", f"{folder}/state"]
    subprocess.run([f"{bin_}/devpi-init", *state, "--no-root-pypi"], check=True, capture_output=True)
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    argv = [f"{bin_}/devpi-server", *state, "--host", "127.0.0.1", "--port", str(port)]
    with _running(argv, {**os.environ, "HOME": folder}, folder):
        _wait(f"{base}/+api")
        login = _json("POST", f"{base}/+login", {"user": "root", "password": ""})["result"]
        token = base64.b64encode(f"root:{login['password']}".encode()).decode()
        settings = {"type": "mirror", "mirror_url": index, "volatile": True}
        _json("PUT", f"{base}/root/up", settings, {"X-Devpi-Auth": token})
        yield _found("devpi", f"{base}/root/up/+simple/widget/")


@contextlib.contextmanager
def proxpi(folder: str, index: str) -> Iterator[Server]:
    """proxpi under gunicorn, as its own container image runs it. Raises RuntimeError, OSError."""
    bin_ = _install(f"{folder}/venv", PROXPI)
    port = _free_port()
    env = {**os.environ, "HOME": folder, "PROXPI_INDEX_URL": index, "PROXPI_CACHE_DIR": f"{folder}/cache"}
    argv = [f"{bin_}/gunicorn", "--preload", "--threads", "2", "--bind", f"127.0.0.1:{port}", "proxpi.server:app"]
    with _running(argv, env, folder):
        yield _found("proxpi", f"http://127.0.0.1:{port}/index/widget/")


def _install(folder: str, packages: Sequence[str]) -> str:
    uv = os.path.join(sysconfig.get_path("scripts"), "uv")
    for argv in (
        [uv, "venv", "--quiet", "--no-config", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--no-config", "--python", f"{folder}/bin/python", *packages],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{packages[0]} could not be installed: {done.stderr.strip()[-400:]}")
    return f"{folder}/bin"


@contextlib.contextmanager
def _running(
    argv: Sequence[str], env: Mapping[str, str], folder: str, inherited: Sequence[int] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    with open(f"{folder}/log", "wb") as log:
        process = subprocess.Popen(argv, env=env, cwd=folder, stdout=log, stderr=log, pass_fds=inherited)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _found(name: str, page: str) -> Server:
    """A server whose index page says where the file is; the file is in its cache afterwards."""
    link = re.search(r'href="([^"#]*\.whl)', _wait(page))
    if link is None:
        raise RuntimeError(f"{name} lists no file")
    file = urljoin(page, link.group(1))
    _wait(file)
    return Server(name, page, file)


def _wait(url: str, headers: Mapping[str, str] | None = None) -> str:
    """The answer to a GET, once the server answers with 200. Raises OSError."""
    deadline = time.monotonic() + _START_SECONDS
    request = urllib.request.Request(url, headers={"Accept": "*/*", **(headers or {})})  # noqa: S310  loopback
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return str(response.read().decode("latin-1"))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _json(
    method: str, url: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Mapping[str, Mapping[str, str]]:
    head = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), head, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
        found: Mapping[str, Mapping[str, str]] = json.load(response)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _own(name: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
