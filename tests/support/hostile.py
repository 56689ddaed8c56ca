"""Attackers: a source distribution whose build runs their code, and a host whose listeners tell whether it got out."""

from __future__ import annotations

import ast
import gzip
import io
import json
import os
import socket
import tarfile
import threading
from typing import Any

from support.ordinary import PYTHON, as_ordinary
from support.registry import BuiltFile, Content, Upstream
from support.user import User

_BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    space = {{"__name__": "attack"}}
    try:
        exec({code!r}, space)
        result = space["RESULT"]
    except BaseException as error:
        result = "the attack itself broke: " + repr(error)
    info = "{name}-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(folder, "{name}-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("{name}.py", "RESULT = " + repr(result) + "\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return "{name}-1.0-py3-none-any.whl"
"""


def hostile_sdist(name: str, code: str) -> BuiltFile:
    """A source distribution, version 1.0; whoever builds it runs `code`, whose `RESULT` the module carries."""
    texts = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "backend.py": _BACKEND.format(code=code, name=name),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in texts.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    content = Content((gzip.compress(packed.getvalue(), mtime=0),))
    return BuiltFile(name, "1.0", f"{name}-1.0.tar.gz", content, content.sha256())


def on_host(code: str) -> Any:
    """The `RESULT` of code that runs as the ordinary user, outside of any sandbox."""
    done = as_ordinary([PYTHON, "-c", f"{code}\nimport json; print(json.dumps(RESULT))"])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_run(user: User, code: str, *options: str) -> Any:
    """The `RESULT` of code that runs as a program in the sandbox."""
    user.write("attack.py", f"{code}\nimport json; print('RESULT', json.dumps(RESULT))")
    done = user.exec(*options, "attack.py")
    assert "RESULT" in done.stdout, done
    return json.loads(done.stdout.partition("RESULT ")[2])


def in_build(user: User, upstream: Upstream, code: str, name: str = "attack_sdist") -> Any:
    """The `RESULT` of code that runs while a source distribution is built."""
    upstream.add(hostile_sdist(name, code))
    user.policy(upstream.url)
    user.write("requirements.txt", name.replace("_", "-") + "\n")
    user.write("main.py", f"import {name}; print(repr({name}.RESULT))")
    done = user.exec("main.py")
    assert done.returncode == 0, done
    return ast.literal_eval(done.stdout)


class Canaries:
    """Listeners of the host: TCP and UDP on loopback, a unix socket with and one without a path.

    `heard` names those that anybody reached.
    """

    def __init__(self, folder: str) -> None:
        self.heard: set[str] = set()
        self.tcp = self._listen("tcp", socket.AF_INET, ("127.0.0.1", 0))[1]
        self.abstract = self._listen("abstract", socket.AF_UNIX, f"\0jr-canary-{os.getpid()}-{id(self)}")
        self.path = self._listen("path", socket.AF_UNIX, f"{folder}/canary.sock")
        os.chmod(f"{folder}/canary.sock", 0o777)  # noqa: S103  # everybody may connect, if they see it
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.udp = self._udp.getsockname()[1]
        threading.Thread(target=self._receive, daemon=True).start()

    def _listen(self, name: str, family: int, address: Any) -> Any:
        listener = socket.socket(family)
        listener.bind(address)
        listener.listen()

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                self.heard.add(name)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname() if family == socket.AF_INET else address

    def _receive(self) -> None:
        while self._udp.recv(1):
            self.heard.add("udp")
