"""Package managers as people use them: a home of their own, settings as `proxy env` prints them, what they print."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import pytest
import uv

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.service.client import connect, register
from jhansi_runner.proxy.service.messages import Registration
from support.registry import Authority
from support.team import Team

TOKEN = "0123456789abcdef-secret"  # noqa: S105  # of the tests' own mirror
_MAIN = "from jhansi_runner.runner.entry import main; main()"
_ENV = 'eval "$1" && env -0'


def program(name: str) -> str:
    """The path of a client; without it the test is skipped."""
    found = uv.find_uv_bin() if name == "uv" else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """How a client ended, and all that it printed."""

    code: int
    said: str

    @property
    def words(self) -> str:
        """What it printed, however it broke the lines."""
        return " ".join(self.said.split())


class Desk:
    """Somebody's home, empty at first, and their environment. Clients run in `work`."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home, self.work = home, home / "work"
        self.work.mkdir(parents=True)
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "JAVA_TOOL_OPTIONS": f"-Duser.home={home} -XX:TieredStopAtLevel=1",  # the JVM does not believe HOME
            "npm_config_globalconfig": os.devnull,
            "npm_config_update_notifier": "false",
            "npm_config_fetch_retries": "0",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_RETRIES": "0",
            "PIP_NO_INPUT": "1",
            "UV_NO_CONFIG": "1",
            "UV_HTTP_RETRIES": "0",
            "YARN_CACHE_FOLDER": str(home / "yarn"),
            "GOENV": "off",
            "GOFLAGS": "-modcacherw -buildvcs=false",
            "GOVCS": "*:off",
            **env,
        }

    @classmethod
    def without_network(cls, home: Path) -> Self:
        """A desk from which only loopback can be reached: whatever goes past the mirror goes nowhere."""
        nowhere = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "http://127.0.0.1:9")
        return cls(home, **nowhere, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

    def set_up(self, client: str, url: str) -> None:
        """Do what `proxy env --client` says: evaluate what it prints, and put the files where they belong."""
        printed = _command("proxy", "env", "--client", client, "--url", url)
        told = json.loads(_command("proxy", "env", "--client", client, "--url", url, "--json"))[client]
        if told["variables"]:
            both = subprocess.run(
                ["/bin/sh", "-euc", _ENV, "sh", printed], env=self.env, capture_output=True, check=True
            )
            pairs = (line.partition(b"=") for line in both.stdout.split(b"\0") if line)
            self.env = {name.decode(): value.decode() for name, _, value in pairs}
        else:
            assert printed in told["files"].values()
        for place, text in told["files"].items():
            self.write(self.home / place.removeprefix("~/"), text)

    def write(self, path: Path | str, text: str) -> Path:
        """Write a file; a relative path is in `work`."""
        made = self.work / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text)
        return made

    def run(self, *argv: str, cwd: Path | None = None, seconds: float = 300, **env: str) -> Done:
        """Run a client to its end."""
        done = subprocess.run(
            [program(argv[0]), *argv[1:]],
            cwd=cwd or self.work,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout)


def _command(*words: str) -> str:
    argv = [sys.executable, "-P", "-c", _MAIN, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def url_of(team: Team, *, token: bool = False, scheme: str = "http") -> str:
    """Where a mirror is; with `token`, as somebody writes it who keeps the token in a variable."""
    return f"{scheme}://{'any:${JHANSI_TOKEN}@' if token else ''}127.0.0.1:{team.port}"


def token_file(folder: Path) -> str:
    """A file for `--token-file`."""
    path = folder / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return str(path)


@dataclass(frozen=True, slots=True)
class Gate:
    """A door of the real gate: the value of HTTPS_PROXY, and the certificate of its authority."""

    url: str
    certificate: str

    @property
    def env(self) -> dict[str, str]:
        """What a client that knows no JVM needs to come through it."""
        named = ("SSL_CERT_FILE", "PIP_CERT", "npm_config_cafile", "NODE_EXTRA_CA_CERTS", "YARN_HTTPS_CA_FILE_PATH")
        proxies = ("HTTPS_PROXY", "https_proxy", "YARN_HTTPS_PROXY")
        return dict.fromkeys(proxies, self.url) | dict.fromkeys(named, self.certificate)


@contextmanager
def opened(folders: paths.Paths, policy: str, *, offline: bool = False) -> Iterator[Gate]:
    """A door under a policy, whose text is that of `policy.yaml`."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        registration = Registration(
            f"run-{listener.getsockname()[1]}", "box", "install", offline, (("policy.yaml", policy, "main"),)
        )
        link = register(connect(folders), registration, listener.fileno(), lambda _: None)
        try:
            yield Gate(f"http://127.0.0.1:{listener.getsockname()[1]}", folders.authority_certificate)
        finally:
            listener.close()
            link.finish()


class Serve(Protocol):
    """Starts a mirror under a policy, with more options; with `token` it asks for TOKEN, with `tls` it speaks HTTPS."""

    def __call__(self, policy: str, *options: str, token: bool = False, tls: Authority | None = None) -> Team:
        """Start it."""
