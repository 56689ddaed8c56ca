"""The caches that are compared, each in front of one upstream on loopback, and nginx with our files as the limit."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urljoin

from benchmarks.servers import Missing, Server, fetch, free_port, running
from support.cases import Case

DEVPI = ("devpi-server==6.20.3",)
PROXPI = ("proxpi==1.3.1", "gunicorn==27.0.1")
VERDACCIO = {
    "private": True,
    "dependencies": {"verdaccio": "6.8.0"},  # the last one for Node 20
    "overrides": {"node-fetch": "2.6.7"},  # it asks for a tag, which not every registry passes on
}
ATHENS = "github.com/gomods/athens/cmd/proxy@v0.16.0"


@contextlib.contextmanager
def devpi(folder: str, case: Case, version: str) -> Iterator[Server]:
    """devpi-server as it comes, with a mirror of the upstream."""
    del version
    bin_ = _python(f"{folder}/venv", DEVPI)
    state = ["--serverdir", f"{folder}/state"]
    _run([f"{bin_}/devpi-init", *state, "--no-root-pypi"], folder)
    base = f"http://127.0.0.1:{(port := free_port())}"
    argv = [f"{bin_}/devpi-server", *state, "--host", "127.0.0.1", "--port", str(port)]
    with running(argv, {**os.environ, "HOME": folder}, folder) as process:
        fetch(f"{base}/+api")
        login = _json("POST", f"{base}/+login", {"user": "root", "password": ""})["result"]
        token = base64.b64encode(f"root:{login['password']}".encode()).decode()
        settings = {"type": "mirror", "mirror_url": case.server.url, "volatile": True}
        _json("PUT", f"{base}/root/up", settings, {"X-Devpi-Auth": token})
        yield _linked("devpi", process.pid, f"{base}/root/up/+simple/demo/")


@contextlib.contextmanager
def proxpi(folder: str, case: Case, version: str) -> Iterator[Server]:
    """proxpi under gunicorn, as its own container image runs it."""
    del version
    bin_ = _python(f"{folder}/venv", PROXPI)
    port = free_port()
    env = {**os.environ, "HOME": folder, "PROXPI_INDEX_URL": case.server.url, "PROXPI_CACHE_DIR": f"{folder}/cache"}
    argv = [f"{bin_}/gunicorn", "--preload", "--threads", "2", "--bind", f"127.0.0.1:{port}", "proxpi.server:app"]
    with running(argv, env, folder) as process:
        yield _linked("proxpi", process.pid, f"http://127.0.0.1:{port}/index/demo/")


@contextlib.contextmanager
def verdaccio(folder: str, case: Case, version: str) -> Iterator[Server]:
    """verdaccio as it comes, with one uplink and without its log of requests."""
    npm, node = _found("npm"), _found("node")
    with open(f"{folder}/package.json", "w", encoding="utf-8") as file:
        json.dump(VERDACCIO, file)
    _run([npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    settings = {
        "storage": f"{folder}/storage",
        "uplinks": {"up": {"url": case.server.url}},
        "packages": {"**": {"access": "$all", "proxy": "up"}},
        "log": {"type": "stdout", "level": "error"},
    }
    with open(f"{folder}/config.yaml", "w", encoding="utf-8") as file:
        json.dump(settings, file)  # which is YAML
    base = f"http://127.0.0.1:{(port := free_port())}"
    program = f"{folder}/node_modules/verdaccio/bin/verdaccio"
    argv = [node, program, "--listen", f"127.0.0.1:{port}", "--config", f"{folder}/config.yaml"]
    with running(argv, {**os.environ, "HOME": folder}, folder) as process:
        server = Server("verdaccio", process.pid, f"{base}/demo", base + case.upstream_file(version))
        fetch(server.page), fetch(server.file)
        yield server


@contextlib.contextmanager
def athens(folder: str, case: Case, version: str) -> Iterator[Server]:
    """Athens with its files on disk, built with the host's Go."""
    go = _found("go")
    _run([go, "install", ATHENS], folder, {"GOPATH": f"{folder}/go", "GOBIN": folder, "GOFLAGS": "-modcacherw"})
    port = free_port()
    env = {
        **os.environ,
        "HOME": folder,
        "ATHENS_PORT": f"127.0.0.1:{port}",
        "ATHENS_STORAGE_TYPE": "disk",
        "ATHENS_DISK_STORAGE_ROOT": f"{folder}/storage",
        "ATHENS_GO_BINARY_ENV_VARS": f"GOPROXY={case.server.url};GONOSUMDB=*;GOFLAGS=-modcacherw",
        "ATHENS_LOG_LEVEL": "error",
    }
    os.mkdir(f"{folder}/storage")
    with running([f"{folder}/proxy"], env, folder) as process:
        base = f"http://127.0.0.1:{port}"
        server = Server("Athens", process.pid, base + case.upstream_listing, base + case.upstream_file(version))
        fetch(server.file), fetch(server.page)
        yield server


@contextlib.contextmanager
def nginx(folder: str, files: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """One worker of nginx with these files, by name; its URL and its process. It keeps a log of requests, as we do."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise Missing("nginx is not on PATH (Debian: nginx-light)")
    os.mkdir(f"{folder}/files")
    for name, path in files.items():
        os.link(path, f"{folder}/files/{name}")
    port = free_port()
    kinds = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
        file.write(
            f"daemon off; worker_processes 1; {user} pid {folder}/pid; error_log {folder}/error;\n"
            "events { worker_connections 512; }\n"
            f"http {{ {kinds} access_log {folder}/access; sendfile on; tcp_nopush on; keepalive_requests 100000000;\n"
            f"server {{ listen 127.0.0.1:{port}; root {folder}/files; }} }}\n"
        )
    with running([program, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error"], dict(os.environ), folder) as process:
        base = f"http://127.0.0.1:{port}"
        fetch(f"{base}/{next(iter(files))}")
        yield base, process.pid


def _python(folder: str, packages: Sequence[str]) -> str:
    uv = os.path.join(sysconfig.get_path("scripts"), "uv")
    _run([uv, "venv", "--quiet", "--no-config", "--python", sys.executable, folder], "/")
    _run([uv, "pip", "install", "--quiet", "--no-config", "--python", f"{folder}/bin/python", *packages], "/")
    return f"{folder}/bin"


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not on PATH")
    return path


def _run(argv: Sequence[str], folder: str, env: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        argv, cwd=folder, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"{' '.join(argv)[-120:]} failed: {done.stderr.strip()[-300:]}")


def _linked(name: str, pid: int, page: str) -> Server:
    """A server whose index page says where the file is; the file is in its cache afterwards."""
    link = re.search(r'href="([^"#]*\.whl)', fetch(page).decode("latin-1"))
    if link is None:
        raise Missing(f"{name} lists no file")
    file = urljoin(page, link.group(1))
    fetch(file)
    return Server(name, pid, page, file)


def _json(
    method: str, url: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Mapping[str, Mapping[str, str]]:
    head = {"Content-Type": "application/json", "Accept": "application/json", **(headers or {})}
    request = urllib.request.Request(url, json.dumps(body).encode(), head, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
        found: Mapping[str, Mapping[str, str]] = json.load(response)
    return found
