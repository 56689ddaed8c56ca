"""The real pip and uv in a sandbox whose only door is ours: they install, and print why not."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator

import pytest
import uv

from jhansi_runner.proxy import paths
from jhansi_runner.proxy.cell import doorway, process, seccomp
from jhansi_runner.proxy.ledger import Entry
from jhansi_runner.proxy.registries.upstreams import upstream
from jhansi_runner.proxy.service.client import connect, register
from jhansi_runner.proxy.service.gate_cell import read_only
from jhansi_runner.proxy.service.messages import Registration
from support.mirror import policy_text
from support.registry import Fault, Upstream
from support.service import service_home
from support.wheels import make_sdist, make_wheel

RULES = """\
default: allow
sdists: deny
rules:
  - deny: pkg:pypi/bad
    reason: steals keys
  - deny: pkg:pypi/versions
    versions: "<9"
    reason: it steals keys too
"""
LINE = "policy.yaml:8"
VERSIONS_LINE = "policy.yaml:10"
CA = "/etc/ssl/certs/ca-certificates.crt"
Client = Callable[..., list[str]]
Run = Callable[[list[str]], tuple[int, str]]


@pytest.fixture(scope="module")
def home() -> Iterator[paths.Paths]:
    with service_home() as folders:
        connect(folders).close()
        yield folders


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    with Upstream() as serving:
        serving.add(make_wheel("app", "1.0", requires=["helper"], size_padding=3 << 20))
        serving.add(make_wheel("helper", "1.0"))
        serving.add(make_wheel("bad", "1.0"))
        serving.add(make_wheel("needs-bad", "1.0", requires=["bad"]))
        serving.add(make_wheel("versions", "1.0"))
        serving.add(make_wheel("versions", "2.0"))
        serving.add(make_wheel("needs-versions", "1.0", requires=["versions"]))
        serving.add(make_sdist("source", "1.0"))
        yield serving


def _pip(*what: str) -> list[str]:
    options = ["--no-cache-dir", "--disable-pip-version-check", "--retries", "0", "--target", "/tmp/lib"]
    return [sys.executable, "-I", "-m", "pip", "install", *options, *what]


def _uv(*what: str) -> list[str]:
    options = ["--no-config", "--no-cache", "--python", sys.executable, "--target", "/tmp/lib"]
    return [uv.find_uv_bin(), "pip", "install", *options, *what]


_FETCH = """
import sys, urllib.request
method, url, proxy = sys.argv[1:]
handlers = [] if proxy == "proxied" else [urllib.request.ProxyHandler({})]
request = urllib.request.Request(url, method=method, data=b"x" if method == "PUT" else None)
try:
    print(urllib.request.build_opener(*handlers).open(request, timeout=20).status)
except OSError as error:
    print(error)
"""


def _fetch(method: str, url: str, proxy: str = "proxied") -> list[str]:
    return [sys.executable, "-I", "-c", _FETCH, method, url, proxy]


def _inside(home: paths.Paths, up: Upstream, heard: list[Entry], command: list[str]) -> tuple[int, str]:
    """Run a command in a cell with a doorway; its exit code and all that it printed."""
    folders = ["/usr", "/bin", "/lib", "/lib64", sys.prefix, sys.base_prefix]
    settings = {
        "PATH": "/usr/bin",
        "HOME": "/tmp",
        "SSL_CERT_FILE": CA,
        "PIP_CERT": CA,
        "CURL_CA_BUNDLE": CA,
        "UV_HTTP_RETRIES": "0",
        **dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), f"http://127.0.0.1:{doorway.PORT}"),
    }
    arguments = ["--unshare-all", "--unshare-user", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
    arguments += ["--tmpfs", "/tmp", *read_only(folders), "--ro-bind", home.authority_certificate, CA]
    arguments += [part for name, value in settings.items() for part in ("--setenv", name, value)]
    policy = (("policy.yaml", policy_text(up, RULES), "main"),)
    with tempfile.TemporaryFile() as output, open(os.devnull) as null:
        stdio = (null.fileno(), output.fileno(), output.fileno())
        calls = seccomp.program(os.uname().machine)
        cell = process.start("/usr/bin/bwrap", arguments, command, stdio, seccomp=calls)
        assert cell.wait_ready()
        listener = doorway.open_doorway(cell.init)
        link = register(connect(home), Registration("run", "box", "install", False, policy), listener, heard.append)
        cell.release()
        while cell.read_status():
            pass
        os.waitpid(cell.pid, 0)
        link.finish()
        os.close(listener)
        cell.close()
        output.seek(0)
        return cell.exit_code, output.read().decode()


@pytest.fixture
def heard() -> list[Entry]:
    return []


@pytest.fixture
def run(home: paths.Paths, up: Upstream, heard: list[Entry]) -> Run:
    return lambda command: _inside(home, up, heard, command)


@pytest.mark.parametrize("client", [_pip, _uv])
def test_packages_are_installed_by_name(run: Run, client: Client) -> None:
    code, said = run(client("app"))
    assert code == 0, said
    assert "helper" in said


@pytest.mark.parametrize("what", ["bad", "bad==1.0", "needs-bad", "versions<3", "needs-versions"])
@pytest.mark.parametrize("client", [_pip, _uv])
def test_a_package_that_is_denied_as_a_whole_is_refused_by_name_in_the_clients_own_words(
    run: Run, heard: list[Entry], client: Client, what: str
) -> None:
    code, said = run(client(what))
    assert code != 0
    name, line = ("versions", VERSIONS_LINE) if "versions" in what else ("bad", LINE)
    assert line in said, said
    assert "steals keys" in said, said
    assert {entry.rule for entry in heard if entry.verdict == "deny"} == {line}
    shown = [entry for entry in heard if entry.url == f"/pypi/simple/{name}/"]
    assert {(one.purl, one.code, one.rule) for one in shown} == {(f"pkg:pypi/{name}", "JR-WITHHELD", line)}


@pytest.mark.parametrize("client", [_pip, _uv])
def test_a_denied_package_in_a_hashed_lock_file_is_refused_in_the_clients_own_words(
    run: Run, client: Client, up: Upstream
) -> None:
    listing = next(one for one in up._listings.values() if one.file.name == "bad")
    lock = f"bad==1.0 --hash=sha256:{listing.file.sha256}"
    command = client("--require-hashes", "-r", "/tmp/lock.txt")
    code, said = run(["/bin/sh", "-c", 'echo "$0" >/tmp/lock.txt && exec "$@"', lock, *command])
    assert code != 0
    assert LINE in said, said
    assert "steals keys" in said, said


@pytest.mark.parametrize("client", [_pip, _uv])
def test_a_denied_package_is_refused_by_direct_url_in_the_clients_own_words(
    run: Run, client: Client, up: Upstream
) -> None:
    code, said = run(client(_canonical_url(up, "bad")))
    assert code != 0
    assert LINE in said, said
    assert "steals keys" in said, said


def _canonical_url(up: Upstream, project: str) -> str:
    listing = next(one for one in up._listings.values() if one.file.name == project)
    return f"https://{upstream('pypi').public}/files/127.0.0.1:{up.port}{listing.path}"


def test_an_allowed_package_is_installed_by_direct_url(run: Run, up: Upstream) -> None:
    code, said = run(_uv(_canonical_url(up, "helper")))
    assert code == 0, said


@pytest.mark.parametrize("client", [_pip, _uv])
def test_an_sdist_that_the_policy_denies_is_not_built(run: Run, client: Client) -> None:
    code, said = run(client("source"))
    assert code != 0, said


@pytest.mark.parametrize("client", [_pip, _uv])
def test_an_upstream_that_changed_a_file_is_named(run: Run, client: Client, up: Upstream) -> None:
    wheel = up.add(make_wheel("changed", "1.0"))
    up.fault(wheel.path, Fault.corrupt(500))
    code, said = run(client("changed"))
    up.heal()
    assert code != 0
    assert "its index promises" in said.replace("\n", " "), said


def test_a_plain_client_gets_the_index_and_nothing_else(run: Run) -> None:
    public = upstream("pypi").public
    assert run(_fetch("GET", f"https://{public}/simple/app/"))[1] == "200\n"
    assert "PUT is refused" in run(_fetch("PUT", f"https://{public}/legacy/"))[1]
    assert "is not a registry" in run(_fetch("GET", "https://other.test/"))[1]
    assert "403" in run(_fetch("GET", f"http://{public}/simple/app/"))[1]
    for url in (f"https://{public}/simple/app/", "http://127.0.0.1:1/", "http://169.254.169.254/"):
        assert "urlopen error" in run(_fetch("GET", url, "direct"))[1]
