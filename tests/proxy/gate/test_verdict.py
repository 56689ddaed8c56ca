"""The gate's decisions: exactly what names a package of the registry, and nothing that looks like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jhansi_runner.proxy.gate import verdict
from jhansi_runner.proxy.gate.verdict import FORWARDED, Refusal, Seen, check_tunnel, forwarded
from jhansi_runner.proxy.registries.all import registries
from jhansi_runner.proxy.registries.upstreams import Upstream

OWN = (Upstream("pypi", "https://mirror.test/simple/", "index.test", frozenset(["files.test"])),)
GOOD = Seen(
    tunnel="index.test",
    sni="index.test",
    scheme="https",
    host_headers=["index.test"],
    method="GET",
    path="/simple/demo/",
    http_version="HTTP/1.1",
    headers={"host": "index.test", "accept": "*/*"},
)


def check_request(seen: Seen, upstreams: Sequence[Upstream]) -> Refusal | str:
    return verdict.check_request(seen, upstreams, registries())


def _code(found: Refusal | str | None) -> str:
    return found.code if isinstance(found, Refusal) else ""


@pytest.mark.parametrize("host", ["index.test", "mirror.test", "files.test"])
def test_tunnels_to_the_registrys_hosts_are_opened(host: str) -> None:
    assert check_tunnel(host, 443, OWN) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "other.test",
        "INDEX.test",
        "index.test.",
        ".index.test",
        "index.test\0",
        "index.test\0.evil.test",
        "index.test\r\nX: y",
        "evil.test\nindex.test",
        "index.test.evil.test",
        "evil-index.test",
        "evilindex.test",
        "index.test:443",
        "user@index.test",
        "index.test/",
        "index.test%00",
        "\uff49ndex.test",
        "xn--index.test",
        "..",
        "a" * 300,
        "h\u00f4te..test",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
        "::1",
        "[::1]",
        "fe80::1%eth0",
        "localhost",
    ],
)
def test_tunnels_elsewhere_are_refused(host: str) -> None:
    refusal = check_tunnel(host, 443, OWN)
    assert _code(refusal) == verdict.HOST
    assert refusal is not None
    assert refusal.reason.isprintable()
    assert "policy show" in refusal.reason


@pytest.mark.parametrize("port", [0, 1, 22, 80, 442, 444, 8443, 65535, -443, 443 + 65536])
def test_only_port_443_is_open(port: int) -> None:
    assert _code(check_tunnel("index.test", port, OWN)) == verdict.PORT


def test_without_a_registry_nothing_is_open() -> None:
    assert _code(check_tunnel("index.test", 443, ())) == verdict.HOST
    assert _code(check_request(GOOD, ())) == verdict.PATH


@given(st.text(max_size=40))
def test_any_host_gets_an_answer(host: str) -> None:
    refusal = check_tunnel(host, 443, OWN)
    assert (refusal is None) == (host in {"index.test", "mirror.test", "files.test"})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_reading_what_a_registry_has_is_allowed(method: str, version: str) -> None:
    assert check_request(replace(GOOD, method=method, http_version=version), OWN) == "/pypi/simple/demo/"


def test_a_file_is_asked_for_below_its_host() -> None:
    seen = replace(GOOD, tunnel="files.test", sni="files.test", host_headers=["files.test:443"])
    found = check_request(replace(seen, path="/ab/demo-1.0-py3-none-any.whl.metadata"), OWN)
    assert found == "/pypi/files/files.test/ab/demo-1.0-py3-none-any.whl.metadata"


REFUSED = [
    (verdict.PLAIN, {"scheme": "http"}),
    (verdict.PLAIN, {"tunnel": ""}),
    (verdict.SNI, {"sni": None}),
    (verdict.SNI, {"sni": ""}),
    (verdict.SNI, {"sni": "other.test"}),
    (verdict.SNI, {"sni": "mirror.test"}),
    (verdict.SNI, {"sni": "INDEX.test"}),
    (verdict.SNI, {"sni": "index.test."}),
    (verdict.HOST_HEADER, {"host_headers": []}),
    (verdict.HOST_HEADER, {"host_headers": ["other.test"]}),
    (verdict.HOST_HEADER, {"host_headers": ["mirror.test"]}),
    (verdict.HOST_HEADER, {"host_headers": ["index.test", "index.test"]}),
    (verdict.HOST_HEADER, {"host_headers": ["index.test, other.test"]}),
    (verdict.HOST_HEADER, {"host_headers": ["index.test:80"]}),
    (verdict.HOST_HEADER, {"host_headers": ["index.test\0"]}),
    (verdict.HOST_HEADER, {"host_headers": [" index.test"]}),
    (verdict.PROTOCOL, {"http_version": "HTTP/2.0"}),
    (verdict.PROTOCOL, {"http_version": "HTTP/0.9"}),
    (verdict.PROTOCOL, {"http_version": "HTTP/1.1\n"}),
    *[(verdict.METHOD, {"method": method}) for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")],
    *[(verdict.METHOD, {"method": method}) for method in ("CONNECT", "get", "GET ", "", "PRI", "G\r\nET")],
    (verdict.BODY, {"headers": {"content-length": "1"}}),
    (verdict.BODY, {"headers": {"content-length": "00"}}),
    (verdict.BODY, {"headers": {"content-length": "0, 0"}}),
    (verdict.BODY, {"headers": {"content-length": "-1"}}),
    (verdict.BODY, {"headers": {"transfer-encoding": ""}}),
    (verdict.BODY, {"headers": {"transfer-encoding": "chunked", "content-length": "0"}}),
    (verdict.PATH, {"path": "/simple/demo/?x=1"}),
    (verdict.PATH, {"path": "/simple/demo/#x"}),
    (verdict.PATH, {"path": "/simple/" + "a" * 2050}),
    (verdict.PATH, {"path": "/"}),
    (verdict.PATH, {"path": ""}),
    (verdict.PATH, {"path": "*"}),
    (verdict.PATH, {"path": "https://index.test/simple/demo/"}),
    (verdict.PATH, {"path": "/pypi/demo/json"}),
    (verdict.PATH, {"path": "/legacy/"}),
    (verdict.PATH, {"path": "/simple/../legacy/"}),
    (verdict.PATH, {"path": "/simple/%64emo/"}),
    (verdict.PATH, {"path": "/simple/demo/\r\nX-Jhansi-Run: other"}),
    (verdict.PATH, {"path": "/files/files.test/%ff.whl"}),
]


@pytest.mark.parametrize(("code", "changes"), REFUSED)
def test_whatever_differs_is_refused_with_its_code(code: str, changes: dict[str, object]) -> None:
    refusal = check_request(replace(GOOD, **changes), OWN)  # type: ignore[arg-type]
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert refusal.reason.isprintable()
    assert refusal.reason.isascii()


@given(st.text(max_size=60))
def test_any_path_gets_an_answer_that_stays_below_the_registry(path: str) -> None:
    for tunnel in ("index.test", "files.test"):
        found = check_request(replace(GOOD, tunnel=tunnel, sni=tunnel, host_headers=[tunnel], path=path), OWN)
        assert isinstance(found, Refusal) or found.startswith(("/pypi/simple/", "/pypi/files/"))
        assert found.reason.isprintable() if isinstance(found, Refusal) else found.isascii()


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("value", ["a\r\nb", "a\0", "\x7f", "a\tb", "\u2028", "a" * 1025, "\u00e9\x80", "\n"])
def test_a_strange_header_is_left_out(name: str, value: str) -> None:
    assert forwarded({name: value}) == {}


@pytest.mark.parametrize("name", FORWARDED)
def test_the_named_headers_go_on(name: str) -> None:
    assert forwarded({name: "bytes=0-5"}) == {name: "bytes=0-5"}


@pytest.mark.parametrize(
    "name",
    ["x-jhansi-run", "host", "cookie", "authorization", "connection", "transfer-encoding", "content-length", "te"],
)
def test_other_headers_do_not(name: str) -> None:
    assert forwarded({name: "x", "accept": "y"}) == {"accept": "y"}


@given(st.dictionaries(st.sampled_from([*FORWARDED, "x-jhansi-run", "host"]), st.text(max_size=30)))
def test_what_goes_on_is_one_printable_line_of_ascii(headers: dict[str, str]) -> None:
    for name, value in forwarded(headers).items():
        assert name in FORWARDED
        assert value.isprintable()
        assert value.isascii()
