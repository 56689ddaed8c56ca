"""The whole way as an ordinary user: service, gate, doorway, and a client that has no other way out."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from support.installation import ordinary_command
from support.mirror import policy_text
from support.registry import Upstream
from support.user import User, ordinary_user
from support.wheels import make_wheel

_DRIVER = """
import json, os, sys
from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cell import doorway, process, seccomp
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.proxy.service.client import connect, register
from jhansi_runner.proxy.service.messages import Registration

folders = paths.current(os.environ)
public = upstream("pypi").public
urls = [url.replace("PUBLIC", public) for url in sys.argv[3:]]
proxy = f"http://127.0.0.1:{doorway.PORT}"
arguments = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--proc", "/proc"]
arguments += ["--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", folders.authority_certificate, "/ca.pem"]
for path in ("/usr", "/bin", "/lib", "/lib64"):
    arguments += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
settings = {"SSL_CERT_FILE": "/ca.pem", "https_proxy": proxy, "http_proxy": proxy}
arguments += [part for name, value in settings.items() for part in ("--setenv", name, value)]
command = ["/usr/bin/python3", "-I", "-c", sys.argv[1], *urls]
endpoint = connect(folders)
cell = process.start("/usr/bin/bwrap", arguments, command, (0, 1, 2), seccomp=seccomp.program(os.uname().machine))
assert cell.wait_ready()
listener = doorway.open_doorway(cell.init)
policy = (("policy.yaml", open(sys.argv[2]).read(), "main"),)
heard = []
link = register(endpoint, Registration("run", "box", "install", False, policy), listener, heard.append)
cell.release()
while cell.read_status():
    pass
link.finish()
print(json.dumps([[entry.plane, entry.verdict, entry.code] for entry in heard]))
"""


_CLIENT = """
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=20).status)
    except OSError as error:
        print(error)
"""


def test_a_client_gets_what_is_allowed_and_hears_no_for_the_rest() -> None:
    with Upstream() as up, ordinary_user() as user:
        up.add(make_wheel("demo", "1.0"))
        up.add(make_wheel("bad", "1.0"))
        rules = "default: allow\nrules:\n  - deny: pkg:pypi/bad\n"
        bad = f"https://PUBLIC/files/127.0.0.1:{up.files_port}/bad-1.0-py3-none-any.whl"
        urls = ["https://PUBLIC/simple/demo/", bad, "https://other.test/", "http://PUBLIC/"]
        said, heard = _drive(user, policy_text(up, rules), urls)
    assert said[0] == "200"
    assert "policy.yaml:7" in said[1]
    assert "is not a registry" in said[2]
    assert "not by plain HTTP" in said[3]
    assert heard == [
        ["mirror", "allow", ""],
        ["mirror", "deny", "JR-DENY-RULE"],
        ["gate", "deny", "JR-GATE-HOST"],
        ["gate", "deny", "JR-GATE-PLAIN"],
    ]


def _drive(user: User, policy: str, urls: list[str]) -> tuple[list[str], list[list[str]]]:
    python = Path(ordinary_command()).parent / "python3"
    driver = user.write("driver.py", _DRIVER)
    rules = user.write("policy.yaml", policy)
    done = user.shell(shlex.join(map(str, ["exec", python, driver, _CLIENT, rules, *urls])))
    assert done.returncode == 0, done.stderr
    *said, heard = str(done.stdout).splitlines()
    return said, json.loads(heard)
