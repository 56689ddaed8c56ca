"""Claims about the corporate proxy of the tests."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from support.registry import Authority, ForwardProxy, Upstream
from support.wheels import make_wheel


def _get(proxy: ForwardProxy, url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy.url}))
    with opener.open(url, timeout=10) as answer:
        return bytes(answer.read())


def test_an_absolute_uri_goes_to_the_mapped_port_and_is_recorded() -> None:
    with Upstream(host="pypi.mirror.test") as up:
        one = up.add(make_wheel("demo", "1.0"))
        with ForwardProxy({"pypi.mirror.test": up.port}) as proxy:
            assert _get(proxy, up.file_url(one)) == one.file.data
    passed = proxy.passed[0]
    assert (passed.method, passed.target) == ("GET", f"http://pypi.mirror.test{one.path}")
    assert (passed.host, passed.status) == ("pypi.mirror.test", 200)
    assert up.requests[0].path == one.path
    assert up.requests[0].headers["host"] == "pypi.mirror.test"


def test_connect_tunnels_tls_and_the_tunnel_carries_several_requests(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Upstream(authority=authority, host="pypi.mirror.test") as up:
        one = up.add_virtual("big-1.0.tar.gz", 8 << 20)
        with ForwardProxy({"pypi.mirror.test": up.port}) as proxy:
            trust = ssl.create_default_context(cafile=str(authority.ca_file))
            trust.verify_flags |= ssl.VERIFY_X509_STRICT
            port = int(proxy.url.rpartition(":")[2])
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=trust, timeout=10)
            connection.set_tunnel("pypi.mirror.test", 443)
            for _ in range(2):
                connection.request("GET", one.path)
                assert len(connection.getresponse().read()) == 8 << 20
            connection.close()
    assert [(one.method, one.target) for one in proxy.passed] == [("CONNECT", "pypi.mirror.test:443")]


def test_unknown_names_and_addresses_get_502() -> None:
    with Upstream() as up, ForwardProxy({"pypi.mirror.test": up.port}) as proxy:
        for url in ("http://other.test/", up.url):
            with pytest.raises(urllib.error.HTTPError, match="502"):
                _get(proxy, url)
        assert [one.status for one in proxy.passed] == [502, 502]
        assert up.requests == []


def test_credentials_are_demanded_and_not_passed_on() -> None:
    with Upstream(host="pypi.mirror.test") as up:
        up.add(make_wheel("demo", "1.0"))
        with ForwardProxy({"pypi.mirror.test": up.port}, credentials="joe:secret") as proxy:
            assert b"demo" in _get(proxy, up.url)
            bare = urllib.request.ProxyHandler({"http": proxy.url.replace("joe:secret@", "")})
            with pytest.raises(urllib.error.HTTPError, match="407"):
                urllib.request.build_opener(bare).open(up.url, timeout=10)
    token = base64.b64encode(b"joe:secret").decode()
    assert [one.status for one in proxy.passed] == [200, 407]
    assert proxy.passed[0].headers["proxy-authorization"] == f"Basic {token}"
    assert "proxy-authorization" not in up.requests[0].headers
