"""The real pip and uv take the test upstream for a package index."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from support.registry import Authority, Fault, ForwardProxy, Upstream
from support.wheels import make_sdist, make_wheel

Run = subprocess.CompletedProcess[str]
Client = Callable[..., Run]


def _env(directory: Path, **more: str) -> dict[str, str]:
    base = {"PATH": os.environ["PATH"], "HOME": str(directory), "TMPDIR": str(directory)}
    return {
        **base,
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(directory / "uv"),
        "PIP_CONFIG_FILE": os.devnull,
        **more,
    }


def _uv(directory: Path, up: Upstream, *what: str, **env: str) -> Run:
    command = [uv.find_uv_bin(), "pip", "install", "--index-url", up.url, "--python", sys.executable]
    command += ["--target", str(directory / "lib"), *what]
    return subprocess.run(command, env=_env(directory, **env), capture_output=True, text=True, timeout=60)


def _pip(directory: Path, up: Upstream, *what: str) -> Run:
    command = [sys.executable, "-m", "pip", "download", "--no-cache-dir", "--disable-pip-version-check"]
    command += ["--retries", "0", "--index-url", up.url, "--dest", str(directory / "lib"), *what]
    return subprocess.run(command, env=_env(directory), capture_output=True, text=True, timeout=60)


def _fill(up: Upstream) -> None:
    up.add(make_wheel("App.One", "1.0", requires=["helper>=1"], extras={"more": ["third"]}))
    up.add(make_wheel("helper", "1.5"))
    up.add(make_wheel("helper", "2.0"), yanked="do not use")
    up.add(make_wheel("helper", "3.0", requires_python=">=99"))
    up.add(make_sdist("third", "0.1"))


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("client", [_uv, _pip])
def test_clients_resolve_fetch_and_check(client: Client, html: bool, tmp_path: Path) -> None:
    with Upstream(split_files=True) as up:
        _fill(up)
        if html:
            up.fault(lambda _: True, Fault.html_only())
        run = client(tmp_path, up, "app-one[more]")
        assert run.returncode == 0, run.stderr
        assert up.count(lambda request: request.path.endswith(".whl.metadata")) == 2
        assert up.count(lambda request: "-3.0-" in request.path or "-2.0-" in request.path) == 0
    names = {path.name for path in (tmp_path / "lib").iterdir()}
    if client is _uv:
        assert names >= {"app_one", "helper", "third", "helper-1.5.dist-info"}
    else:
        assert names == {"App_One-1.0-py3-none-any.whl", "helper-1.5-py3-none-any.whl", "third-0.1.tar.gz"}


@pytest.mark.parametrize(("client", "words"), [(_uv, "Hash mismatch"), (_pip, "DO NOT MATCH THE HASHES")])
def test_clients_refuse_a_changed_file(client: Client, words: str, tmp_path: Path) -> None:
    with Upstream() as up:
        one = up.add(make_wheel("demo", "1.0"))
        up.fault(one.path, Fault.swap(make_wheel("demo", "1.0", {"evil.py": ""}).data))
        pins = tmp_path / "requirements.txt"
        pins.write_text(f"demo==1.0 --hash=sha256:{one.file.sha256}\n")
        run = client(tmp_path, up, "--require-hashes", "-r", str(pins))
    assert run.returncode != 0
    assert words.lower() in run.stderr.lower()


def test_uv_reads_ranges_where_there_is_no_metadata(tmp_path: Path) -> None:
    with Upstream() as up:
        one = up.add(make_wheel("demo", "1.0", size_padding=1 << 20), core_metadata=False)
        run = _uv(tmp_path, up, "demo")
        assert run.returncode == 0, run.stderr
        assert next(r.method for r in up.requests if r.path == one.path) == "HEAD"
        assert up.count(lambda request: "range" in request.headers) > 0


def test_uv_comes_through_the_forward_proxy_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Upstream(authority=authority, host="pypi.mirror.test", files_host="files.mirror.test") as up:
        up.add(make_wheel("demo", "1.0"))
        hosts = {"pypi.mirror.test": up.port, "files.mirror.test": up.files_port}
        with ForwardProxy(hosts, credentials="joe:secret") as proxy:
            run = _uv(tmp_path, up, "demo", HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(authority.ca_file))
            assert run.returncode == 0, run.stderr
            targets = {(one.method, one.target) for one in proxy.passed if one.status == 200}
    assert up.url == "https://pypi.mirror.test/simple/"
    assert targets == {("CONNECT", "pypi.mirror.test:443"), ("CONNECT", "files.mirror.test:443")}
    assert (tmp_path / "lib" / "demo").is_dir()


def test_uv_does_not_trust_the_authority_unasked(tmp_path: Path) -> None:
    with Upstream(authority=Authority(tmp_path)) as up:
        up.add(make_wheel("demo", "1.0"))
        run = _uv(tmp_path, up, "demo")
        assert run.returncode != 0
        assert "certificate" in run.stderr
        assert up.requests == []
