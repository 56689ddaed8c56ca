"""How registries are dialled: only where the policy lets out, through the host's proxy, with the host's trust."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jhansi_runner.proxy.mirror.upstream_client import UpstreamClient
from jhansi_runner.proxy.registries.interface import Source
from jhansi_runner.proxy.registries.upstreams import UpstreamFailure
from support.mirror import TIMEOUT, Mirror, mirrored, policy_for
from support.registry import Authority, Fault, ForwardProxy, Upstream
from support.registry.pages import JSON
from support.wheels import make_wheel

PAGE = "/simple/demo/"


def _everything(scheme: str, netloc: str) -> bool:
    return bool(scheme and netloc)


def _document(url: str, may_dial: Callable[[str, str], bool] = _everything, seconds: float = 60) -> bytes:
    async def fetch() -> bytes:
        client = UpstreamClient(0.01, TIMEOUT, seconds)
        try:
            return (await client.document(Source("page", url, JSON), "", may_dial)).body
        finally:
            await client.close()

    return asyncio.run(fetch())


@pytest.mark.parametrize("split", [False, True])
def test_a_redirect_off_the_list_is_not_followed(tmp_path: Path, split: bool) -> None:
    with Upstream() as elsewhere, mirrored(tmp_path, split_files=split) as (up, mirror):
        wheel = up.add(make_wheel("demo", "1.0"))
        other = elsewhere.add(make_wheel("demo", "1.0"))
        up.fault(wheel.path, Fault.redirect(elsewhere.file_url(other)))
        got = mirror.get(mirror.place(wheel))
        assert got.status == 502
        assert f"127.0.0.1:{elsewhere.port} is not a host that the policy lets out" in got.problem
        up.fault(PAGE, Fault.redirect(elsewhere.url + "demo/"))
        mirror.ahead = 700
        mirror.index()
        assert mirror.ledger()[-1]["cache"] == "stale"
        assert elsewhere.requests == []
        assert mirror.kept() == []


def test_a_redirect_within_the_list_is_followed(tmp_path: Path) -> None:
    with mirrored(tmp_path, split_files=True) as (up, mirror):
        wheel = up.add(make_wheel("demo", "1.0"))
        up.fault(wheel.path, Fault.redirect(f"{wheel.path}?moved"))
        assert mirror.get(mirror.place(wheel)).body == wheel.file.data


@pytest.mark.parametrize(
    "location",
    ["ftp://127.0.0.1/x", "http://[::1", "//files.test/x", "https://user@files.test/", "file:///etc/passwd", "\x7f"],
)
def test_a_strange_redirect_is_a_failure_like_any_other(location: str) -> None:
    with Upstream() as up:
        up.fault(PAGE, Fault.redirect(location))
        with pytest.raises(UpstreamFailure):
            _document(up.url + "demo/", lambda _, netloc: netloc == f"127.0.0.1:{up.port}")


def test_a_circle_of_redirects_ends() -> None:
    with Upstream() as up:
        up.fault(PAGE, Fault.redirect(PAGE))
        with pytest.raises(UpstreamFailure, match="redirects more than"):
            _document(up.url + "demo/")


def test_a_host_that_the_policy_does_not_let_out_is_not_dialled() -> None:
    with Upstream() as up, pytest.raises(UpstreamFailure, match="lets out"):
        _document(up.url + "demo/", lambda *_: False)
    assert up.requests == []


def _peak() -> int:
    """The most memory that this process had, in KiB, since that was last forgotten. Source: proc_pid_status(5)."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def _peak_from_now() -> int:
    """Forget what tests before took at most. Source: proc_pid_clear_refs(5)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


@pytest.mark.parametrize("fault", [Fault.gzip_bomb(1 << 30), Fault.endless()])
def test_a_page_without_end_is_cut_off_and_memory_stays_bounded(fault: Fault) -> None:
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0"))
        up.fault(PAGE, fault)
        before = _peak_from_now()
        with pytest.raises(UpstreamFailure, match="larger than"):
            _document(up.url + "demo/")
    assert _peak() - before < 320 << 10


@pytest.mark.parametrize("what", ["document", "file"])
def test_a_silent_upstream_is_asked_twice_and_no_more(tmp_path: Path, what: str) -> None:
    with mirrored(tmp_path) as (up, mirror):
        wheel = up.add(make_wheel("demo", "1.0"))
        mirror.index()
        mirror.ahead = 700 if what == "document" else 0
        asked = len(up.requests)
        path = PAGE if what == "document" else wheel.path
        up.fault(path, Fault.hang())
        got = mirror.index() if what == "document" else mirror.get(mirror.place(wheel))
        assert got.status == (200 if what == "document" else 502)
        assert [request.path for request in up.requests[asked:]] == [path] * 2
        up.heal()


def test_other_failures_are_tried_three_times() -> None:
    with Upstream() as up:
        up.fault(PAGE, Fault.status(503))
        with pytest.raises(UpstreamFailure, match="answered 503"):
            _document(up.url + "demo/")
        assert up.count(PAGE) == 3


@pytest.mark.parametrize("fault", [Fault.trickle(40), Fault.hang()])
def test_a_document_has_its_time_in_all(fault: Fault) -> None:
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0"))
        up.fault(PAGE, fault)
        with pytest.raises(UpstreamFailure, match=r"did not come whole in 0\.3 s"):
            _document(up.url + "demo/", seconds=0.3)


def test_the_corporate_proxy_is_honoured_and_the_hosts_trust_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with Upstream(authority=authority, host="pypi.mirror.test") as up:
        up.add(make_wheel("demo", "1.0"))
        with ForwardProxy({"pypi.mirror.test": up.port}, credentials="joe:secret") as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            with pytest.raises(UpstreamFailure, match="certificate"):
                _document(up.url + "demo/")
            monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
            assert b"demo-1.0" in _document(up.url + "demo/")
            assert {(one.method, one.target) for one in proxy.passed} == {("CONNECT", "pypi.mirror.test:443")}


def test_without_the_corporate_proxy_its_hosts_are_out_of_reach(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Upstream(authority=authority, host="pypi.mirror.test") as up, pytest.raises(UpstreamFailure, match="reach"):
        _document(up.url + "demo/")


def test_connections_are_used_again() -> None:
    peers: set[int] = set()
    with Upstream() as up:
        up.add(make_wheel("demo", "1.0"))

        async def twice() -> None:
            client = UpstreamClient(0.01, TIMEOUT)
            for _ in range(4):
                await client.document(Source("page", up.url + "demo/", JSON), "", _everything)
                peers.update(id(connection) for server in up._servers for connection in server._open)
            await client.close()

        asyncio.run(twice())
    assert len(peers) == 1


def test_two_policies_with_two_upstreams_do_not_share_a_page(tmp_path: Path) -> None:
    with Upstream() as ours, Upstream() as theirs:
        ours.add(make_wheel("demo", "1.0"))
        theirs.add(make_wheel("demo", "6.6"))
        with Mirror(tmp_path, ours) as mirror:
            mirror.run("other", policy=policy_for(theirs))
            first = ours.fault(PAGE, Fault.hang())
            with ThreadPoolExecutor(2) as pool:
                waiting = pool.submit(mirror.index)
                assert mirror.index(run="other").versions == ["6.6"]
                first.release.set()
                assert waiting.result().versions == ["1.0"]
